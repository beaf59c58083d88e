"""One-shot watches and setWatches seen in bytes: which event, how often, and before what."""

import functools

import tap
import wire
from served import ServedTest


class WatchTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.watcher, self.writer = self.client(), self.client()

    def assert_events(self, *expected):
        """Exactly these (type, path) have come, in this order, before the reply to a ping."""
        self.watcher.ping()
        events, self.watcher.events = self.watcher.events, []
        self.assertEqual([event[:2] for event in events], list(expected))
        return events

    def after_writer(self):
        """Makes the watcher's next request see all that the writer did."""
        self.watcher.sync(self.base)

    def test_a_data_watch_fires_once(self):
        self.watcher.get_data(self.base, watch=True)
        self.writer.set_data(self.base, b'1')
        self.writer.set_data(self.base, b'2')
        self.after_writer()
        self.assert_events((wire.DATA_CHANGED, self.base))

    def test_an_exists_watch_waits_for_the_creation(self):
        path = self.base + '/later'
        self.assert_error(wire.NO_NODE, self.watcher.exists, path, True)
        self.writer.create(path)
        self.writer.delete(path)
        self.after_writer()
        self.assert_events((wire.CREATED, path))

    def test_an_exists_watch_on_a_node_sees_data_and_deletion(self):
        self.writer.create(self.base + '/a')
        self.watcher.exists(self.base + '/a', watch=True)
        self.writer.set_data(self.base + '/a', b'')
        self.after_writer()
        self.assert_events((wire.DATA_CHANGED, self.base + '/a'))
        self.watcher.exists(self.base + '/a', watch=True)
        self.writer.delete(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.DELETED, self.base + '/a'))

    def test_a_read_that_fails_sets_no_watch(self):
        path = self.base + '/later'
        for call in (self.watcher.get_data, self.watcher.get_children, self.watcher.get_children2):
            self.assert_error(wire.NO_NODE, call, path, True)
        self.writer.create(path)
        self.after_writer()
        self.assert_events()

    def test_a_child_watch_sees_children_come_and_go_but_not_data(self):
        self.watcher.get_children(self.base, watch=True)
        self.writer.set_data(self.base, b'x')
        self.after_writer()
        self.assert_events()
        self.writer.create(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.CHILDREN_CHANGED, self.base))
        self.watcher.get_children2(self.base, watch=True)
        self.writer.delete(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.CHILDREN_CHANGED, self.base))

    def test_a_child_watch_sees_the_deletion_of_its_node(self):
        self.writer.create(self.base + '/a')
        self.watcher.get_children(self.base + '/a', watch=True)
        self.writer.delete(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.DELETED, self.base + '/a'))

    def test_one_connection_gets_one_event_for_one_change(self):
        self.writer.create(self.base + '/a')
        for _ in range(3):
            self.watcher.get_data(self.base + '/a', watch=True)
            self.watcher.exists(self.base + '/a', watch=True)
            self.watcher.get_children(self.base + '/a', watch=True)
        self.writer.delete(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.DELETED, self.base + '/a'))

    def test_the_event_of_the_node_comes_before_that_of_its_parent(self):
        self.assert_error(wire.NO_NODE, self.watcher.exists, self.base + '/a', True)
        self.watcher.get_children(self.base, watch=True)
        self.writer.create(self.base + '/a')
        self.after_writer()
        self.assert_events((wire.CREATED, self.base + '/a'), (wire.CHILDREN_CHANGED, self.base))

    def test_the_writer_sees_its_own_event_before_its_reply(self):
        self.watcher.get_data(self.base, watch=True)
        body = wire.text(self.base) + wire.blob(b'') + wire.int32(-1)
        xid = self.watcher.send(wire.SET_DATA, body)
        self.assertEqual(self.watcher.event()[:2], (wire.DATA_CHANGED, self.base))
        self.assertEqual(self.watcher.reply().xid, xid)

    def test_no_reply_shows_the_change_before_the_event(self):
        self.watcher.get_data(self.base, watch=True)
        self.writer.set_data(self.base, b'new')
        self.watcher.send(wire.GET_DATA, wire.watch_body(self.base))
        self.assertEqual(self.watcher.event()[:2], (wire.DATA_CHANGED, self.base))
        self.assertEqual(self.watcher.reply().body.blob(), b'new')

    def test_a_failed_write_fires_nothing(self):
        self.watcher.get_data(self.base, watch=True)
        self.watcher.get_children(self.base, watch=True)
        self.assert_error(wire.BAD_VERSION, self.writer.set_data, self.base, b'', 7)
        self.assert_error(wire.NODE_EXISTS, self.writer.create, self.base)
        self.after_writer()
        self.assert_events()

    def test_events_of_many_transactions_come_in_their_order(self):
        paths = [f'{self.base}/{i}' for i in range(50)]
        for path in paths:
            self.assert_error(wire.NO_NODE, self.watcher.exists, path, True)
        for path in paths:
            self.writer.create(path)
        self.after_writer()
        events = self.assert_events(*((wire.CREATED, path) for path in paths))
        zxids = [event.zxid for event in events]
        self.assertEqual(zxids, sorted(zxids))

    def test_watches_die_with_their_connection(self):
        self.watcher.get_data(self.base, watch=True)
        second = self.raw_client()
        second.resume(self.watcher)
        self.watcher = second
        self.writer.set_data(self.base, b'x')
        self.after_writer()
        self.assert_events()

    def test_every_watching_connection_gets_the_event(self):
        watchers = [self.client() for _ in range(20)]
        for watcher in watchers:
            watcher.get_data(self.base, watch=True)
        self.writer.set_data(self.base, b'x')
        for watcher in watchers:
            self.assertEqual(watcher.event()[:2], (wire.DATA_CHANGED, self.base))


class SetWatchesTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.client_ = self.client()
        for name in ('changed', 'deleted', 'same', 'parent'):
            self.client_.create(f'{self.base}/{name}')
        self.zxid = self.client_.last_zxid

    def path(self, name):
        return f'{self.base}/{name}'

    def set_watches(self, **lists):
        """Events that came before the reply of setWatches on a new connection."""
        client = self.raw_client()
        client.resume(self.client_)
        reply = client.set_watches(self.zxid, **lists)
        self.assertEqual((reply.error, reply.body.rest()), (0, b''))
        self.client_, events = client, client.events
        client.events = []
        return [event[:2] for event in events]

    def test_what_was_missed_is_told_at_once_and_not_again(self):
        self.client_.set_data(self.path('changed'), b'x')
        self.client_.delete(self.path('deleted'))
        self.client_.create(self.path('created'))
        self.client_.create(self.path('parent/child'))
        events = self.set_watches(data=[self.path('changed'), self.path('deleted'),
                                        self.path('same')],
                                  exist=[self.path('created'), self.path('never')],
                                  child=[self.path('parent'), self.path('deleted'),
                                         self.path('same')])
        self.assertEqual(events, [(wire.DATA_CHANGED, self.path('changed')),
                                  (wire.DELETED, self.path('deleted')),
                                  (wire.CREATED, self.path('created')),
                                  (wire.CHILDREN_CHANGED, self.path('parent')),
                                  (wire.DELETED, self.path('deleted'))])
        self.client_.set_data(self.path('changed'), b'y')
        self.client_.create(self.path('parent/other'))
        self.assertEqual(self.client_.events, [])

    def test_the_rest_is_registered(self):
        self.assertEqual(self.set_watches(data=[self.path('same')], exist=[self.path('never')],
                                          child=[self.path('parent')]), [])
        self.client_.set_data(self.path('same'), b'x')
        self.client_.create(self.path('never'))
        self.client_.create(self.path('parent/child'))
        self.assertEqual([event[:2] for event in self.client_.events],
                         [(wire.DATA_CHANGED, self.path('same')),
                          (wire.CREATED, self.path('never')),
                          (wire.CHILDREN_CHANGED, self.path('parent'))])

    def test_null_lists_are_an_error(self):
        self.assert_error(wire.MARSHALLING, self.client_.set_watches, self.zxid, None)

    def test_a_null_path_is_an_error_and_nothing_of_the_request_happens(self):
        self.client_.set_data(self.path('changed'), b'x')
        for lists in ({'data': [self.path('changed'), self.path('same'), None]},
                      {'data': [self.path('same')], 'exist': [None, self.path('never')]},
                      {'exist': [self.path('never')], 'child': [self.path('parent'), None]}):
            self.assert_error(wire.MARSHALLING,
                              functools.partial(self.client_.set_watches, self.zxid, **lists))
        self.client_.set_data(self.path('same'), b'x')
        self.client_.create(self.path('never'))
        self.client_.create(self.path('parent/child'))
        self.assertEqual(self.client_.events, [])


if __name__ == '__main__':
    tap.main()
