"""Which of two reasons to refuse a request wins: the checks have ZooKeeper's order.

Each request here breaks two rules or more; the code that comes back is that of the first in the
order. The same requests inside a multi fail it with the same code."""

import tap
import wire
from served import ServedTest

BAD_ACL = ((31, 'digest', 'no-colon'),)


def acl_body(path, acls=wire.OPEN_ACL, version=-1):
    return wire.text(path) + wire.acl(acls) + wire.int32(version)


class PrecedenceTest(ServedTest):
    """`base` has a node for each reason: see setUp."""

    arguments = ('--enforce-quota', 'true')

    def setUp(self):
        super().setUp()
        self.zk = self.client()
        self.locked = self.node('locked', acls=((wire.READ, 'world', 'anyone'),))
        self.hidden = self.node('hidden', acls=((31 & ~wire.READ, 'world', 'anyone'),))
        self.ephemeral = self.node('ephemeral', flags=wire.EPHEMERAL)
        self.parent = self.node('parent')
        self.child = self.node('parent/child')

    def node(self, name, **fields):
        path = f'{self.base}/{name}'
        self.zk.create(path, **fields)
        return path

    def limit(self, path):
        """From now on nothing may be added at or below `path`, neither nodes nor bytes."""
        folder = '/zookeeper/quota'
        for name in path.split('/')[1:]:
            folder += '/' + name
            try:
                self.zk.create(folder)
            except wire.ServerError as error:
                self.assertEqual(error.code, wire.NODE_EXISTS)
        self.zk.create(folder + '/zookeeper_limits',
                       b'count=-1,bytes=-1=;byteHardLimit=0;countHardLimit=1')
        self.zk.create(folder + '/zookeeper_stats', b'count=-1,bytes=-1')

    def code(self, op, body):
        self.zk.send(op, body)
        reply = self.zk.reply()
        if reply.error != 0:
            self.assertEqual(reply.body.rest(), b'')
        return reply.error

    def code_in_multi(self, op, body):
        self.zk.send(wire.MULTI, wire.multi_body(((op, body),)))
        reply = self.zk.reply()
        if reply.error != 0:
            return reply.error
        return reply.body.multi_results()[0][1]

    def assert_code(self, expected, op, body, in_multi=None):
        """`in_multi` is the code there if it is another one."""
        self.assertEqual(self.code(op, body), expected)
        if op != wire.SET_ACL:
            self.assertEqual(self.code_in_multi(op, body),
                             expected if in_multi is None else in_multi)

    def assert_create(self, expected, path, in_multi=None, **fields):
        """Of every operation that creates with an ACL and flags."""
        for op in (wire.CREATE, wire.CREATE2, wire.CREATE_CONTAINER):
            with self.subTest(op=op):
                self.assert_code(expected, op, wire.create_body(path, **fields), in_multi)
        if 'flags' not in fields:
            with self.subTest(op=wire.CREATE_TTL):
                self.assert_code(expected, wire.CREATE_TTL, wire.ttl_body(path, **fields), in_multi)

    def test_create_a_cut_body_before_bad_flags(self):
        for op in (wire.CREATE, wire.CREATE2, wire.CREATE_CONTAINER, wire.CREATE_TTL):
            self.assertEqual(self.code(op, wire.create_body('relative', flags=9)[:-1]),
                             wire.MARSHALLING)
        self.assertEqual(self.code(wire.CREATE_TTL, wire.ttl_body('/x', flags=9)[:-1]),
                         wire.MARSHALLING)

    def test_create_bad_flags_before_the_acl_list(self):
        for flags in (-1, 7, 1 << 30):
            self.assert_create(wire.BAD_ARGUMENTS, self.base + '/x', wire.MARSHALLING, flags=flags,
                               acls=())

    def test_create_the_ttl_before_the_acl_list(self):
        for ttl_ms in (0, -1, 1 << 40):
            self.assert_code(wire.BAD_ARGUMENTS, wire.CREATE_TTL,
                             wire.ttl_body(self.base + '/x', ttl_ms=ttl_ms, acls=()))
        self.assert_code(wire.BAD_ARGUMENTS, wire.CREATE,
                         wire.create_body(self.base + '/x', flags=wire.TTL, acls=()))

    def test_create_no_slash_and_nul_before_the_acl_list(self):
        for path in ('relative', self.base + '/a\0b', ''):
            self.assert_create(wire.BAD_ARGUMENTS, path, acls=BAD_ACL)

    def test_create_the_acl_list_before_the_missing_parent(self):
        for acls in (None, (), BAD_ACL):
            self.assert_create(wire.INVALID_ACL, self.base + '/no/child', acls=acls)
            self.assert_create(wire.INVALID_ACL, 'a/b', acls=acls)

    def test_create_the_acl_list_before_the_permission_the_path_and_the_existing_node(self):
        self.assert_create(wire.INVALID_ACL, self.locked + '/x', acls=())
        self.assert_create(wire.INVALID_ACL, self.base + '/', acls=())
        self.assert_create(wire.INVALID_ACL, self.parent, acls=())
        self.assert_create(wire.INVALID_ACL, self.ephemeral + '/x', acls=())
        self.assert_create(wire.INVALID_ACL, '/', acls=())

    def test_create_the_missing_parent_before_the_bad_path(self):
        self.assert_create(wire.NO_NODE, self.base + '/no/..')
        self.assert_create(wire.NO_NODE, self.base + '/no/\u0001')

    def test_create_the_permission_before_the_bad_path_and_the_existing_node(self):
        self.assert_create(wire.NO_AUTH, self.locked + '/..')
        self.assert_create(wire.NO_AUTH, self.locked + '/\u0001')
        path = self.node('later')
        self.zk.create(path + '/there')
        self.zk.set_acl(path, ((wire.READ, 'world', 'anyone'),))
        self.assert_create(wire.NO_AUTH, path + '/there')

    def test_create_the_permission_before_the_ephemeral_parent_and_that_behind_the_bad_path(self):
        path = self.node('e', flags=wire.EPHEMERAL, acls=((wire.READ, 'world', 'anyone'),))
        self.assert_create(wire.NO_AUTH, path + '/child')
        self.assert_create(wire.BAD_ARGUMENTS, self.ephemeral + '/..')
        self.assert_create(wire.BAD_ARGUMENTS, self.ephemeral + '/')

    def test_create_existing_nodes_and_ephemeral_parents_before_the_quota(self):
        self.limit(self.parent)
        self.limit(self.ephemeral)
        self.assert_create(wire.QUOTA_EXCEEDED, self.parent + '/x')
        self.assert_create(wire.NODE_EXISTS, self.child)
        self.assert_create(wire.NO_CHILDREN_FOR_EPHEMERALS, self.ephemeral + '/x')
        self.assert_create(wire.BAD_ARGUMENTS, self.parent + '/.')

    def test_delete(self):
        def check(code, path, version=-1):
            with self.subTest(path=path, version=version):
                self.assert_code(code, wire.DELETE, wire.version_body(path, version))
        # A reserved node, before the permission, its version and its children.
        check(wire.BAD_ARGUMENTS, '/zookeeper/config', 9)
        check(wire.BAD_ARGUMENTS, '/zookeeper', 9)
        # The parent before all that follows.
        check(wire.NO_NODE, self.base + '/no/child', 9)
        # The permission on the parent, before the node is looked for.
        check(wire.NO_AUTH, self.locked + '/no', 9)
        # The node, its version, its children.
        check(wire.NO_NODE, self.base + '/no', 9)
        check(wire.BAD_VERSION, self.parent, 9)
        check(wire.BAD_VERSION, self.parent, -2)
        check(wire.NOT_EMPTY, self.parent, 0)
        check(wire.NOT_EMPTY, self.parent)

    def test_delete_needs_nothing_of_the_node_itself(self):
        self.zk.delete(self.node('nothing', acls=((0, 'world', 'anyone'),)))

    def test_set_data(self):
        def check(code, path, version=-1, data=b'x'):
            with self.subTest(path=path, version=version):
                self.assert_code(code, wire.SET_DATA, wire.set_data_body(path, data, version))
        check(wire.BAD_ARGUMENTS, self.base + '/no/', 9)
        check(wire.BAD_ARGUMENTS, self.locked + '/', 9)
        check(wire.NO_NODE, self.locked + '/no', 9)
        check(wire.NO_AUTH, self.locked, 9)
        self.limit(self.locked)
        self.limit(self.parent)
        check(wire.NO_AUTH, self.locked, 9)
        check(wire.QUOTA_EXCEEDED, self.parent, 9)
        check(wire.BAD_VERSION, self.parent, 9, b'')

    def test_set_acl(self):
        def check(code, path, acls=wire.OPEN_ACL, version=-1):
            with self.subTest(path=path, version=version):
                self.assert_code(code, wire.SET_ACL, acl_body(path, acls, version))
        check(wire.BAD_ARGUMENTS, self.base + '/', (), 9)
        for acls in (None, (), BAD_ACL):
            check(wire.INVALID_ACL, self.base + '/no', acls, 9)
            check(wire.INVALID_ACL, self.locked, acls, 9)
        check(wire.NO_NODE, self.base + '/no', version=9)
        check(wire.NO_AUTH, self.locked, version=9)
        check(wire.BAD_VERSION, self.parent, version=9)
        check(wire.BAD_VERSION, self.parent, version=-2)

    def test_check(self):
        def check(code, path, version=9):
            with self.subTest(path=path, version=version):
                self.assertEqual(self.code_in_multi(wire.CHECK, wire.version_body(path, version)),
                                 code)
        check(wire.BAD_ARGUMENTS, self.base + '/no/')
        check(wire.NO_NODE, self.hidden + '/no')
        check(wire.NO_AUTH, self.hidden)
        check(wire.NO_AUTH, self.hidden, 0)
        check(wire.BAD_VERSION, self.parent)
        check(wire.BAD_VERSION, self.parent, -2)
        check(0, self.parent, -1)
        check(0, self.parent, 0)

    def test_reads(self):
        for op in (wire.GET_DATA, wire.GET_CHILDREN, wire.GET_CHILDREN2):
            self.assertEqual(self.code(op, wire.watch_body(self.hidden)), wire.NO_AUTH)
            self.assertEqual(self.code(op, wire.watch_body(self.hidden + '/no')), wire.NO_NODE)
        for op, path, code in ((wire.GET_ALL_CHILDREN_NUMBER, self.hidden, wire.NO_AUTH),
                               (wire.GET_ALL_CHILDREN_NUMBER, self.hidden + '/no', wire.NO_NODE),
                               (wire.GET_ACL, self.hidden, 0),  # who has ADMIN may
                               (wire.GET_ACL, self.hidden + '/no', wire.NO_NODE)):
            self.assertEqual(self.code(op, wire.text(path)), code)
        results = self.zk.multi_read((wire.GET_DATA, wire.watch_body(self.hidden)),
                                     (wire.GET_CHILDREN, wire.watch_body(self.hidden + '/no')))
        self.assertEqual([error for _, error, _ in results], [wire.NO_AUTH, wire.NO_NODE])

    def test_exists_sets_its_watch_unless_it_is_refused(self):
        self.assertEqual(self.code(wire.EXISTS, wire.watch_body(self.hidden, True)), wire.NO_AUTH)
        self.assertEqual(self.code(wire.EXISTS, wire.watch_body(self.base + '/\0', True)),
                         wire.BAD_ARGUMENTS)
        self.assertEqual(self.code(wire.EXISTS, wire.watch_body(self.hidden + '/no', True)),
                         wire.NO_NODE)
        for path in (self.hidden, self.base + '/\0'):
            self.assert_error(wire.NO_WATCHER, self.zk.check_watches, path, wire.OF_ANY)
        self.zk.check_watches(self.hidden + '/no', wire.OF_DATA)

    def test_reads_that_are_refused_set_no_watch(self):
        for op in (wire.GET_DATA, wire.GET_CHILDREN, wire.GET_CHILDREN2):
            self.assertEqual(self.code(op, wire.watch_body(self.hidden, True)), wire.NO_AUTH)
        self.assert_error(wire.NO_WATCHER, self.zk.check_watches, self.hidden, wire.OF_ANY)

    def test_management_of_watches(self):
        for op in (wire.CHECK_WATCHES, wire.REMOVE_WATCHES):
            for kind in (0, 6, -1):
                self.assertEqual(self.code(op, wire.text('/no') + wire.int32(kind)),
                                 wire.MARSHALLING)
            for kind in range(1, 6):
                self.assertEqual(self.code(op, wire.text('relative') + wire.int32(kind)),
                                 wire.NO_WATCHER)
        for mode in (2, -1):
            self.assertEqual(self.code(wire.ADD_WATCH, wire.text('relative') + wire.int32(mode)),
                             wire.MARSHALLING)


class TtlDisabledTest(ServedTest):
    arguments = ('--extended-types', 'false')

    def test_the_mode_before_the_ttl_and_the_acl_list_and_behind_bad_flags(self):
        zk = self.client()
        for flags, code in ((wire.TTL, wire.UNIMPLEMENTED),
                            (wire.TTL_SEQUENTIAL, wire.UNIMPLEMENTED),
                            (7, wire.BAD_ARGUMENTS), (-1, wire.BAD_ARGUMENTS)):
            with self.subTest(flags=flags):
                self.assert_error(code, zk.call, wire.CREATE_TTL,
                                  wire.ttl_body('relative', flags=flags, ttl_ms=0, acls=()))
                for op in (wire.CREATE, wire.CREATE2, wire.CREATE_CONTAINER):
                    self.assert_error(code, zk.call, op,
                                      wire.create_body('relative', flags=flags, acls=()))


class ReconfigDisabledTest(ServedTest):
    def test_disabled_is_said_of_any_request_that_can_be_read(self):
        zk = self.client()
        body = wire.text(None) * 3 + wire.int64(-1)
        self.assert_error(wire.RECONFIG_DISABLED, zk.call, wire.RECONFIG, body)


if __name__ == '__main__':
    tap.main()
