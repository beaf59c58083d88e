"""addWatch in both modes, beside one-shot watches; checkWatches, removeWatches and setWatches2."""

import functools

import tap
import wire
from served import ServedTest

KINDS = {'children': wire.OF_CHILDREN, 'data': wire.OF_DATA, 'any': wire.OF_ANY,
         'persistent': wire.OF_PERSISTENT, 'recursive': wire.OF_RECURSIVE}


class Watching(ServedTest):
    def setUp(self):
        super().setUp()
        self.watcher, self.writer = self.client(), self.client()

    def path(self, name):
        return f'{self.base}/{name}'

    def assert_events(self, *expected):
        """Exactly these (type, path) are what the watcher has got of all that was written."""
        self.watcher.sync(self.base)
        events, self.watcher.events = self.watcher.events, []
        self.assertEqual([event[:2] for event in events], list(expected))
        return events


class AddWatchTest(Watching):
    def test_the_body_of_the_reply_is_four_zeros(self):
        body = wire.text(self.base) + wire.int32(wire.RECURSIVE_WATCH)
        self.assertEqual(self.watcher.call(wire.ADD_WATCH, body).body.rest(), bytes(4))

    def test_a_persistent_watch_stays_and_sees_node_and_children(self):
        self.watcher.add_watch(self.path('a'), wire.PERSISTENT_WATCH)
        for _ in range(2):
            self.writer.create(self.path('a'))
            self.writer.set_data(self.path('a'), b'')
            self.writer.create(self.path('a/b'))
            self.writer.set_data(self.path('a/b'), b'')
            self.writer.delete(self.path('a/b'))
            self.writer.delete(self.path('a'))
            self.assert_events((wire.CREATED, self.path('a')), (wire.DATA_CHANGED, self.path('a')),
                               (wire.CHILDREN_CHANGED, self.path('a')),
                               (wire.CHILDREN_CHANGED, self.path('a')),
                               (wire.DELETED, self.path('a')))

    def test_a_recursive_watch_sees_the_subtree_and_no_children_events(self):
        self.watcher.add_watch(self.path('a'), wire.RECURSIVE_WATCH)
        for path in ('a', 'aa', 'a/b', 'a/b/c'):
            self.writer.create(self.path(path))
        self.writer.set_data(self.path('a/b/c'), b'')
        for path in ('a/b/c', 'a/b', 'aa', 'a'):
            self.writer.delete(self.path(path))
        self.assert_events(*((wire.CREATED, self.path(path)) for path in ('a', 'a/b', 'a/b/c')),
                           (wire.DATA_CHANGED, self.path('a/b/c')),
                           *((wire.DELETED, self.path(path)) for path in ('a/b/c', 'a/b', 'a')))

    def test_a_recursive_watch_of_the_root_sees_everything(self):
        self.watcher.add_watch('/', wire.RECURSIVE_WATCH)
        self.writer.create(self.path('a'))
        self.assert_events((wire.CREATED, self.path('a')))

    def test_modes_of_one_path_coexist_and_an_event_comes_once(self):
        self.watcher.add_watch(self.base, wire.PERSISTENT_WATCH)
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        self.watcher.get_data(self.base, watch=True)
        self.watcher.get_children(self.base, watch=True)
        for _ in range(2):
            self.writer.set_data(self.base, b'')
            self.writer.create(self.path('a'))
            self.writer.delete(self.path('a'))
            self.assert_events((wire.DATA_CHANGED, self.base), (wire.CREATED, self.path('a')),
                               (wire.CHILDREN_CHANGED, self.base), (wire.DELETED, self.path('a')),
                               (wire.CHILDREN_CHANGED, self.base))

    def test_a_one_shot_read_does_not_take_a_persistent_watch_away(self):
        self.watcher.add_watch(self.base, wire.PERSISTENT_WATCH)
        self.watcher.get_data(self.base, watch=True)
        self.writer.set_data(self.base, b'')
        self.writer.set_data(self.base, b'')
        self.assert_events(*[(wire.DATA_CHANGED, self.base)] * 2)

    def test_events_carry_the_zxid_of_their_transaction(self):
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        self.watcher.exists(self.base, watch=True)
        zxids = []
        for i in range(3):
            self.writer.create(self.path(str(i)))
            zxids.append(self.writer.last_zxid)
        self.writer.set_data(self.base, b'')
        zxids.append(self.writer.last_zxid)
        self.watcher.sync(self.base)
        self.assertEqual([event.zxid for event in self.watcher.events], zxids)

    def test_no_mode_but_0_and_1(self):
        for mode in (-1, 2, 7):
            self.assert_error(wire.MARSHALLING, self.watcher.add_watch, self.base, mode)

    def test_no_path_is_checked(self):
        for path in ('relative', '', self.path('no/such')):
            self.assertEqual(self.watcher.add_watch(path, wire.PERSISTENT_WATCH), 0)

    def test_watches_die_with_their_connection(self):
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        again = self.raw_client()
        again.resume(self.watcher)
        self.watcher = again
        self.writer.create(self.path('a'))
        self.assert_events()

    def test_one_multi_tells_a_recursive_watch_each_step(self):
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        self.writer.multi(*((wire.CREATE, wire.create_body(self.path(name))) for name in 'abc'))
        events = self.assert_events(*((wire.CREATED, self.path(name)) for name in 'abc'))
        self.assertEqual(len({event.zxid for event in events}), 1)


