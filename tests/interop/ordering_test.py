"""What a client may rely on about the order of replies and events, while others write."""

import tap
import wire
from served import ServedTest


class OrderingTest(ServedTest):
    arguments = ('--max-client-cnxns', '0')

    def setUp(self):
        super().setUp()
        self.zk = self.client()

    def pipeline(self, client, requests):
        """Sends all in one stream and returns the replies."""
        client.send_bytes(b''.join(wire.request(xid, *r) for xid, r in enumerate(requests)))
        replies = [client.reply() for _ in requests]
        self.assertEqual([reply.xid for reply in replies], list(range(len(requests))))
        return replies

    def test_R11_a_read_sees_the_writes_before_it_and_none_behind(self):
        rounds = 60
        requests = []
        for i in range(rounds):
            value = str(i).encode()
            requests += [
                (wire.SET_DATA, wire.set_data_body(self.base, value)),
                (wire.GET_DATA, wire.watch_body(self.base)),
                (wire.CREATE, wire.create_body(f'{self.base}/{i}', value, wire.EPHEMERAL)),
                (wire.GET_CHILDREN2, wire.watch_body(self.base)),
                (wire.GET_EPHEMERALS, wire.text('/')),
                (wire.DELETE, wire.version_body(self.base)),  # refused: it has a child
                (wire.EXISTS, wire.watch_body(f'{self.base}/{i + 1}')),
                (wire.SYNC, wire.text(self.base)),
            ]
        replies = self.pipeline(self.zk, requests)
        for i in range(rounds):
            _, data, _, children, ephemerals, refused, later, _ = replies[8 * i:8 * i + 8]
            self.assertEqual(data.body.blob(), str(i).encode())
            self.assertEqual(len(children.body.texts()), i + 1)
            self.assertEqual(children.body.stat().num_children, i + 1)
            self.assertEqual(len(ephemerals.body.texts()), i + 1)
            self.assertEqual((refused.error, later.error), (wire.NOT_EMPTY, wire.NO_NODE))
        zxids = [reply.zxid for reply in replies]
        self.assertEqual(zxids, sorted(zxids))

    def test_R12_every_event_stands_before_the_replies_that_show_its_zxid(self):
        """Writes of one connection, seen by watchers that ask all the time."""
        watchers = [self.client() for _ in range(8)]
        for watcher in watchers:
            watcher.add_watch(self.base, wire.RECURSIVE_WATCH)
        count = 200
        self.zk.send_bytes(b''.join(
            wire.request(i, wire.CREATE, wire.create_body(f'{self.base}/{i}'))
            for i in range(count)))
        for watcher in watchers:
            watcher.send_bytes(b''.join(wire.request(i, wire.GET_CHILDREN2,
                                                     wire.watch_body(self.base))
                                        for i in range(count)))
        written = [self.zk.reply().zxid for _ in range(count)]
        for watcher in watchers:
            for _ in range(count):
                reply = watcher.reply()
                seen = len(reply.body.texts())
                self.assertEqual([event.zxid for event in watcher.events], written[:seen])
                self.assertTrue(seen == count or reply.zxid < written[seen])
            watcher.sync(self.base)
            self.assertEqual([event.zxid for event in watcher.events], written)

    def test_R16_a_large_fan_out_is_whole_before_a_reply_that_shows_it(self):
        """One transaction, and more events than are worked off in one slice."""
        names = [f'{self.base}/{i}' for i in range(2000)]
        self.zk.multi(*((wire.CREATE, wire.create_body(name)) for name in names))
        watchers = [self.client() for _ in range(10)]
        for watcher in watchers:
            self.pipeline(watcher, [(wire.GET_DATA, wire.watch_body(name, True))
                                    for name in names])
        self.zk.send(wire.MULTI, wire.multi_body((wire.DELETE, wire.version_body(name))
                                                 for name in names))
        for watcher in watchers:
            # Asks without a pause, so as to meet the fan-out half-way.
            error, probe = 0, wire.watch_body(names[-1])
            while error == 0:
                self.assertEqual(watcher.events, [])
                watcher.send(wire.EXISTS, probe)
                error = watcher.reply().error
            self.assertEqual(error, wire.NO_NODE)
            self.assertEqual([event[:2] for event in watcher.events],
                             [(wire.DELETED, name) for name in names])
            self.assertEqual(len({event.zxid for event in watcher.events}), 1)
        self.assertEqual(self.zk.reply().error, 0)

    def test_R16_a_large_read_is_of_one_moment_and_its_event_comes_behind_it(self):
        """Children that are created while a getChildren of many is under way, with a watch."""
        count = 20_000
        for first in range(0, count, 2000):
            self.zk.multi(*((wire.CREATE, wire.create_body(f'{self.base}/{i:050}'))
                            for i in range(first, first + 2000)))
        readers = [self.client() for _ in range(4)]
        for reader in readers:
            reader.send(wire.GET_CHILDREN2, wire.watch_body(self.base, True))
        later = 200
        self.zk.send_bytes(b''.join(
            wire.request(i, wire.CREATE, wire.create_body(f'{self.base}/later-{i:03}'))
            for i in range(later)))
        written = [self.zk.reply().zxid for _ in range(later)]
        for reader in readers:
            reply = reader.reply()
            self.assertEqual(reader.events, [])
            names, stat = reply.body.texts(), reply.body.stat()
            seen = len(names) - count
            self.assertEqual((len(set(names)), stat.num_children, stat.cversion),
                             (len(names), len(names), len(names)))
            self.assertEqual({name for name in names if name.startswith('later')},
                             {f'later-{i:03}' for i in range(seen)})
            if seen < later:
                self.assertEqual(reader.event(),
                                 (wire.CHILDREN_CHANGED, self.base, written[seen]))
            reader.sync(self.base)
            self.assertEqual(reader.events, [])


class SleepTest(ServedTest):
    # No deadline of a session wakes a reactor within hours: it sleeps until somebody wakes it.
    arguments = ('--tick-time', '600000')

    def test_R5_a_sleeping_reactor_is_woken_for_its_answers_and_events(self):
        clients = [self.client() for _ in range(4)]  # at least one for each reactor
        for client in clients:
            client.get_data(self.base, watch=True)
        clients[0].set_data(self.base, b'x')
        for client in clients:
            self.assertEqual(client.event()[:2], (wire.DATA_CHANGED, self.base))
            client.create(f'{self.base}/{client.session_id}')
            client.sync(self.base)


if __name__ == '__main__':
    tap.main()
