"""Every operation of the data tree seen in bytes: results, Stats, errors, odd paths."""

import tap
import wire
from served import ServedTest


class CreateTest(ServedTest):
    def test_create_answers_the_path_and_create2_the_stat_as_well(self):
        client = self.client()
        self.assertEqual(client.create(self.base + '/a', b'data'), self.base + '/a')
        path, stat = client.create2(self.base + '/b', b'12345')
        self.assertEqual(path, self.base + '/b')
        self.assertEqual(stat, client.exists(self.base + '/b'))
        self.assertEqual(stat, stat._replace(mzxid=stat.czxid, pzxid=stat.czxid, mtime=stat.ctime,
                                             version=0, cversion=0, aversion=0, ephemeral_owner=0,
                                             data_length=5, num_children=0))
        self.assertEqual(stat.czxid, client.last_zxid)

    def test_null_data_is_not_empty_data(self):
        client = self.client()
        client.create(self.base + '/null', None)
        client.create(self.base + '/empty', b'')
        self.assertIsNone(client.get_data(self.base + '/null')[0])
        self.assertEqual(client.get_data(self.base + '/empty')[0], b'')

    def test_sequence_numbers_count_every_child_ever_created(self):
        client = self.client()
        names = [client.create(self.base + '/s-', flags=wire.SEQUENTIAL)[-12:] for _ in range(3)]
        self.assertEqual(names, ['s-0000000000', 's-0000000001', 's-0000000002'])
        client.create(self.base + '/plain')
        client.delete(self.base + '/plain')
        self.assert_error(wire.NODE_EXISTS, client.create, self.base + '/s-0000000000')
        flags = wire.SEQUENTIAL | wire.EPHEMERAL
        self.assertEqual(client.create(self.base + '/s-', flags=flags)[-12:], 's-0000000004')
        self.assertEqual(client.create(self.base + '/', flags=wire.SEQUENTIAL),
                         self.base + '/0000000005')

    def test_an_ephemeral_has_its_session_as_owner_and_no_children(self):
        client = self.client()
        _, stat = client.create2(self.base + '/e', flags=wire.EPHEMERAL)
        self.assertEqual(stat.ephemeral_owner, client.session_id)
        self.assert_error(wire.NO_CHILDREN_FOR_EPHEMERALS, client.create, self.base + '/e/child')

    def test_refusals(self):
        client = self.client()
        for code, path in [(wire.NODE_EXISTS, self.base), (wire.NO_NODE, self.base + '/no/child'),
                           (wire.NODE_EXISTS, '/'), (wire.NODE_EXISTS, '/zookeeper'),
                           (wire.BAD_ARGUMENTS, ''), (wire.BAD_ARGUMENTS, 'relative'),
                           (wire.NO_NODE, 'a/b'), (wire.BAD_ARGUMENTS, self.base + '/'),
                           (wire.BAD_ARGUMENTS, self.base + '/..'), (wire.BAD_ARGUMENTS, '//'),
                           (wire.NO_NODE, self.base + '/./x'), (wire.BAD_ARGUMENTS, '/a\0b'),
                           (wire.BAD_ARGUMENTS, self.base + '/\u0001'),
                           (wire.BAD_ARGUMENTS, self.base + '/\ue000'),
                           (wire.BAD_ARGUMENTS, self.base + '/\U0001f600'),
                           (wire.MARSHALLING, None)]:
            with self.subTest(path=path):
                self.assert_error(code, client.create, path)

    def test_unusual_names_that_are_fine(self):
        client = self.client()
        for name in ('.x', 'x.', '...', 'a b', '\u00a0', 'ä%\\:', '日本'):
            with self.subTest(name=name):
                path = f'{self.base}/{name}'
                self.assertEqual(client.create(path, b'x'), path)
                self.assertEqual(client.get_data(path)[0], b'x')

    def test_flags_out_of_range_and_bad_acls(self):
        client = self.client()
        for flags in (-1, 7, 100):
            self.assert_error(wire.BAD_ARGUMENTS, client.create, self.base + '/f', b'', flags)
        for acls in ((), ((31, 'world', 'somebody'),), ((31, 'nobody', 'x'),),
                     ((31, 'auth', ''),), ((31, 'digest', 'no-colon'),), ((31, 'ip', '1.2.3'),)):
            with self.subTest(acls=acls):
                self.assert_error(wire.INVALID_ACL, client.create, self.base + '/f', b'', 0, acls)

    def test_a_failed_create_uses_no_sequence_number(self):
        client = self.client()
        self.assert_error(wire.INVALID_ACL, client.create, self.base + '/s', b'', 2, ())
        self.assertEqual(client.create(self.base + '/s', flags=2), self.base + '/s0000000000')


