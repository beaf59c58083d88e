"""multi, check and multiRead seen in bytes: all or nothing, results in order, one zxid."""

import tap
import wire
from served import ServedTest


class MultiTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def path(self, name):
        return f'{self.base}/{name}'

    def create(self, name, **fields):
        return wire.CREATE, wire.create_body(self.path(name), **fields)

    def test_every_kind_of_operation_in_one_transaction(self):
        self.zk.create(self.path('old'))
        results = self.zk.multi(
            self.create('plain', data=b'1'),
            (wire.CREATE2, wire.create_body(self.path('two'), b'22')),
            (wire.CREATE_CONTAINER, wire.create_body(self.path('box'), flags=wire.CONTAINER)),
            (wire.CREATE_TTL, wire.ttl_body(self.path('short'), ttl_ms=100000)),
            self.create('s-', flags=wire.SEQUENTIAL),
            self.create('e', flags=wire.EPHEMERAL),
            (wire.SET_DATA, wire.set_data_body(self.path('plain'), b'new', 0)),
            (wire.CHECK, wire.version_body(self.path('plain'), 1)),
            (wire.DELETE, wire.version_body(self.path('old'), 0)))
        self.assertEqual([(kind, error) for kind, error, _ in results],
                         [(wire.CREATE, 0)] + [(wire.CREATE2, 0)] * 3 + [(wire.CREATE, 0)] * 2
                         + [(wire.SET_DATA, 0), (wire.CHECK, 0), (wire.DELETE, 0)])
        self.assertEqual(results[0][2], self.path('plain'))
        self.assertEqual(results[4][2], self.path('s-0000000005'))
        stats = [results[1][2][1], self.zk.exists(self.path('plain')),
                 self.zk.exists(self.path('e'))]
        self.assertEqual({stat.czxid for stat in stats}, {results[6][2].mzxid})
        self.assertEqual(len({stat.ctime for stat in stats}), 1)
        self.assertEqual(results[6][2].version, 1)
        self.assertEqual(sorted(self.zk.get_children(self.base)),
                         ['box', 'e', 'plain', 's-0000000005', 'short', 'two'])

    def test_an_operation_sees_those_before_it(self):
        results = self.zk.multi(self.create('a'), self.create('a/b'),
                                (wire.SET_DATA, wire.set_data_body(self.path('a'), b'x', 0)),
                                (wire.CHECK, wire.version_body(self.path('a'), 1)),
                                (wire.DELETE, wire.version_body(self.path('a/b'))),
                                (wire.DELETE, wire.version_body(self.path('a'), 1)))
        self.assertEqual([error for _, error, _ in results], [0] * 6)
        self.assert_error(wire.NO_NODE, self.zk.exists, self.path('a'))

    def test_the_first_failure_undoes_all_and_the_rest_is_rolled_back(self):
        before = self.zk.exists(self.base)
        failures = [((wire.CHECK, wire.version_body(self.base, 7)), wire.BAD_VERSION),
                    (self.create('x'), wire.NODE_EXISTS),
                    (self.create('no/child'), wire.NO_NODE),
                    ((wire.DELETE, wire.version_body(self.path('no'))), wire.NO_NODE),
                    ((wire.SET_DATA, wire.set_data_body(self.base, b'', 9)), wire.BAD_VERSION),
                    (self.create('y', acls=()), wire.INVALID_ACL)]
        for operation, code in failures:
            with self.subTest(code=code, operation=operation[0]):
                results = self.zk.multi(self.create('x'), self.create('s-', flags=2), operation,
                                        self.create('z'), self.create('x'))
                errors = [0, 0, code, wire.ROLLED_BACK, wire.ROLLED_BACK]
                self.assertEqual(results, [(-1, error, error) for error in errors])
        self.assertEqual(self.zk.exists(self.base), before)
        self.assertEqual(self.zk.create(self.path('s-'), flags=2), self.path('s-0000000000'))

    def test_a_failed_multi_takes_no_zxid_and_fires_nothing(self):
        self.zk.get_children(self.base, watch=True)
        before = self.zk.last_zxid
        self.zk.multi(self.create('x'), (wire.CHECK, wire.version_body(self.base, 7)))
        self.zk.ping()
        self.assertEqual((self.zk.last_zxid, self.zk.events), (before, []))

    def test_an_empty_multi_has_an_empty_answer(self):
        self.assertEqual(self.zk.multi(), [])
        self.assertEqual(self.zk.multi_read(), [])

    def test_what_does_not_belong_into_a_multi_fails_it_whole(self):
        cases = {
            'reads': wire.multi_body([(wire.GET_DATA, wire.watch_body(self.base))]),
            'setACL': wire.multi_body([(wire.SET_ACL, wire.text(self.base)
                                        + wire.acl(wire.OPEN_ACL) + wire.int32(-1))]),
            'bad flags': wire.multi_body([self.create('f', flags=7)]),
            'no end mark': wire.multi_body([self.create('f')])[:-9],
        }
        for name, body in cases.items():
            with self.subTest(name):
                self.assert_error(wire.MARSHALLING, self.zk.call, wire.MULTI, body)
        self.assertEqual(self.zk.get_children(self.base), [])

    def test_watchers_see_a_multi_whole(self):
        watcher = self.client()
        watcher.get_children(self.base, watch=True)
        for name in 'ab':
            self.assert_error(wire.NO_NODE, watcher.exists, self.path(name), True)
        self.zk.multi(self.create('a'), self.create('b'))
        watcher.sync(self.base)
        self.assertEqual([event[:2] for event in watcher.events],
                         [(wire.CREATED, self.path('a')), (wire.CHILDREN_CHANGED, self.base),
                          (wire.CREATED, self.path('b'))])
        self.assertEqual({event.zxid for event in watcher.events}, {self.zk.last_zxid})

    def test_check_outside_a_multi_is_unknown_and_closes(self):
        xid = self.zk.send(wire.CHECK, wire.version_body(self.base))
        reply = self.zk.reply()
        self.assertEqual((reply.xid, reply.zxid, reply.error), (xid, -1, wire.UNIMPLEMENTED))
        self.assert_closed(self.zk)

    def test_multi_read_answers_each_for_itself_and_sets_no_watch(self):
        self.zk.create(self.path('a'), b'data')
        results = self.zk.multi_read((wire.GET_DATA, wire.watch_body(self.path('a'), True)),
                                     (wire.GET_DATA, wire.watch_body(self.path('no'), True)),
                                     (wire.GET_CHILDREN, wire.watch_body(self.base, True)))
        self.assertEqual(results, [(wire.GET_DATA, 0, (b'data', self.zk.exists(self.path('a')))),
                                   (-1, wire.NO_NODE, wire.NO_NODE),
                                   (wire.GET_CHILDREN, 0, ['a'])])
        self.zk.set_data(self.path('a'), b'')
        self.zk.create(self.path('b'))
        self.assertEqual(self.zk.events, [])

    def test_a_large_multi(self):
        results = self.zk.multi(*(self.create(f'{i}') for i in range(2000)))
        self.assertEqual([result[1] for result in results], [0] * 2000)
        self.assertEqual(len(self.zk.get_children(self.base)), 2000)


if __name__ == '__main__':
    tap.main()
