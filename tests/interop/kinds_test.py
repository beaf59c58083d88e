"""Kinds of nodes and what is kept about them: containers, TTL, the reaper, ephemerals, quotas, and
the nodes and operations of an ensemble that is not there."""

import tap
import wire
from served import ServedTest

REAPER_MS = '100'


class ContainerTest(ServedTest):
    arguments = ['--container-check-interval', REAPER_MS]

    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def test_a_container_goes_behind_its_last_child_and_not_before(self):
        path, stat = self.zk.create_container(self.base + '/box', b'data')
        self.assertEqual((path, stat.ephemeral_owner, stat.data_length),
                         (self.base + '/box', 0, 4))
        never_used = self.zk.create_container(self.base + '/never')[0]
        for name in 'ab':
            self.zk.create(f'{path}/{name}')
        self.zk.delete(path + '/a')
        # A TTL node that is outlived shows that the reaper has been here meanwhile.
        self.zk.create_ttl(self.base + '/clock', ttl_ms=1)
        self.await_gone(self.zk, self.base + '/clock')
        self.assertEqual(self.zk.get_children(path), ['b'])
        self.zk.delete(path + '/b')
        self.await_gone(self.zk, path)
        self.zk.exists(never_used)

    def test_create_with_the_flag_of_containers_makes_a_plain_node(self):
        self.zk.create(self.base + '/plain', flags=wire.CONTAINER)
        self.zk.create(self.base + '/plain/child')
        self.zk.delete(self.base + '/plain/child')
        path = self.zk.create_container(self.base + '/box')[0]
        self.zk.create(path + '/child')
        self.zk.delete(path + '/child')
        self.await_gone(self.zk, path)
        self.zk.exists(self.base + '/plain')

    def test_a_sequential_container(self):
        path, _ = self.zk.create_container(self.base + '/box-', flags=wire.SEQUENTIAL)
        self.assertEqual(path, self.base + '/box-0000000000')

    def test_a_ttl_node_goes_when_it_is_old_and_has_no_child(self):
        path, stat = self.zk.create_ttl(self.base + '/short', ttl_ms=1)
        self.assertEqual(stat.ephemeral_owner, 0)
        parent, _ = self.zk.create_ttl(self.base + '/parent', ttl_ms=1)
        # It may be old by now; then it is made again.
        results = self.zk.multi((wire.CREATE_TTL, wire.ttl_body(self.base + '/p', ttl_ms=1)),
                                (wire.CREATE, wire.create_body(self.base + '/p/child')))
        self.assertEqual([error for _, error, _ in results], [0, 0])
        self.await_gone(self.zk, path)
        self.await_gone(self.zk, parent)
        self.assertEqual(self.zk.get_children(self.base), ['p'])
        self.zk.delete(self.base + '/p/child')
        self.await_gone(self.zk, self.base + '/p')

    def test_a_sequential_ttl_node(self):
        path, _ = self.zk.create_ttl(self.base + '/s-', flags=wire.TTL_SEQUENTIAL, ttl_ms=1)
        self.assertEqual(path, self.base + '/s-0000000000')
        self.await_gone(self.zk, path)

    def test_bounds_of_the_ttl_and_flags_that_do_not_fit(self):
        path = self.base + '/a'
        for ttl_ms, flags in ((0, 5), (-1, 5), (1 << 40, 5), (1000, 0), (1000, 1), (-1, 0),
                              (-1, 4)):
            with self.subTest(ttl_ms=ttl_ms, flags=flags):
                with self.assertRaises(wire.ServerError) as raised:
                    self.zk.create_ttl(path, ttl_ms=ttl_ms, flags=flags)
                self.assertEqual(raised.exception.code, wire.BAD_ARGUMENTS)
        for flags in (wire.TTL, wire.TTL_SEQUENTIAL):
            self.assert_error(wire.BAD_ARGUMENTS, self.zk.create, path, b'', flags)
        self.zk.create_ttl(path, ttl_ms=(1 << 40) - 1)

    def test_a_client_cannot_do_the_reapers_work(self):
        self.zk.create_container(self.base + '/box')
        self.assert_error(wire.BAD_ARGUMENTS, self.zk.call, wire.DELETE_CONTAINER,
                          wire.text(self.base + '/box'))
        self.zk.exists(self.base + '/box')