class DeleteTest(ServedTest):
    def test_delete_checks_version_and_children(self):
        client = self.client()
        client.create(self.base + '/a')
        client.create(self.base + '/a/b')
        client.set_data(self.base + '/a', b'x')
        self.assert_error(wire.BAD_VERSION, client.delete, self.base + '/a', 0)
        self.assert_error(wire.NOT_EMPTY, client.delete, self.base + '/a', 1)
        client.delete(self.base + '/a/b', -1)
        client.delete(self.base + '/a', 1)
        self.assert_error(wire.NO_NODE, client.delete, self.base + '/a')
        self.assert_error(wire.NO_NODE, client.exists, self.base + '/a')

    def test_reserved_nodes_and_bad_paths(self):
        client = self.client()
        for code, path in [(wire.BAD_ARGUMENTS, '/'), (wire.BAD_ARGUMENTS, '/zookeeper'),
                           (wire.BAD_ARGUMENTS, '/zookeeper/quota'),
                           (wire.BAD_ARGUMENTS, '/zookeeper/config'), (wire.BAD_ARGUMENTS, 'x'),
                           (wire.NO_NODE, self.base + '/'), (wire.MARSHALLING, None)]:
            with self.subTest(path=path):
                self.assert_error(code, client.delete, path)

    def test_a_node_created_again_starts_from_nothing(self):
        client = self.client()
        client.create(self.base + '/a')
        client.create(self.base + '/a/s', flags=wire.SEQUENTIAL)
        client.delete(self.base + '/a/s0000000000')
        client.delete(self.base + '/a')
        _, stat = client.create2(self.base + '/a')
        self.assertEqual((stat.version, stat.cversion, stat.czxid), (0, 0, client.last_zxid))
        self.assertEqual(client.create(self.base + '/a/s', flags=2), self.base + '/a/s0000000000')


class DataTest(ServedTest):
    def test_set_data_changes_data_version_mzxid_and_mtime_only(self):
        client = self.client()
        before = client.exists(self.base)
        after = client.set_data(self.base, b'new data')
        self.assertEqual(after, before._replace(mzxid=client.last_zxid, mtime=after.mtime,
                                                version=1, data_length=8))
        self.assertGreaterEqual(after.mtime, before.mtime)
        self.assertEqual(client.get_data(self.base), (b'new data', after))

    def test_set_data_checks_the_version(self):
        client = self.client()
        self.assertEqual(client.set_data(self.base, b'1', 0).version, 1)
        self.assert_error(wire.BAD_VERSION, client.set_data, self.base, b'2', 0)
        self.assert_error(wire.BAD_VERSION, client.set_data, self.base, b'2', -2)
        self.assertEqual(client.set_data(self.base, b'3', -1).version, 2)
        self.assertEqual(client.get_data(self.base)[0], b'3')

    def test_missing_nodes_and_bad_paths(self):
        client = self.client()
        self.assert_error(wire.NO_NODE, client.set_data, self.base + '/no', b'')
        for path in (None, '', 'x', self.base + '/', self.base + '//x', '/a\0b'):
            with self.subTest(path=path):
                self.assert_error(wire.BAD_ARGUMENTS, client.set_data, path, b'')
        for call in (client.get_data, client.exists, client.get_children, client.get_children2):
            with self.subTest(call=call.__name__):
                self.assert_error(wire.NO_NODE, call, self.base + '/no')
                self.assert_error(wire.NO_NODE, call, self.base + '/')
                self.assert_error(wire.NO_NODE, call, 'x')
                self.assert_error(wire.MARSHALLING, call, None)
                call('')  # acts on the root

    def test_a_failed_write_takes_no_zxid(self):
        client = self.client()
        before = client.ping().zxid
        self.assert_error(wire.NO_NODE, client.delete, self.base + '/no')
        self.assert_error(wire.BAD_VERSION, client.set_data, self.base, b'', 9)
        self.assertEqual(client.ping().zxid, before)

    def test_data_is_kept_byte_for_byte(self):
        client = self.client()
        for size in (0, 1, 4095, 4096, 4097, 100_000):
            data = bytes(i * 31 % 256 for i in range(size))
            client.set_data(self.base, data)
            self.assertEqual(client.get_data(self.base)[0], data)


class ChildrenTest(ServedTest):
    def test_children_and_what_they_do_to_the_parent(self):
        client = self.client()
        before = client.exists(self.base)
        for name in ('b', 'a', 'c'):
            client.create(f'{self.base}/{name}')
        client.delete(self.base + '/a')
        zxid = client.last_zxid
        names, stat = client.get_children2(self.base)
        self.assertEqual(sorted(names), ['b', 'c'])
        self.assertEqual(sorted(client.get_children(self.base)), ['b', 'c'])
        self.assertEqual(stat, before._replace(pzxid=zxid, cversion=4, num_children=2))
        client.set_data(self.base + '/b', b'x')
        self.assertEqual(client.exists(self.base), stat)

    def test_many_children(self):
        client = self.client()
        count = 5000
        stream = b''.join(wire.request(i, wire.CREATE, wire.create_body(f'{self.base}/child-{i}'))
                          for i in range(count))
        client.send_bytes(stream)
        self.assertEqual([client.reply().error for _ in range(count)], [0] * count)
        names, stat = client.get_children2(self.base)
        self.assertEqual(set(names), {f'child-{i}' for i in range(count)})
        self.assertEqual((stat.num_children, stat.cversion), (count, count))

    def test_the_reserved_nodes_are_there(self):
        client = self.client()
        self.assertIn('zookeeper', client.get_children('/'))
        self.assertEqual(sorted(client.get_children('/zookeeper'))[:2], ['config', 'quota'])
        self.assertEqual(client.get_data('/zookeeper/config')[0], b'')
        self.assertEqual(client.exists('/zookeeper').czxid, 0)


class SyncTest(ServedTest):
    def test_sync_echoes_the_path_unchecked(self):
        client = self.client()
        for path in ('/', self.base, '/no/such', 'relative', '', None):
            self.assertEqual(client.sync(path), path)

    def test_R18_sync_sees_what_another_client_was_told(self):
        writer, reader = self.client(), self.client()
        for i in range(20):
            writer.set_data(self.base, str(i).encode())
            reader.sync(self.base)
            self.assertEqual(reader.get_data(self.base)[0], str(i).encode())


if __name__ == '__main__':
    tap.main()
