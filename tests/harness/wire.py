"""A ZooKeeper client that shows every byte: frames in, frames out, nothing resent or hidden.

It exists beside kazoo because kazoo cannot send what a test of the server must send: two requests
in one segment, an old connect request, a wrong password, setWatches, a half frame.
"""

import dataclasses
import socket
import struct
import typing

CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, GET_ACL, SET_ACL = 1, 2, 3, 4, 5, 6, 7
GET_CHILDREN, SYNC, PING, GET_CHILDREN2, CHECK, MULTI, CREATE2 = 8, 9, 11, 12, 13, 14, 15
RECONFIG, CHECK_WATCHES, REMOVE_WATCHES = 16, 17, 18
CREATE_CONTAINER, DELETE_CONTAINER, CREATE_TTL, MULTI_READ = 19, 20, 21, 22
AUTH, SET_WATCHES, SASL, GET_EPHEMERALS, GET_ALL_CHILDREN_NUMBER = 100, 101, 102, 103, 104
SET_WATCHES2, ADD_WATCH, WHO_AM_I, CLOSE_SESSION = 105, 106, 107, -11

EVENT_XID, PING_XID, AUTH_XID, SET_WATCHES_XID = -1, -2, -4, -8

CREATED, DELETED, DATA_CHANGED, CHILDREN_CHANGED = 1, 2, 3, 4

EPHEMERAL, SEQUENTIAL, CONTAINER, TTL, TTL_SEQUENTIAL = 1, 2, 4, 5, 6
PERSISTENT_WATCH, RECURSIVE_WATCH = 0, 1  # modes of addWatch
# Kinds of watches that checkWatches and removeWatches name.
OF_CHILDREN, OF_DATA, OF_ANY, OF_PERSISTENT, OF_RECURSIVE = 1, 2, 3, 4, 5

ROLLED_BACK = -2
MARSHALLING, UNIMPLEMENTED, BAD_ARGUMENTS = -5, -6, -8
NO_NODE, NO_AUTH, BAD_VERSION, NO_CHILDREN_FOR_EPHEMERALS = -101, -102, -103, -108
NODE_EXISTS, NOT_EMPTY, INVALID_ACL, AUTH_FAILED, READ_ONLY = -110, -111, -114, -115, -119
NO_WATCHER, RECONFIG_DISABLED, QUOTA_EXCEEDED = -121, -123, -125

READ, WRITE, CREATE_CHILD, DELETE_CHILD, ADMIN, ALL = 1, 2, 4, 8, 16, 31
OPEN_ACL = ((31, 'world', 'anyone'),)
TIMEOUT_S = 20  # of one receive; a test that waits for longer hangs


class Closed(Exception):
    """The server closed the connection."""


class ServerError(Exception):
    def __init__(self, code):
        super().__init__(f'error {code}')
        self.code = code


def int32(value):
    return struct.pack('>i', value)


def int64(value):
    return struct.pack('>q', value)


def flag(value):
    return b'\x01' if value else b'\x00'


def blob(value):
    return int32(-1) if value is None else int32(len(value)) + value


def text(value):
    return blob(value.encode() if isinstance(value, str) else value)


def vector(items, encode=text):
    return int32(-1) if items is None else int32(len(items)) + b''.join(map(encode, items))


def acl(entries):
    return vector(entries, lambda e: int32(e[0]) + text(e[1]) + text(e[2]))


def frame(payload):
    return int32(len(payload)) + payload


def request(xid, op, body=b''):
    return frame(int32(xid) + int32(op) + body)


def create_body(path, data=b'', flags=0, acls=OPEN_ACL):
    return text(path) + blob(data) + acl(acls) + int32(flags)


def ttl_body(path, data=b'', flags=TTL, acls=OPEN_ACL, ttl_ms=1000):
    return create_body(path, data, flags, acls) + int64(ttl_ms)


def version_body(path, version=-1):
    """Of delete and check."""
    return text(path) + int32(version)


def set_data_body(path, data, version=-1):
    return text(path) + blob(data) + int32(version)


def auth_body(scheme, data):
    return int32(0) + text(scheme) + blob(data)


def multi_body(operations):
    """Of multi and multiRead; `operations` are pairs of operation and body."""
    parts = [int32(op) + flag(False) + int32(-1) + body for op, body in operations]
    return b''.join(parts) + int32(-1) + flag(True) + int32(-1)


def watch_body(path, watch=False):
    return text(path) + flag(watch)


def connect_body(timeout_ms=10000, session_id=0, password=bytes(16), last_zxid=0, read_only=False):
    """`read_only` None is the form of clients before 3.4, one byte shorter."""
    body = int32(0) + int64(last_zxid) + int32(timeout_ms) + int64(session_id) + blob(password)
    return body if read_only is None else body + flag(read_only)


class Stat(typing.NamedTuple):
    czxid: int
    mzxid: int
    ctime: int
    mtime: int
    version: int
    cversion: int
    aversion: int
    ephemeral_owner: int
    data_length: int
    num_children: int
    pzxid: int


