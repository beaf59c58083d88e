"""ruok, srvr and mntr on the client port, and what the counters in mntr prove."""

import re

import tap
import wire
from served import ServedTest


class WordsTest(ServedTest):
    def test_ruok(self):
        self.assertEqual(wire.four_letter_word(self.port, 'ruok'), 'imok')

    def test_srvr(self):
        client = self.client()
        client.ping()
        lines = wire.four_letter_word(self.port, 'srvr')
        self.assertRegex(lines, r'\AZookeeper version: [\w.-]+.*, built on .+\n'
                                r'Latency min/avg/max: \d+/[\d.]+/\d+\n'
                                r'Received: \d+\nSent: \d+\nConnections: \d+\nOutstanding: \d+\n'
                                r'Zxid: 0x[0-9a-f]+\nMode: standalone\nNode count: \d+\n\Z')
        zxid = int(re.search(r'Zxid: (\w+)', lines)[1], 16)
        self.assertEqual(zxid, client.ping().zxid)

    def test_mntr_counts_nodes_watches_ephemerals_and_connections(self):
        before = wire.mntr(self.port)
        self.assertEqual(before['server_state'], 'standalone')
        client = self.client()
        client.create(self.base + '/e', b'12345', flags=wire.EPHEMERAL)
        client.get_data(self.base + '/e', watch=True)
        client.get_children(self.base, watch=True)
        after = wire.mntr(self.port)

        def grown(key):
            return int(after[key]) - int(before[key])
        self.assertEqual(grown('znode_count'), 1)
        self.assertEqual(grown('watch_count'), 2)
        self.assertEqual(grown('ephemerals_count'), 1)
        self.assertEqual(grown('approximate_data_size'), len(self.base + '/e') + 5)
        self.assertGreaterEqual(grown('packets_received'), 4)
        self.assertGreaterEqual(int(after['num_alive_connections']), 1)
        for key in ('version', 'avg_latency', 'max_latency', 'min_latency', 'outstanding_requests',
                    'uptime', 'open_file_descriptor_count', 'max_file_descriptor_count'):
            self.assertIn(key, after)

    def test_unknown_words_are_closed_silently(self):
        self.assertEqual(wire.four_letter_word(self.port, 'abcd'), '')
        self.assertEqual(wire.four_letter_word(self.port, 'RUOK'), '')

    def test_a_word_is_only_a_word_as_the_first_bytes_of_a_connection(self):
        client = self.client()
        client.send_bytes(b'ruok')
        self.assert_closed(client)

    def test_a_word_may_be_followed_by_a_line_end(self):
        for end in ('\n', '\r\n'):
            self.assertEqual(wire.four_letter_word(self.port, 'ruok' + end), 'imok')


class SyncCountTest(ServedTest):
    def syncs(self):
        return int(wire.mntr(self.port)['syncs'])

    def test_64_pipelined_sets_share_their_syncs(self):
        client = self.client()
        body = wire.text(self.base) + wire.blob(b'x' * 100) + wire.int32(-1)
        before = self.syncs()
        client.send_bytes(b''.join(wire.request(i, wire.SET_DATA, body) for i in range(64)))
        self.assertEqual([client.reply().error for _ in range(64)], [0] * 64)
        self.assertIn(self.syncs() - before, range(1, 5))

    def test_every_acknowledged_write_alone_has_a_sync_of_its_own(self):
        client = self.client()
        before = self.syncs()
        for _ in range(20):
            client.set_data(self.base, b'x')
        self.assertGreaterEqual(self.syncs() - before, 20)

    def test_reads_pings_and_failed_writes_cost_no_sync(self):
        client = self.client()
        before = self.syncs()
        for _ in range(20):
            client.get_data(self.base)
            client.ping()
            self.assert_error(wire.NO_NODE, client.delete, self.base + '/no')
        self.assertEqual(self.syncs(), before)


if __name__ == '__main__':
    tap.main()