class NoExtendedTypesTest(ServedTest):
    arguments = ['--extended-types', 'false']

    def test_ttl_nodes_are_not_implemented_and_containers_are(self):
        zk = self.client()
        for flags in (wire.TTL, wire.TTL_SEQUENTIAL):
            self.assert_error(wire.UNIMPLEMENTED, zk.call, wire.CREATE_TTL,
                              wire.ttl_body(self.base + '/a', flags=flags))
            self.assert_error(wire.UNIMPLEMENTED, zk.create, self.base + '/a', b'', flags)
        zk.create_container(self.base + '/box')
        self.assertEqual(zk.get_children(self.base), ['box'])


class ListTest(ServedTest):
    def test_get_ephemerals_lists_those_of_the_session_by_prefix(self):
        zk, other = self.client(), self.client()
        for name in ('a', 'ab', 'b'):
            zk.create(f'{self.base}/{name}', flags=wire.EPHEMERAL)
        other.create(self.base + '/other', flags=wire.EPHEMERAL)
        mine = [f'{self.base}/{name}' for name in ('a', 'ab', 'b')]
        for prefix in ('/', '', None, self.base):
            self.assertEqual(zk.get_ephemerals(prefix), mine)
        self.assertEqual(zk.get_ephemerals(self.base + '/a'), mine[:2])
        self.assertEqual(zk.get_ephemerals(self.base + '/none'), [])
        self.assertEqual(other.get_ephemerals('/'), [self.base + '/other'])
        zk.delete(mine[0])
        self.assertEqual(zk.get_ephemerals('/'), mine[1:])

    def test_R18_get_ephemerals_sees_pipelined_writes_before_it_and_none_behind(self):
        zk = self.client()
        zk.send_bytes(wire.request(1, wire.CREATE, wire.create_body(self.base + '/a', flags=1))
                      + wire.request(2, wire.GET_EPHEMERALS, wire.text('/'))
                      + wire.request(3, wire.CREATE, wire.create_body(self.base + '/b', flags=1)))
        replies = [zk.reply() for _ in range(3)]
        self.assertEqual([reply.xid for reply in replies], [1, 2, 3])
        self.assertEqual(replies[1].body.texts(), [self.base + '/a'])

    def test_get_all_children_number_counts_descendants(self):
        zk = self.client()
        self.assertEqual(zk.get_all_children_number(self.base), 0)
        for path in ('a', 'a/b', 'a/b/c', 'd'):
            zk.create(f'{self.base}/{path}')
        zk.create(self.base + 'x')
        self.assertEqual(zk.get_all_children_number(self.base), 4)
        self.assertEqual(zk.get_all_children_number(self.base + '/a'), 2)
        self.assertEqual(zk.get_all_children_number('/') - 3,
                         int(wire.mntr(self.port)['znode_count']) - 5)
        self.assert_error(wire.NO_NODE, zk.get_all_children_number, self.base + '/no')
        zk.delete(self.base + 'x')


class EnsembleTest(ServedTest):
    def test_the_configuration_node_is_there_empty_and_watched(self):
        zk = self.client()
        data, stat = zk.get_data('/zookeeper/config', watch=True)
        self.assertEqual((data, stat.aversion, stat.czxid), (b'', -1, 0))
        self.assertEqual(zk.get_acl('/zookeeper/config')[0], [(wire.READ, 'world', 'anyone')])
        zk.check_watches('/zookeeper/config', wire.OF_ANY)
        for call, arguments in ((zk.set_data, ('/zookeeper/config', b'')),
                                (zk.set_acl, ('/zookeeper/config', wire.OPEN_ACL)),
                                (zk.create, ('/zookeeper/config/a',))):
            self.assert_error(wire.NO_AUTH, call, *arguments)

    def test_reconfig_is_disabled(self):
        self.assert_error(wire.RECONFIG_DISABLED, self.client().call, wire.RECONFIG, RECONFIG)


class ReconfigTest(ServedTest):
    arguments = ['--reconfig', 'true']

    def test_reconfig_is_not_for_one_server(self):
        self.assert_error(wire.UNIMPLEMENTED, self.client().call, wire.RECONFIG, RECONFIG)


RECONFIG = wire.text('server.1=a:1:2') + wire.text(None) + wire.text(None) + wire.int64(-1)