class Reader:
    """Takes records off the front of a frame."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError(f'{count} bytes wanted at {self.at} of {len(self.data)}')
        self.at += count
        return self.data[self.at - count:self.at]

    def unpack(self, layout):
        return struct.unpack('>' + layout, self.take(struct.calcsize('>' + layout)))

    def int32(self):
        return self.unpack('i')[0]

    def int64(self):
        return self.unpack('q')[0]

    def blob(self):
        count = self.int32()
        return None if count < 0 else self.take(count)

    def text(self):
        value = self.blob()
        return None if value is None else value.decode()

    def texts(self):
        return [self.text() for _ in range(self.int32())]

    def acls(self):
        return [(self.int32(), self.text(), self.text()) for _ in range(self.int32())]

    def multi_results(self):
        """(type, error, body) of each operation; the body is read as that type says."""
        results = []
        while True:
            kind, done, error = self.unpack('i?i')
            if done:
                assert (kind, error, self.rest()) == (-1, -1, b''), 'the end mark'
                return results
            results.append((kind, error, MULTI_RESULTS[kind](self)))

    def stat(self):
        return Stat(*self.unpack('qqqqiiiqiiq'))

    def rest(self):
        return self.take(len(self.data) - self.at)


# The body of one result of a multi or multiRead, by its type.
MULTI_RESULTS = {
    CREATE: Reader.text,
    CREATE2: lambda reader: (reader.text(), reader.stat()),
    DELETE: lambda reader: None,
    SET_DATA: Reader.stat,
    CHECK: lambda reader: None,
    GET_DATA: lambda reader: (reader.blob(), reader.stat()),
    GET_CHILDREN: Reader.texts,
    -1: Reader.int32,
}


@dataclasses.dataclass
class Reply:
    xid: int
    zxid: int
    error: int
    body: Reader


class Event(typing.NamedTuple):
    type: int
    path: str
    zxid: int


@dataclasses.dataclass
class ConnectReply:
    timeout_ms: int
    session_id: int
    password: bytes
    size: int


class Client:
    """One connection. Replies come from reply(), events are put aside in `events`."""

    def __init__(self, port, host='127.0.0.1'):
        self.socket = socket.create_connection((host, port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.events = []
        self.session_id = 0
        self.password = bytes(16)
        self.timeout_ms = 0
        self.last_zxid = 0
        self.next_xid = 1
        self.input = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        """Closes the socket and leaves the session alone."""
        self.socket.close()

    # Bytes and frames.

    def send_bytes(self, data):
        self.socket.sendall(data)

    def _fill(self, count):
        while len(self.input) < count:
            try:
                received = self.socket.recv(1 << 18)
            except ConnectionResetError:
                received = b''
            if not received:
                raise Closed(f'with {len(self.input)} bytes pending')
            self.input += received

    def read_frame(self):
        self._fill(4)
        count = struct.unpack('>i', self.input[:4])[0]
        self._fill(4 + count)
        payload, self.input = self.input[4:4 + count], self.input[4 + count:]
        return payload

    def read_until_closed(self):
        """The frames' payloads, or whatever else comes, up to the end of the stream."""
        while True:
            try:
                self._fill(len(self.input) + 1)
            except Closed:
                data, self.input = self.input, b''
                return data

    # Sessions.

    def connect(self, **fields):
        """Sends a connect request and returns the reply; takes the session over if it is valid."""
        self.send_bytes(frame(connect_body(**fields)))
        return self.connect_reply()

    def connect_reply(self):
        payload = self.read_frame()
        fields = Reader(payload)
        _, timeout_ms, session_id = fields.unpack('iiq')
        reply = ConnectReply(timeout_ms, session_id, fields.blob(), len(payload))
        if timeout_ms > 0:
            self.session_id, self.password = session_id, reply.password
            self.timeout_ms = timeout_ms
        return reply

    def resume(self, other, **fields):
        """Moves the session of another client to this connection."""
        return self.connect(**{'session_id': other.session_id, 'password': other.password,
                               'last_zxid': other.last_zxid, 'timeout_ms': other.timeout_ms,
                               **fields})

    def close_session(self):
        """Asks for the end of the session and waits until the server has closed the connection."""
        reply = self.call(CLOSE_SESSION)
        self.read_until_closed()
        self.drop()
        return reply

    # Requests.

    def send(self, op, body=b'', xid=None):
        if xid is None:
            xid, self.next_xid = self.next_xid, self.next_xid + 1
        self.send_bytes(request(xid, op, body))
        return xid

    def reply(self):
        """The next reply; events before it are put aside."""
        while True:
            got = self._receive()
            if isinstance(got, Reply):
                return got
            self.events.append(got)

    def event(self):
        """The next event of the stream. A reply in between is an error of the test."""
        if self.events:
            return self.events.pop(0)
        got = self._receive()
        assert isinstance(got, Event), f'a reply instead of an event: {got}'
        return got

    def _receive(self):
        fields = Reader(self.read_frame())
        xid, zxid, error = fields.unpack('iqi')
        if xid == EVENT_XID:
            kind, state = fields.unpack('ii')
            assert state == 3, f'state {state} in an event'
            return Event(kind, fields.text(), zxid)
        if zxid > 0:
            assert zxid >= self.last_zxid, f'zxid went back from {self.last_zxid:#x} to {zxid:#x}'
            self.last_zxid = zxid
        return Reply(xid, zxid, error, fields)

    def call(self, op, body=b'', xid=None):
        """Sends, waits for the reply, checks its xid, and raises its error."""
        xid = self.send(op, body, xid)
        reply = self.reply()
        assert reply.xid == xid, f'reply {reply.xid} to request {xid}'
        if reply.error != 0:
            assert not reply.body.rest(), 'a reply with an error has no body'
            raise ServerError(reply.error)
        return reply

    # Operations.

    def create(self, path, data=b'', flags=0, acls=OPEN_ACL):
        return self.call(CREATE, create_body(path, data, flags, acls)).body.text()

    def create2(self, path, data=b'', flags=0, acls=OPEN_ACL):
        body = self.call(CREATE2, create_body(path, data, flags, acls)).body
        return body.text(), body.stat()

    def delete(self, path, version=-1):
        return self.call(DELETE, version_body(path, version))

    def exists(self, path, watch=False):
        return self.call(EXISTS, watch_body(path, watch)).body.stat()

    def get_data(self, path, watch=False):
        body = self.call(GET_DATA, watch_body(path, watch)).body
        return body.blob(), body.stat()

    def set_data(self, path, data, version=-1):
        return self.call(SET_DATA, set_data_body(path, data, version)).body.stat()

    def get_children(self, path, watch=False):
        return self.call(GET_CHILDREN, watch_body(path, watch)).body.texts()

    def get_children2(self, path, watch=False):
        body = self.call(GET_CHILDREN2, watch_body(path, watch)).body
        return body.texts(), body.stat()

    def sync(self, path):
        return self.call(SYNC, text(path)).body.text()

    def ping(self):
        self.send(PING, xid=PING_XID)
        reply = self.reply()
        assert reply.xid == PING_XID and reply.error == 0, reply
        return reply

    def create_container(self, path, data=b'', flags=CONTAINER, acls=OPEN_ACL):
        body = self.call(CREATE_CONTAINER, create_body(path, data, flags, acls)).body
        return body.text(), body.stat()

    def create_ttl(self, path, **fields):
        body = self.call(CREATE_TTL, ttl_body(path, **fields)).body
        return body.text(), body.stat()

    def multi(self, *operations):
        return self.call(MULTI, multi_body(operations)).body.multi_results()

    def multi_read(self, *operations):
        return self.call(MULTI_READ, multi_body(operations)).body.multi_results()

    def get_acl(self, path):
        body = self.call(GET_ACL, text(path)).body
        return body.acls(), body.stat()

    def set_acl(self, path, acls, version=-1):
        return self.call(SET_ACL, text(path) + acl(acls) + int32(version)).body.stat()

    def auth(self, data, scheme='digest', xid=AUTH_XID):
        return self.call(AUTH, auth_body(scheme, data), xid)

    def who_am_i(self):
        body = self.call(WHO_AM_I).body
        return sorted((body.text(), body.text()) for _ in range(body.int32()))

    def get_ephemerals(self, prefix):
        return sorted(self.call(GET_EPHEMERALS, text(prefix)).body.texts())

    def get_all_children_number(self, path):
        return self.call(GET_ALL_CHILDREN_NUMBER, text(path)).body.int32()

    def add_watch(self, path, mode):
        return self.call(ADD_WATCH, text(path) + int32(mode)).body.int32()

    def check_watches(self, path, kind):
        return self.call(CHECK_WATCHES, text(path) + int32(kind))

    def remove_watches(self, path, kind):
        return self.call(REMOVE_WATCHES, text(path) + int32(kind))

    def set_watches2(self, zxid, data=(), exist=(), child=(), persistent=(), recursive=()):
        lists = [data, exist, child, persistent, recursive]
        body = int64(zxid) + b''.join(map(vector, lists))
        return self.call(SET_WATCHES2, body, SET_WATCHES_XID)

    def set_watches(self, zxid, data=(), exist=(), child=()):
        lists = vector(data) + vector(exist) + vector(child)
        return self.call(SET_WATCHES, int64(zxid) + lists, SET_WATCHES_XID)


def four_letter_word(port, word):
    with Client(port) as client:
        client.send_bytes(word.encode())
        return client.read_until_closed().decode()


def mntr(port):
    """The lines of mntr as a dictionary, without the prefix zk_."""
    lines = [line.split('\t', 1) for line in four_letter_word(port, 'mntr').splitlines()]
    return {line[0].removeprefix('zk_'): line[1] for line in lines if len(line) == 2}
