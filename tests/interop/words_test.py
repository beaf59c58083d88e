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

    def test_mntr_counts_no_watch_that_has_fired(self):
        client = self.client()
        client.create(self.base + '/fires', b'')
        before = wire.mntr(self.port)['watch_count']
        client.get_data(self.base + '/fires', watch=True)
        self.assertEqual(int(wire.mntr(self.port)['watch_count']), int(before) + 1)
        client.set_data(self.base + '/fires', b'now')
        self.assertEqual(wire.mntr(self.port)['watch_count'], before)

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


class WhitelistTest(ServedTest):
    def test_a_word_that_is_not_listed_is_answered_so(self):
        for word in ('envi', 'wchp', 'wchc', 'crst', 'srst', 'dirs', 'hash', 'gtmk'):
            self.assertEqual(wire.four_letter_word(self.port, word),
                             f'{word} is not executed because it is not in the whitelist.\n')

    def test_harmless_words_are_on_and_listings_from_this_machine(self):
        for word in ('ruok', 'isro', 'srvr', 'stat', 'mntr', 'conf', 'wchs', 'dump', 'cons'):
            self.assertNotIn('whitelist', wire.four_letter_word(self.port, word))


class AllWordsTest(ServedTest):
    """The texts of docs/protocol.md, section 13.1, from all reactors together."""

    arguments = ['--4lw-whitelist', '*']

    def setUp(self):
        super().setUp()
        # More than there are reactors, so that each has some.
        self.clients = [self.client() for _ in range(6)]

    def ask(self, word):
        return wire.four_letter_word(self.port, word)

    def ids(self):
        return {f'{client.session_id:#x}' for client in self.clients}

    def test_isro_and_trace_masks_end_without_a_newline(self):
        self.assertEqual(self.ask('isro'), 'rw')
        self.assertEqual(self.ask('gtmk'), '306')
        with wire.Client(self.port) as client:
            client.send_bytes(b'stmk' + wire.int64(306))
            self.assertEqual(client.read_until_closed(), b'306')

    def test_resets(self):
        client = self.clients[0]
        session = f'sid={client.session_id:#x}'
        self.assertIn(f'{session},lop=SESS,', self.ask('cons'))
        client.get_data(self.base)
        self.assertIn(f'{session},lop=GETD,', self.ask('cons'))
        self.assertEqual(self.ask('crst'), 'Connection stats reset.\n')
        line = next(line for line in self.ask('cons').splitlines() if session in line)
        self.assertRegex(line, rf'queued=0,recved=0,sent=0,{session},lop=NA,est=\d+,to=10000,'
                               r'lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,avglat=0,'
                               r'maxlat=0\)')
        self.assertEqual(self.ask('srst'), 'Server stats reset.\n')

    def test_conf_and_dirs(self):
        keys = [line.split('=')[0] for line in self.ask('conf').splitlines()]
        self.assertEqual(keys, ['clientPort', 'secureClientPort', 'dataDir', 'dataDirSize',
                                'dataLogDir', 'dataLogSize', 'tickTime', 'maxClientCnxns',
                                'minSessionTimeout', 'maxSessionTimeout',
                                'clientPortListenBacklog', 'serverId'])
        self.assertIn(f'clientPort={self.port}\n', self.ask('conf'))
        self.assertRegex(self.ask('dirs'), r'\Adatadir_size: \d+\nlogdir_size: \d+\n\Z')

    def test_envi(self):
        lines = self.ask('envi').splitlines()
        self.assertEqual(lines[0], 'Environment:')
        keys = {line.split('=')[0] for line in lines[1:]}
        self.assertLessEqual({'zookeeper.version', 'host.name', 'os.name', 'os.arch', 'os.version',
                              'user.name', 'user.home', 'user.dir'}, keys)

    def test_stat_lists_the_connections(self):
        for client in self.clients:
            client.ping()
        text = self.ask('stat')
        line = r' /127\.0\.0\.1:\d+\[[0145]\]\(queued=\d+,recved=\d+,sent=\d+\)\n'
        self.assertRegex(text, r'\AZookeeper version: .*\nClients:\n'
                               rf'({line})+\nLatency min/avg/max: ')
        for client in self.clients:
            port = client.socket.getsockname()[1]
            self.assertRegex(text, rf'/127\.0\.0\.1:{port}\[1\]\(queued=0,recved=2,sent=2\)')

    def test_cons_tells_of_each_session(self):
        self.clients[0].get_data(self.base)
        text = self.ask('cons')
        self.assertTrue(text.endswith('\n\n'))
        for client in self.clients:
            self.assertRegex(text, rf'sid={client.session_id:#x},lop=\w+,est=\d+,to=10000,'
                                   r'(lcxid=0x\w+,)?lzxid=0x\w+,lresp=\d+,llat=\d+,minlat=\d+,'
                                   r'avglat=\d+,maxlat=\d+\)')
        self.assertRegex(text, rf'sid={self.clients[0].session_id:#x},lop=GETD,.*lcxid=0x1,')

    def test_dump_lists_sessions_and_their_ephemerals(self):
        for i in (0, 1):
            self.clients[0].create(f'{self.base}/e{i}', flags=wire.EPHEMERAL)
        dropped = self.client()
        dropped.drop()
        text = self.ask('dump')
        sessions, rest = text.split('ephemeral nodes dump:\n')
        ephemerals, connections = rest.split('Connections dump:\n')
        self.assertRegex(sessions, r'\ASessionTracker dump:\nSession Sets \(\d+\)/\(\d+\):\n'
                                   r'\d+ expire at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}:\n')
        for name in self.ids() | {f'{dropped.session_id:#x}'}:
            self.assertIn(f'\t{name}\n', sessions)
        owner = f'{self.clients[0].session_id:#x}'
        self.assertRegex(ephemerals, rf'Sessions with Ephemerals \(1\):\n{owner}:\n'
                                     rf'(\t{self.base}/e[01]\n){{2}}')
        self.assertRegex(connections, r'\AConnections Sets \(\d+\)/\(\d+\):\n')
        for name in self.ids():
            self.assertIn(f'sessionId: {name}\n', connections)

    def test_watches_in_three_ways(self):
        paths = [f'{self.base}/{i}' for i in range(3)]
        for client in self.clients:
            for path in paths[:2]:
                self.assert_error(wire.NO_NODE, client.exists, path, True)
            client.get_children(self.base, watch=True)  # of the child table: not shown
        self.clients[0].add_watch(paths[2], wire.RECURSIVE_WATCH)
        count = len(self.clients)
        self.assertEqual(self.ask('wchs'), f'{count} connections watching 3 paths\n'
                                           f'Total watches:{2 * count + 1}\n')
        by_path = self.ask('wchp')
        for path in paths[:2]:
            listed = re.search(rf'^{path}\n((?:\t0x\w+\n)+)', by_path, re.M)
            self.assertEqual(set(listed[1].split()), self.ids())
        self.assertNotIn(self.base + '\n', by_path)
        by_session = self.ask('wchc')
        for client in self.clients[1:]:
            listed = re.search(rf'^{client.session_id:#x}\n((?:\t\S+\n)+)', by_session, re.M)
            self.assertEqual(set(listed[1].split()), set(paths[:2]))
        self.assertTrue(by_path.endswith('\n\n') and by_session.endswith('\n\n'))

    def test_hash_lists_a_digest_every_128_transactions(self):
        client = self.clients[0]
        body = wire.set_data_body(self.base, b'')
        for _ in range(300):  # one after another: a digest is that of a batch
            client.call(wire.SET_DATA, body)
        lines = self.ask('hash').splitlines()
        self.assertGreaterEqual(len(lines), 1)
        for line in lines:
            self.assertRegex(line, r'\A[0-9a-f]+: \d+\Z')


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
