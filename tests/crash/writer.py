"""A client that writes at random, pipelined, and notes what was acknowledged to it.

Its notes are in the memory of this process, which nobody kills.
"""

import collections
import copy
import threading

import model
import wire

PIPELINE_MAX = 16
NODES_MAX = 40
DATA_BYTES_MAX = 3000


class Writer:
    """One writer and its subtree /w<number>. Between crashes run() is called in a thread."""

    def __init__(self, number, rng):
        self.number = number
        self.rng = rng
        self.root = f'/w{number}'
        self.acknowledged = model.Subtree(self.root)  # behind the last reply
        self.pending = collections.deque()            # sent, not answered; oldest first
        self.client = None
        self.zxids = []                               # of acknowledged transactions
        self.op_count = 0
        self.shared_sent = {}                         # data -> path or None while unanswered
        self.shared_pending = []
        self.trouble = []

    def start(self, port):
        """Resumes the session, or opens a new one when there is none; then writes in a thread."""
        old, self.client = self.client, wire.Client(port)
        if self.acknowledged.session_id:
            reply = self.client.resume(old, timeout_ms=40000)
            if reply.session_id != self.acknowledged.session_id:
                self.trouble.append(f'session {self.acknowledged.session_id:#x} was not resumed')
        else:
            self.client.connect(timeout_ms=40000)
            self.acknowledged.session_id = self.client.session_id
        thread = threading.Thread(target=self._run)
        thread.start()
        return thread

    def _run(self):
        try:
            while not self.trouble:
                self._burst()
        except (wire.Closed, OSError):
            pass  # the daemon was killed, which is what this is about
        except Exception as error:  # a thread must not die unseen
            self.trouble.append(f'writer {self.number}: {type(error).__name__}: {error}')

    def _burst(self):
        """Sends some operations at once and takes their replies."""
        ahead = copy.deepcopy(self.acknowledged)
        stream = b''
        for _ in range(self.rng.randint(1, PIPELINE_MAX)):
            op = self._random_op(ahead)
            ahead.apply(op)
            self.pending.append(op)
            stream += self._encode(op)
        if self.rng.random() < 0.3:
            stream += self._shared_create()
        if self.rng.random() < 0.03:
            op = model.Op('close')
            self.pending.append(op)
            stream += self._encode(op)
        self.client.send_bytes(stream)
        while self.pending and self.pending[0].kind != 'close':
            self._take_reply()
            if self.trouble:
                return
        while self.shared_pending:
            self._take_shared_reply()
        if self.pending:
            self._take_reply()
            self.client.read_until_closed()
            self.client = wire.Client(self.client.socket.getpeername()[1])
            self.client.connect(timeout_ms=40000)
            self.acknowledged.session_id = self.client.session_id

    def _random_op(self, ahead):
        """Mostly something that will succeed, judged on the state behind all that is sent."""
        paths = list(ahead.nodes)
        path = self.rng.choice(paths)
        self.op_count += 1
        data = f'w{self.number}:{self.op_count}:'.encode()
        data += self.rng.randbytes(self.rng.randrange(DATA_BYTES_MAX))
        kind = self.rng.choices(['create', 'set', 'delete', 'get'], [4, 5, 2, 2])[0]
        if len(paths) > NODES_MAX and kind == 'create':
            kind = 'delete'
        if kind == 'create':
            name = self.rng.choice(['s-', f'n{self.rng.randrange(30)}'])
            flags = self.rng.choice([0, wire.EPHEMERAL]) | (wire.SEQUENTIAL if name == 's-' else 0)
            return model.Op(kind, f'{path}/{name}', data, flags)
        if kind == 'delete':
            leaves = [p for p in paths if p != self.root and not ahead.nodes[p].children]
            path = self.rng.choice(leaves or [self.root + '/none'])
        current = ahead.nodes[path].version if path in ahead.nodes else 0
        version = self.rng.choice([-1, -1, current, 99])
        return model.Op(kind, path, data, 0, version)

    def _encode(self, op):
        xid, self.client.next_xid = self.client.next_xid, self.client.next_xid + 1
        if op.kind == 'create':
            return wire.request(xid, wire.CREATE, wire.create_body(op.path, op.data, op.flags))
        if op.kind == 'set':
            body = wire.text(op.path) + wire.blob(op.data) + wire.int32(op.version)
            return wire.request(xid, wire.SET_DATA, body)
        if op.kind == 'delete':
            return wire.request(xid, wire.DELETE, wire.text(op.path) + wire.int32(op.version))
        if op.kind == 'get':
            return wire.request(xid, wire.GET_DATA, wire.watch_body(op.path))
        return wire.request(xid, wire.CLOSE_SESSION)

    def _take_reply(self):
        reply = self.client.reply()
        op = self.pending[0]
        error, value = self.acknowledged.apply(op, reply.zxid)
        self.pending.popleft()
        if error == 0 and op.kind != 'get':
            self.zxids.append(reply.zxid)
        got = None
        if reply.error == 0 and op.kind == 'create':
            got = reply.body.text()
        elif reply.error == 0 and op.kind == 'set':
            got = reply.body.stat().version
        elif reply.error == 0 and op.kind == 'get':
            got = reply.body.blob()
        if (reply.error, got) != (error, value):
            self.trouble.append(f'{op.kind} {op.path} was answered {(reply.error, got)}, '
                                f'should be {(error, value)}')

    # Every writer also makes sequential nodes in one shared folder.

    def _shared_create(self):
        self.op_count += 1
        data = f'w{self.number}:{self.op_count}'.encode()
        self.shared_sent[data] = None
        self.shared_pending.append(data)
        xid, self.client.next_xid = self.client.next_xid, self.client.next_xid + 1
        body = wire.create_body('/shared/n-', data, wire.SEQUENTIAL)
        return wire.request(xid, wire.CREATE, body)

    def _take_shared_reply(self):
        reply = self.client.reply()
        if reply.error != 0:
            self.trouble.append(f'a create in /shared failed with {reply.error}')
        self.zxids.append(reply.zxid)
        self.shared_sent[self.shared_pending.pop(0)] = reply.body.text()
