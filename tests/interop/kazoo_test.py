"""kazoo, a client that users have: every operation, watches, recipes, expiry."""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import unittest

from kazoo import exceptions
from kazoo.client import KazooClient

import daemon
import tap

WAIT_S = 30
logging.disable(logging.CRITICAL)


class KazooTest(unittest.TestCase):
    """Each test has its own daemon, because some of them kill it."""

    def setUp(self):
        self.daemon = None
        if 'INTEROP_PORT' in os.environ:
            self.port = int(os.environ['INTEROP_PORT'])
        else:
            # server_version() asks envi, which is not answered by default.
            self.daemon = daemon.Daemon(['--4lw-whitelist', '*']).start()
            self.addCleanup(self.daemon.remove)
            self.port = self.daemon.port
        self.base = f'/kazoo-{self._testMethodName}'
        self.zk = self.client()
        if self.zk.exists(self.base):
            self.zk.delete(self.base, recursive=True)
        self.zk.create(self.base, b'')

    def client(self, **options):
        client = KazooClient(hosts=f'127.0.0.1:{self.port}', **options)
        client.start(timeout=WAIT_S)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        return client

    def test_create_and_read_back(self):
        path, stat = self.zk.create(self.base + '/a', b'data', include_data=True)
        self.assertEqual((path, stat.dataLength, stat.version), (self.base + '/a', 4, 0))
        data, stat = self.zk.get(self.base + '/a')
        self.assertEqual((data, stat.version), (b'data', 0))
        self.assertEqual(self.zk.exists(self.base + '/a'), stat)
        with self.assertRaises(exceptions.NodeExistsError):
            self.zk.create(self.base + '/a')
        with self.assertRaises(exceptions.NoNodeError):
            self.zk.create(self.base + '/no/child')

    def test_makepath_and_recursive_delete(self):
        self.zk.create(self.base + '/x/y/z', b'', makepath=True)
        self.zk.delete(self.base + '/x', recursive=True)
        self.assertIsNone(self.zk.exists(self.base + '/x'))

    def test_sequence_and_ephemeral(self):
        path = self.zk.create(self.base + '/s-', sequence=True)
        self.assertEqual(path, self.base + '/s-0000000000')
        path = self.zk.create(self.base + '/s-', sequence=True, ephemeral=True)
        self.assertEqual(path, self.base + '/s-0000000001')
        self.assertEqual(self.zk.exists(path).owner_session_id, self.zk.client_id[0])
        with self.assertRaises(exceptions.NoChildrenForEphemeralsError):
            self.zk.create(path + '/child')

    def test_set_with_versions(self):
        self.assertEqual(self.zk.set(self.base, b'1', version=0).version, 1)
        with self.assertRaises(exceptions.BadVersionError):
            self.zk.set(self.base, b'2', version=0)
        self.assertEqual(self.zk.get(self.base)[0], b'1')

    def test_delete_with_versions_and_children(self):
        self.zk.create(self.base + '/a/b', makepath=True)
        with self.assertRaises(exceptions.NotEmptyError):
            self.zk.delete(self.base + '/a')
        with self.assertRaises(exceptions.BadVersionError):
            self.zk.delete(self.base + '/a/b', version=5)
        self.zk.delete(self.base + '/a/b', version=0)
        with self.assertRaises(exceptions.NoNodeError):
            self.zk.delete(self.base + '/a/b')

    def test_children_with_and_without_stat(self):
        for name in 'cab':
            self.zk.create(f'{self.base}/{name}')
        self.assertEqual(sorted(self.zk.get_children(self.base)), ['a', 'b', 'c'])
        names, stat = self.zk.get_children(self.base, include_data=True)
        self.assertEqual((sorted(names), stat.numChildren), (['a', 'b', 'c'], 3))

    def test_sync(self):
        self.assertEqual(self.zk.sync(self.base), self.base)

    def test_server_version_and_command(self):
        self.assertEqual(self.zk.command(b'ruok'), 'imok')
        self.assertGreaterEqual(self.zk.server_version(), (3, 8))

    def test_watches_fire_once(self):
        events = queue.Queue()
        self.zk.get(self.base, watch=events.put)
        self.zk.get_children(self.base, watch=events.put)
        self.assertIsNone(self.zk.exists(self.base + '/a', watch=events.put))
        other = self.client()
        other.set(self.base, b'1')
        other.set(self.base, b'2')
        other.create(self.base + '/a')
        seen = [events.get(timeout=WAIT_S) for _ in range(3)]
        self.assertEqual([(event.type, event.path) for event in seen],
                         [('CHANGED', self.base), ('CREATED', self.base + '/a'),
                          ('CHILD', self.base)])
        self.zk.sync(self.base)
        self.assertTrue(events.empty())

    def test_data_watch_and_children_watch_follow_all_changes(self):
        values, children = queue.Queue(), queue.Queue()
        self.zk.DataWatch(self.base, lambda data, stat: values.put(data))
        self.zk.ChildrenWatch(self.base, lambda names: children.put(sorted(names)))
        self.assertEqual(values.get(timeout=WAIT_S), b'')
        self.assertEqual(children.get(timeout=WAIT_S), [])
        for i in range(5):
            self.zk.set(self.base, str(i).encode())
            self.assertEqual(values.get(timeout=WAIT_S), str(i).encode())
            self.zk.create(f'{self.base}/{i}')
            self.assertEqual(children.get(timeout=WAIT_S), [str(n) for n in range(i + 1)])

    def test_lock_is_held_by_one_at_a_time(self):
        inside, most, count = [], [], 0

        def contend(client):
            nonlocal count
            lock = client.Lock(self.base + '/lock')
            for _ in range(5):
                with lock:
                    inside.append(1)
                    most.append(len(inside))
                    count += 1
                    inside.pop()
        threads = [threading.Thread(target=contend, args=(self.client(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        self.assertEqual((count, max(most)), (20, 1))

    def test_election_passes_on_when_the_leader_goes(self):
        led = queue.Queue()
        first, second = self.client(), self.client()
        release = threading.Event()

        def lead(name, client):
            client.Election(self.base + '/election', name).run(
                lambda: (led.put(name), release.wait(WAIT_S)))
        threads = [threading.Thread(target=lead, args=('first', first), daemon=True)]
        threads[0].start()
        self.assertEqual(led.get(timeout=WAIT_S), 'first')
        threads.append(threading.Thread(target=lead, args=('second', second), daemon=True))
        threads[1].start()
        release.set()
        self.assertEqual(led.get(timeout=WAIT_S), 'second')
        for thread in threads:
            thread.join(WAIT_S)

    def test_thousand_requests_in_flight(self):
        results = [self.zk.create_async(f'{self.base}/{i}', b'x') for i in range(1000)]
        self.assertEqual([r.get(timeout=WAIT_S) for r in results],
                         [f'{self.base}/{i}' for i in range(1000)])
        self.assertEqual(len(self.zk.get_children(self.base)), 1000)

    def test_closing_a_client_removes_its_ephemerals(self):
        other = self.client()
        other.create(self.base + '/e', ephemeral=True)
        gone = threading.Event()
        self.assertIsNotNone(self.zk.exists(self.base + '/e', watch=lambda event: gone.set()))
        other.stop()
        self.assertTrue(gone.wait(WAIT_S))

    def test_a_session_expires_and_the_client_is_told(self):
        # A client in a process of its own, stopped: it neither pings nor closes.
        child = subprocess.Popen([sys.executable, '-c', SLEEPER, str(self.port), self.base],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(child.stdout.readline(), 'ready\n')
        gone = threading.Event()
        self.assertIsNotNone(self.zk.exists(self.base + '/e', watch=lambda event: gone.set()))
        child.send_signal(signal.SIGSTOP)
        self.assertTrue(gone.wait(WAIT_S))
        child.send_signal(signal.SIGCONT)
        states = [child.stdout.readline().strip() for _ in range(3)]
        self.assertEqual(states, ['SUSPENDED', 'LOST', 'CONNECTED'])


# Makes an ephemeral node, then prints its connection's states.
SLEEPER = """
import sys
from kazoo.client import KazooClient
client = KazooClient(hosts='127.0.0.1:' + sys.argv[1], timeout=4)
client.start()
client.create(sys.argv[2] + '/e', ephemeral=True)
client.add_listener(lambda state: print(state, flush=True))
print('ready', flush=True)  # only now: what stops us may come at once
sys.stdin.read()
"""


if __name__ == '__main__':
    tap.main()
