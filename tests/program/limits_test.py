"""What happens at the bounds: connections, frames, requests under way, descriptors. Each refusal is
counted in mntr and logged once a burst, with the client's address."""

import re
import socket
import struct
import unittest

import daemon
import tap
import wire


class LimitsTest(unittest.TestCase):
    def serve(self, *arguments, **options):
        self.daemon = daemon.Daemon(arguments, **options)
        self.addCleanup(self.daemon.remove)
        self.daemon.start()

    def client(self):
        client = wire.Client(self.daemon.port)
        self.addCleanup(client.drop)
        return client

    def session(self):
        client = self.client()
        client.connect()
        return client

    def count(self, key):
        return int(wire.mntr(self.daemon.port)[key])

    def refused_connection(self):
        return self.client().read_until_closed() == b''

    def free_a_place(self, clients):
        """Ends one; returns, when the server has counted it out, how often it had not."""
        clients.pop().close_session()
        refused = 0
        while wire.four_letter_word(self.daemon.port, 'ruok') != 'imok':
            refused += 1
        return refused

    def admitted(self):
        """A session, as soon as the connection before has been counted out."""
        while True:
            try:
                return self.session()
            except wire.Closed:
                pass

    def lines(self, pattern):
        return [line for line in self.daemon.log().splitlines() if re.search(pattern, line)]

    def check_connections(self, flag, key, counter):
        self.serve(flag, '3', '--reactors', '2')
        clients = [self.session() for _ in range(3)]
        for _ in range(5):
            self.assertTrue(self.refused_connection())
        refused = 5 + self.free_a_place(clients)
        while not (values := wire.mntr(self.daemon.port)):  # ruok was not counted out yet
            refused += 1
        self.assertEqual(int(values[counter]), refused)
        self.assertEqual(int(values['connection_rejected']), refused)
        clients.append(self.admitted())
        self.assertTrue(self.refused_connection())
        clients[0].ping()
        self.daemon.stop()
        said = self.lines(rf'127\.0\.0\.1.*{key}')
        # One a second at most, and the next one tells how many were left out.
        self.assertIn(len(said), (1, 2, 3))

    def test_maxClientCnxns(self):
        self.check_connections('--max-client-cnxns', 'maxClientCnxns', 'rejected_max_client_cnxns')

    def test_maxCnxns(self):
        self.check_connections('--max-cnxns', 'maxCnxns', 'rejected_max_cnxns')

    def test_connections_that_are_reset_at_once_are_counted_out_again(self):
        # Such a socket has no peer any more when it is closed; counting it out under no address
        # ended the daemon, and would have used the limit up.
        self.serve('--max-client-cnxns', '20')
        for _ in range(300):
            probe = socket.socket()
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            probe.connect(('127.0.0.1', self.daemon.port))
            probe.close()
        # The word's own connection is one, and may be refused while the others are counted.
        while int(wire.mntr(self.daemon.port).get('num_alive_connections', 99)) > 1:
            pass
        clients = [self.session() for _ in range(15)]
        self.assertEqual(clients[-1].exists('/').num_children, 1)

    def test_jute_maxbuffer(self):
        self.serve('--jute-maxbuffer', '1000')
        client = self.session()
        client.create('/a', b'x' * 900)
        for length in (1001, 0x7fffffff, -1):
            client = self.session()
            client.send_bytes(wire.int32(length) + bytes(100))
            self.assertEqual(client.read_until_closed(), b'')
            again = self.client()
            self.assertEqual(again.resume(client).session_id, client.session_id)
        self.assertEqual(self.count('large_requests_rejected'), 3)
        self.daemon.stop()
        self.assertIn(len(self.lines(r'127\.0\.0\.1.*length.*jute\.maxbuffer')), (1, 2, 3))

    def test_globalOutstandingLimit_makes_requests_wait_and_loses_none(self):
        self.serve('--global-outstanding-limit', '4', '--reactors', '1')
        client = self.session()
        count = 500
        client.send_bytes(b''.join(
            wire.request(i, wire.CREATE, wire.create_body(f'/n{i}')) for i in range(count)))
        replies = [client.reply() for _ in range(count)]
        self.assertEqual([(reply.xid, reply.error) for reply in replies],
                         [(i, 0) for i in range(count)])
        self.assertGreater(self.count('request_throttle_wait_count'), 0)
        self.daemon.stop()
        self.assertRegex(self.daemon.log(), r'127\.0\.0\.1.*globalOutstandingLimit')

    def test_without_descriptors_the_log_goes_on_from_segment_to_segment(self):
        self.serve('--max-client-cnxns', '0', '--reactors', '1', '--pre-alloc-size', '1024',
                   wrapper=['prlimit', '--nofile=48:48'])
        first = self.session()
        first.create('/a')
        for _ in range(80):
            self.client()
        self.daemon.await_log('no connections are accepted for now')
        for i in range(40):
            first.set_data('/a', b'%d' % i * 100_000)
        self.assertGreater(len(list(self.daemon.data_dir.glob('**/*.log'))), 3)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.session().get_data('/a')[0], b'39' * 100_000)

    def test_without_descriptors_accept_pauses_and_goes_on_when_there_are_some(self):
        self.serve('--max-client-cnxns', '0', '--reactors', '1',
                   wrapper=['prlimit', '--nofile=40:40'])
        first = self.session()
        first.create('/a')
        many = [self.client() for _ in range(60)]
        self.daemon.await_log('no connections are accepted for now')
        first.set_data('/a', b'those that are in are served')
        # Once a burst: another may begin when a descriptor was free for a moment.
        self.assertIn(len(self.lines('no connections are accepted')), (1, 2, 3))
        for client in many:
            client.drop()
        self.assertEqual(self.session().get_data('/a')[0], b'those that are in are served')
        self.assertGreaterEqual(self.count('accept_pauses'), 1)
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == '__main__':
    tap.main()