class QuotaTest(ServedTest):
    arguments = ['--enforce-quota', 'true']

    def setUp(self):
        super().setUp()
        self.zk = self.client()
        self.folder = '/zookeeper/quota' + self.base
        self.limits = self.folder + '/zookeeper_limits'
        self.stats = self.folder + '/zookeeper_stats'

    def set_quota(self, limits):
        self.zk.create(self.folder)
        self.zk.create(self.limits, limits)
        self.zk.create(self.stats, b'count=1,bytes=0')

    def assert_stats(self, count, size):
        data = self.zk.get_data(self.stats)[0].decode()
        self.assertEqual(data.partition('=;')[0], f'count={count},bytes={size}')

    def test_statistics_follow_every_change_without_a_trace_of_their_own(self):
        self.zk.create(self.base + '/before', b'123')
        self.set_quota(b'count=-1,bytes=-1')
        before = self.zk.exists(self.stats, watch=True)
        self.assert_stats(2, 3)
        self.zk.create(self.base + '/a', b'12345')
        self.assert_stats(3, 8)
        self.zk.set_data(self.base + '/a', b'1')
        self.assert_stats(3, 4)
        self.zk.delete(self.base + '/before')
        self.assert_stats(2, 1)
        stat = self.zk.exists(self.stats)
        self.assertEqual(stat._replace(data_length=0), before._replace(data_length=0))
        self.assertEqual(self.zk.events, [])

    def test_a_soft_limit_refuses_nothing(self):
        self.set_quota(b'count=1,bytes=1')
        self.zk.create(self.base + '/a', b'12345')
        self.zk.set_data(self.base, b'12345')
        self.assert_stats(2, 10)

    def test_a_hard_limit_of_nodes(self):
        self.set_quota(b'count=-1,bytes=-1=;countHardLimit=3')
        for name in 'ab':
            self.zk.create(f'{self.base}/{name}')
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.create, self.base + '/c')
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.create, self.base + '/a/c')
        self.assertEqual(self.zk.multi((wire.CREATE, wire.create_body(self.base + '/c'))),
                         [(-1, wire.QUOTA_EXCEEDED, wire.QUOTA_EXCEEDED)])
        self.zk.delete(self.base + '/a')
        self.zk.create(self.base + '/c')

    def test_a_hard_limit_of_bytes(self):
        self.set_quota(b'count=-1,bytes=-1=;byteHardLimit=10')
        self.zk.create(self.base + '/a', b'x' * 10)
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.create, self.base + '/b', b'x')
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.set_data, self.base, b'x')
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.set_data, self.base + '/a', b'x' * 11)
        self.zk.create(self.base + '/b')
        self.zk.set_data(self.base + '/a', b'x' * 9)
        self.zk.set_data(self.base, b'x')
        self.assert_stats(3, 10)

    def test_the_deepest_quota_counts(self):
        self.set_quota(b'count=-1,bytes=-1=;countHardLimit=3')
        self.zk.create(self.base + '/deep')
        self.zk.create(self.folder + '/deep')
        self.zk.create(self.folder + '/deep/zookeeper_limits', b'count=-1,bytes=-1')
        self.zk.create(self.folder + '/deep/zookeeper_stats', b'count=1,bytes=0')
        for i in range(5):
            self.zk.create(f'{self.base}/deep/{i}')

    def test_without_its_limits_a_quota_is_off(self):
        self.set_quota(b'count=-1,bytes=-1=;countHardLimit=1')
        self.assert_error(wire.QUOTA_EXCEEDED, self.zk.create, self.base + '/a')
        self.zk.delete(self.limits)
        self.zk.create(self.base + '/a')
        self.assert_stats(1, 0)


class QuotaNotEnforcedTest(ServedTest):
    def test_a_hard_limit_refuses_nothing_by_default(self):
        zk = self.client()
        folder = '/zookeeper/quota' + self.base
        zk.create(folder)
        zk.create(folder + '/zookeeper_limits', b'count=-1,bytes=-1=;countHardLimit=1')
        zk.create(folder + '/zookeeper_stats', b'')
        zk.create(self.base + '/a')
        self.assertTrue(zk.get_data(folder + '/zookeeper_stats')[0].startswith(b'count=2,bytes=0'))


if __name__ == '__main__':
    tap.main()
