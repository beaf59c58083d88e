"""Requests that no library sends: lengths and counts below zero, bodies cut or too long for every
operation, every operation that creates with every flag, and what stands behind a refusal."""

import tap
import wire
from served import ServedTest

NO_TTL = object()


class BodyTest(ServedTest):
    def setUp(self):
        super().setUp()
        # Some tests count zxids: no session that a test leaves behind may end during another.
        self.zk = self.client(timeout_ms=40000)

    def bodies(self):
        """A body that is served, for each operation that has one."""
        path = wire.text(self.base)
        numbers = iter(range(100))

        def created(encode, **fields):
            return encode(f'{self.base}/{next(numbers)}', **fields)
        yield wire.CREATE, created(wire.create_body)
        yield wire.CREATE2, created(wire.create_body)
        yield wire.CREATE_CONTAINER, created(wire.create_body)
        yield wire.CREATE_TTL, created(wire.ttl_body)
        yield wire.DELETE, wire.version_body(self.base + '/0')
        for op in (wire.EXISTS, wire.GET_DATA, wire.GET_CHILDREN, wire.GET_CHILDREN2):
            yield op, wire.watch_body(self.base)
        for op in (wire.GET_ACL, wire.SYNC, wire.GET_EPHEMERALS, wire.GET_ALL_CHILDREN_NUMBER):
            yield op, path
        yield wire.SET_DATA, wire.set_data_body(self.base, b'data')
        yield wire.SET_ACL, path + wire.acl(wire.OPEN_ACL) + wire.int32(-1)
        yield wire.MULTI, wire.multi_body([(wire.CHECK, wire.version_body(self.base))])
        yield wire.MULTI_READ, wire.multi_body([(wire.GET_DATA, wire.watch_body(self.base))])
        yield wire.ADD_WATCH, path + wire.int32(wire.PERSISTENT_WATCH)
        yield wire.CHECK_WATCHES, path + wire.int32(wire.OF_ANY)
        yield wire.REMOVE_WATCHES, path + wire.int32(wire.OF_ANY)
        yield wire.SET_WATCHES, wire.int64(0) + wire.vector([]) * 3
        yield wire.SET_WATCHES2, wire.int64(0) + wire.vector([]) * 5

    def code(self, op, body):
        self.zk.send(op, body)
        return self.zk.reply().error

    def test_bytes_behind_any_body_are_ignored(self):
        for op, body in [*self.bodies(), (wire.PING, b''), (wire.WHO_AM_I, b''),
                         (wire.SASL, wire.blob(b'token')),
                         (wire.AUTH, wire.auth_body('digest', b'a:b'))]:
            with self.subTest(op=op):
                self.assertEqual(self.code(op, body + b'behind'), 0)

    def test_any_body_that_is_cut_is_an_error_with_the_newest_zxid_and_changes_nothing(self):
        before = self.zk.ping().zxid
        for op, body in self.bodies():
            for size in {0, len(body) // 2, len(body) - 1}:
                with self.subTest(op=op, size=size):
                    self.zk.send(op, body[:size])
                    reply = self.zk.reply()
                    self.assertEqual((reply.error, reply.zxid), (wire.MARSHALLING, before))
        self.assertEqual(self.zk.ping().zxid, before)

    def test_lengths_below_minus_1_are_errors_and_counts_below_it_are_empty_lists(self):
        path = wire.text(self.base + '/x')
        end = wire.acl(wire.OPEN_ACL) + wire.int32(0)
        for code, op, body in (
                (wire.MARSHALLING, wire.CREATE, path + wire.int32(-2) + end),
                (wire.MARSHALLING, wire.CREATE, wire.int32(-2) + wire.blob(b'') + end),
                (wire.MARSHALLING, wire.EXISTS, wire.int32(-2) + wire.flag(False)),
                (wire.INVALID_ACL, wire.CREATE,
                 path + wire.blob(b'') + wire.int32(-2) + wire.int32(0)),
                (wire.MARSHALLING, wire.CREATE,
                 path + wire.blob(b'') + wire.int32(0x7fffffff) + wire.int32(0)),
                (0, wire.SET_WATCHES, wire.int64(0) + wire.int32(-2) * 3),
                (0, wire.SET_WATCHES2, wire.int64(0) + wire.int32(-2**31) * 5),
                (wire.MARSHALLING, wire.SET_WATCHES, wire.int64(0) + wire.int32(0x7fffffff))):
            with self.subTest(op=op, body=body):
                self.assertEqual(self.code(op, body), code)

    def test_any_byte_but_0_is_true(self):
        self.assertEqual(self.code(wire.GET_DATA, wire.text(self.base) + b'\x80'), 0)
        self.zk.remove_watches(self.base, wire.OF_DATA)

    def test_the_servers_own_operation_is_an_error_that_keeps_the_connection(self):
        for body in (b'', wire.int32(4000)):
            self.assertEqual(self.code(-10, body), wire.MARSHALLING)
        self.zk.ping()

    def test_a_multi_ignores_the_errors_of_its_headers(self):
        body = (wire.int32(wire.CHECK) + wire.flag(False) + wire.int32(77)
                + wire.version_body(self.base) + wire.int32(-1) + wire.flag(True) + wire.int32(5))
        self.assertEqual(self.zk.call(wire.MULTI, body).body.multi_results(),
                         [(wire.CHECK, 0, None)])

    def test_a_multi_read_with_a_write_has_the_one_error_with_a_body(self):
        operations = [(wire.GET_DATA, wire.watch_body(self.base)),
                      (wire.CREATE, wire.create_body(self.base + '/x'))]
        self.zk.send(wire.MULTI_READ, wire.multi_body(operations))
        reply = self.zk.reply()
        self.assertEqual((reply.error, reply.body.rest()),
                         (wire.MARSHALLING, wire.multi_body([])))
        for order in (operations, operations[::-1]):
            self.zk.send(wire.MULTI, wire.multi_body(order))
            reply = self.zk.reply()
            self.assertEqual((reply.error, reply.body.rest()), (wire.MARSHALLING, b''))
        self.assertEqual(self.zk.get_children(self.base), [])

    def test_multis_that_change_nothing_take_a_zxid(self):
        for operations in ((), [(wire.CHECK, wire.version_body(self.base))]):
            before = self.zk.ping().zxid
            self.zk.multi(*operations)
            self.assertEqual(self.zk.ping().zxid, before + 1)
        self.zk.multi_read()
        self.assertEqual(self.zk.ping().zxid, before + 1)


class FlagsTest(ServedTest):
    """Each operation that creates with each flag."""

    arguments = ('--container-check-interval', '100')

    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def use(self, path):
        """From now on the reaper takes the node if it is a container."""
        self.zk.create(path + '/child')
        self.zk.delete(path + '/child')

    def created(self, op, flags, ttl_ms=NO_TTL, container=False):
        """What comes of it: an error, or (has a sequence number, belongs to the session)."""
        prefix = f'{self.base}/{op}-{flags}-'
        body = wire.create_body(prefix, flags=flags)
        if ttl_ms is not NO_TTL:
            body += wire.int64(ttl_ms)
        self.zk.send(op, body)
        reply = self.zk.reply()
        if reply.error != 0:
            return reply.error
        path = reply.body.text()
        suffix = path.removeprefix(prefix)
        self.assertEqual(suffix, '' if not suffix else f'{int(suffix):010}')
        owner = self.zk.exists(path).ephemeral_owner
        self.assertIn(owner, (0, self.zk.session_id))
        if owner == 0:
            self.use(path)
            if container:
                self.await_gone(self.zk, path)
            else:
                self.use(self.zk.create_container(self.base + '/clock')[0])
                self.await_gone(self.zk, self.base + '/clock')
                self.zk.exists(path)
        return bool(suffix), owner != 0

    def test_create_and_create2(self):
        expected = {0: (False, False), 1: (False, True), 2: (True, False), 3: (True, True),
                    4: (False, False), 5: wire.BAD_ARGUMENTS, 6: wire.BAD_ARGUMENTS}
        for op in (wire.CREATE, wire.CREATE2):
            self.assertEqual({flags: self.created(op, flags) for flags in expected}, expected)

    def test_create_container_makes_one_whatever_the_flags(self):
        plain, sequential = (False, False), (True, False)
        expected = {0: plain, 1: plain, 2: sequential, 3: sequential, 4: plain,
                    5: wire.BAD_ARGUMENTS, 6: wire.BAD_ARGUMENTS}
        self.assertEqual({flags: self.created(wire.CREATE_CONTAINER, flags, container=True)
                          for flags in expected}, expected)
        self.assertEqual(self.zk.get_ephemerals('/'), [])

    def test_create_ttl(self):
        for flags in range(5):
            for ttl_ms in (-1, 0, 1, 1000):
                self.assertEqual(self.created(wire.CREATE_TTL, flags, ttl_ms), wire.BAD_ARGUMENTS)
        for flags in (wire.TTL, wire.TTL_SEQUENTIAL):
            for ttl_ms in (-2**63, -1, 0, 1 << 40, 2**63 - 1):
                self.assertEqual(self.created(wire.CREATE_TTL, flags, ttl_ms), wire.BAD_ARGUMENTS)
            self.assertEqual(self.created(wire.CREATE_TTL, flags, (1 << 40) - 1),
                             (flags == wire.TTL_SEQUENTIAL, False))


class BehindTest(ServedTest):
    """Requests that stand in one segment behind one that ends the connection are not executed."""

    def setUp(self):
        super().setUp()
        self.zk = self.client()
        self.write = wire.request(9, wire.CREATE, wire.create_body(self.base + '/behind'))

    def tearDown(self):
        self.zk.sync(self.base)
        self.assert_error(wire.NO_NODE, self.zk.exists, self.base + '/behind')
        super().tearDown()

    def test_a_refused_session(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body(session_id=5)) + self.write)
        self.assertEqual(client.connect_reply(), wire.ConnectReply(0, 0, bytes(16), 37))
        self.assert_closed(client)

    def test_a_zxid_from_the_future(self):
        client = self.raw_client()
        client.send_bytes(wire.frame(wire.connect_body(last_zxid=1 << 50)) + self.write)
        self.assert_closed(client)

    def assert_ends(self, request, error, zxid=None):
        """The request before it is answered, it is as said, and nothing comes behind it."""
        client = self.client()
        client.send_bytes(wire.request(7, wire.SET_DATA, wire.set_data_body(self.base, b'before'))
                          + request + self.write)
        self.assertEqual(client.reply().xid, 7)
        reply = client.reply()
        self.assertEqual((reply.xid, reply.error), (8, error))
        if zxid is not None:
            self.assertEqual(reply.zxid, zxid)
        self.assert_closed(client)
        self.assertEqual(self.zk.sync(self.base), self.base)
        self.assertEqual(self.zk.get_data(self.base)[0], b'before')

    def test_an_unknown_operation(self):
        self.assert_ends(wire.request(8, 999), wire.UNIMPLEMENTED, -1)

    def test_a_refused_identity(self):
        self.assert_ends(wire.request(8, wire.AUTH, wire.auth_body('nobody', b'')),
                         wire.AUTH_FAILED, 0)

    def test_the_end_of_the_session(self):
        self.assert_ends(wire.request(8, wire.CLOSE_SESSION, b'more'), 0)

    def test_a_frame_that_is_too_long(self):
        client = self.client()
        client.send_bytes(wire.int32(1 << 20) + self.write)
        self.assert_closed(client)


if __name__ == '__main__':
    tap.main()