class CheckAndRemoveTest(Watching):
    def watch_in_every_way(self):
        self.watcher.get_data(self.base, watch=True)
        self.watcher.get_children(self.base, watch=True)
        self.watcher.add_watch(self.base, wire.PERSISTENT_WATCH)
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)

    def found(self):
        """The kinds that checkWatches finds."""
        kinds = set()
        for name, kind in KINDS.items():
            try:
                self.watcher.check_watches(self.base, kind)
                kinds.add(name)
            except wire.ServerError as error:
                self.assertEqual(error.code, wire.NO_WATCHER)
        return kinds

    def test_each_kind_is_found_by_itself_and_as_any(self):
        self.assertEqual(self.found(), set())
        ways = {'children': lambda: self.watcher.get_children(self.base, True),
                'data': lambda: self.watcher.get_data(self.base, True),
                'persistent': lambda: self.watcher.add_watch(self.base, wire.PERSISTENT_WATCH),
                'recursive': lambda: self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)}
        for name, set_watch in ways.items():
            set_watch()
            self.assertEqual(self.found(), {name, 'any'})
            self.watcher.remove_watches(self.base, KINDS[name])
            self.assertEqual(self.found(), set())

    def test_removing_one_kind_leaves_the_others(self):
        for name in ('children', 'data', 'persistent', 'recursive'):
            self.watch_in_every_way()
            self.watcher.remove_watches(self.base, KINDS[name])
            self.assertEqual(self.found(), set(KINDS) - {name})

    def test_removing_any_removes_all_and_no_event_is_sent(self):
        self.watch_in_every_way()
        reply = self.watcher.remove_watches(self.base, wire.OF_ANY)
        self.assertEqual(reply.body.rest(), b'')
        self.assertEqual(self.found(), set())
        self.writer.set_data(self.base, b'')
        self.writer.create(self.path('a'))
        self.assert_events()

    def test_only_the_exact_path_and_the_own_connection(self):
        self.watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        self.assert_error(wire.NO_WATCHER, self.watcher.remove_watches, self.path('a'),
                          wire.OF_ANY)
        self.assert_error(wire.NO_WATCHER, self.writer.remove_watches, self.base, wire.OF_ANY)
        self.assertEqual(self.found(), {'recursive', 'any'})

    def test_no_other_type(self):
        for kind in (0, 6, -1):
            for call in (self.watcher.check_watches, self.watcher.remove_watches):
                self.assert_error(wire.MARSHALLING, call, self.base, kind)

    def test_checking_changes_nothing(self):
        self.watcher.get_data(self.base, watch=True)
        for kind in KINDS.values():
            try:
                self.watcher.check_watches(self.base, kind)
            except wire.ServerError:
                pass
        self.writer.set_data(self.base, b'')
        self.assert_events((wire.DATA_CHANGED, self.base))


class SetWatches2Test(Watching):
    def test_all_five_lists(self):
        for name in ('changed', 'same', 'parent'):
            self.writer.create(self.path(name))
        zxid = self.writer.last_zxid
        self.writer.set_data(self.path('changed'), b'x')
        again = self.raw_client()
        again.resume(self.watcher)
        self.watcher = again
        self.watcher.set_watches2(zxid, data=[self.path('changed'), self.path('same')],
                                  exist=[self.path('later')], child=[self.path('parent')],
                                  persistent=[self.path('p')], recursive=[self.path('r')])
        events = self.assert_events((wire.DATA_CHANGED, self.path('changed')))
        self.assertEqual(events[0].zxid, -1)
        for _ in range(2):
            for path in ('p', 'p/x', 'r', 'r/x', 'later', 'parent/x'):
                self.writer.create(self.path(path))
            for path in ('p/x', 'p', 'r/x', 'r', 'later', 'parent/x'):
                self.writer.delete(self.path(path))
        once = [(wire.CREATED, self.path('later')), (wire.CHILDREN_CHANGED, self.path('parent'))]
        created = [(wire.CREATED, self.path('p')), (wire.CHILDREN_CHANGED, self.path('p')),
                   (wire.CREATED, self.path('r')), (wire.CREATED, self.path('r/x'))]
        deleted = [(wire.CHILDREN_CHANGED, self.path('p')), (wire.DELETED, self.path('p')),
                   (wire.DELETED, self.path('r/x')), (wire.DELETED, self.path('r'))]
        self.assert_events(*created, *once, *deleted, *created, *deleted)

    def test_null_lists_are_an_error(self):
        for name in ('data', 'exist', 'child', 'persistent', 'recursive'):
            for paths in (None, [self.path('p'), None]):
                self.assert_error(wire.MARSHALLING,
                                  functools.partial(self.watcher.set_watches2, 1, **{name: paths}))
        self.writer.create(self.path('p'))
        self.assert_events()


if __name__ == '__main__':
    tap.main()
