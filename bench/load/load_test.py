"""Every workload at a tiny size: against the daemon, and against the responder where that keeps
enough to be asked. And a server that answers wrongly has to be found out."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'compare'))
import servers

LOAD = os.environ['PADDOCK_LOAD']
RESPONDER = os.environ['PADDOCK_RESPONDER']
RAW_SYNC = os.environ['PADDOCK_RAW_SYNC']

PLAIN = ['ping', 'get', 'set', 'create', 'create-sequential', 'delete', 'exists', 'children',
         'multi', 'mix-95-5', 'mix-50-50', 'fanout-same', 'fanout-own', 'fanout-recursive',
         'sessions']
STATEFUL = ['lock', 'lock-uncontended', 'tree', 'expiry']
TINY = ['--connections', '3', '--depth', '4', '--nodes', '20', '--seconds', '0.2', '--warmup', '0',
        '--rounds', '2', '--operations', '3', '--session-timeout-ms', '4000']


def load(workload, port, *more):
    """(exit status, result) of one run."""
    done = subprocess.run([LOAD, workload, '--port', str(port), *TINY, *more, '--json', '-'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


class LoadTest(unittest.TestCase):
    def assert_sound(self, workload, port, *more):
        status, result = load(workload, port, *more)
        self.assertEqual((result['first_errors'], status), ([], 0), workload)
        self.assertGreater(result['count'], 0, workload)
        return result

    def test_responder_passes_the_checks(self):
        with servers.Responder(RESPONDER, data_bytes=100, children=20) as responder:
            for workload in PLAIN:
                with self.subTest(workload=workload):
                    self.assert_sound(workload, responder.port)

    def test_daemon_passes_the_checks(self):
        with tempfile.TemporaryDirectory() as folder:
            with servers.Paddock(os.environ['PADDOCK'], folder) as daemon:
                for workload in PLAIN + STATEFUL:
                    with self.subTest(workload=workload):
                        result = self.assert_sound(workload, daemon.port, '--pid', str(daemon.pid))
                        self.assertGreater(result['server']['rss_bytes'], 0)

    def test_open_loop_asks_for_what_it_was_told_to(self):
        with servers.Responder(RESPONDER) as responder:
            result = self.assert_sound('get', responder.port, '--rate', '1000')
        self.assertEqual(result['count'] + result['figures']['never_answered'], 200)

    def test_fan_out_counts_each_notification(self):
        with servers.Responder(RESPONDER) as responder:
            result = self.assert_sound('fanout-own', responder.port, '--bystander')
        self.assertEqual(result['count'], 3 * 20 * 2)
        self.assertGreater(result['figures']['bystander_gets'], 0)

    def test_wrong_data_is_an_error(self):
        with servers.Responder(RESPONDER, data_bytes=99) as responder:
            status, result = load('get', responder.port)
        self.assertEqual(status, 1)
        self.assertIn('not the data of the znode', result['first_errors'])

    def test_wrong_number_of_children_is_an_error(self):
        with servers.Responder(RESPONDER, children=21) as responder:
            status, result = load('children', responder.port)
        self.assertEqual(status, 1)
        self.assertIn('not the children of the znode', result['first_errors'])

    def test_refusal_is_an_error(self):
        with servers.Responder(RESPONDER, children=0) as responder:
            status, result = load('lock', responder.port)
        self.assertEqual(status, 1)
        self.assertGreater(result['errors'], 0)

    def test_server_that_is_not_there_is_not_a_measurement(self):
        with socket.socket() as silent:
            silent.bind(('127.0.0.1', 0))  # and does not listen
            done = subprocess.run([LOAD, 'ping', '--port', str(silent.getsockname()[1])],
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 2)

    def test_sync_floor_refuses_memory(self):
        if not os.path.isdir('/dev/shm'):
            self.skipTest('no tmpfs')
        done = subprocess.run([RAW_SYNC, '/dev/shm'], stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'in memory', done.stderr)


if __name__ == '__main__':
    unittest.main(verbosity=2)
