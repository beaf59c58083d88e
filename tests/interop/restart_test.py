"""What clients find after the daemon was killed or stopped and started again."""

import logging
import queue
import threading
import unittest

from kazoo.client import KazooClient

import daemon
import tap
import wire

WAIT_S = 30
logging.disable(logging.CRITICAL)


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.daemon = daemon.Daemon().start()
        self.addCleanup(self.daemon.remove)

    def client(self, **fields):
        client = self.raw_client()
        client.connect(**fields)
        return client

    def raw_client(self):
        client = wire.Client(self.daemon.port)
        self.addCleanup(client.drop)
        return client

    def resumed(self, old, **fields):
        client = self.raw_client()
        self.assertEqual(client.resume(old, **fields).session_id, old.session_id)
        return client

    def restart(self, how):
        if how == 'SIGKILL':
            self.daemon.kill()
        else:
            self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()

    def check_all_is_there(self, how):
        client = self.client()
        client.create('/a', b'first')
        client.set_data('/a', b'second')
        client.create('/a/e', b'mine', flags=wire.EPHEMERAL)
        client.create('/a/s-', flags=wire.SEQUENTIAL)
        client.create('/gone')
        client.delete('/gone')
        before = {path: client.get_data(path) for path in ('/a', '/a/e', '/a/s-0000000001')}
        zxid = client.last_zxid
        self.restart(how)
        again = self.resumed(client)
        self.assertEqual(again.password, client.password)
        self.assertEqual({path: again.get_data(path) for path in before}, before)
        self.assertEqual(before['/a/e'][1].ephemeral_owner, again.session_id)
        with self.assertRaises(wire.ServerError):
            again.exists('/gone')
        self.assertEqual(again.create('/a/s-', flags=wire.SEQUENTIAL), '/a/s-0000000002')
        self.assertGreater(again.last_zxid, zxid)

    def test_everything_acknowledged_is_there_after_sigkill(self):
        self.check_all_is_there('SIGKILL')

    def test_everything_acknowledged_is_there_after_sigterm(self):
        self.check_all_is_there('SIGTERM')

    def check_watches(self, how):
        client = self.client()
        client.create('/a')
        client.create('/quiet')
        client.get_data('/a', watch=True)
        self.restart(how)
        self.client().set_data('/a', b'while away')
        again = self.resumed(client)
        again.set_watches(client.last_zxid, data=['/a', '/quiet'], exist=['/later'], child=['/'])
        self.assertEqual([event[:2] for event in again.events], [(wire.DATA_CHANGED, '/a')])
        again.events = []
        other = self.client()
        other.set_data('/quiet', b'x')
        other.create('/later')
        again.sync('/')
        self.assertEqual([event[:2] for event in again.events],
                         [(wire.DATA_CHANGED, '/quiet'), (wire.CREATED, '/later'),
                          (wire.CHILDREN_CHANGED, '/')])

    def test_watches_are_set_again_after_sigkill(self):
        self.check_watches('SIGKILL')

    def test_watches_are_set_again_after_sigterm(self):
        self.check_watches('SIGTERM')

    def test_a_wrong_password_is_refused_after_a_restart(self):
        client = self.client()
        self.restart('SIGKILL')
        self.assertEqual(self.raw_client().resume(client, password=bytes(16)).timeout_ms, 0)
        self.resumed(client)

    def test_a_closed_session_stays_closed(self):
        client = self.client()
        client.create('/e', flags=wire.EPHEMERAL)
        client.close_session()
        self.restart('SIGKILL')
        self.assertEqual(self.raw_client().resume(client).timeout_ms, 0)
        with self.assertRaises(wire.ServerError):
            self.client().exists('/e')

    def test_R15_a_session_that_nobody_resumes_expires_after_the_restart(self):
        client = self.client(timeout_ms=4000)
        client.create('/e', flags=wire.EPHEMERAL)
        self.restart('SIGKILL')
        other = self.client()
        other.exists('/e', watch=True)  # it has its full timeout: still there
        self.assertEqual(other.event()[:2], (wire.DELETED, '/e'))

    def test_restarts_without_a_write_in_between_keep_the_zxid(self):
        client = self.client()
        client.create('/a')
        zxids = []
        for how in ('SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'):
            self.restart(how)
            zxids.append(self.resumed(client).ping().zxid)
        self.assertEqual(zxids, [client.last_zxid] * 4)

    def test_a_new_session_id_is_never_an_old_one(self):
        ids = set()
        for _ in range(4):
            for _ in range(5):
                client = self.client()
                self.assertNotIn(client.session_id, ids)
                ids.add(client.session_id)
            self.restart('SIGKILL')

    def test_many_sessions_survive(self):
        clients = [self.client() for _ in range(50)]
        for index, client in enumerate(clients):
            client.create(f'/e{index}', flags=wire.EPHEMERAL)
        self.restart('SIGKILL')
        for index, client in enumerate(clients):
            owner = self.resumed(client).exists(f'/e{index}').ephemeral_owner
            self.assertEqual(owner, client.session_id)


class KazooRestartTest(unittest.TestCase):
    """kazoo reconnects by itself, so the daemon comes back on the same port."""

    def setUp(self):
        self.daemon = daemon.Daemon().start()
        self.addCleanup(self.daemon.remove)
        self.states = queue.Queue()
        self.zk = KazooClient(hosts=f'127.0.0.1:{self.daemon.port}', timeout=20,
                              connection_retry={'max_tries': -1, 'max_delay': 0.2})
        self.zk.add_listener(self.states.put)
        self.zk.start(timeout=WAIT_S)
        self.addCleanup(self.zk.close)
        self.addCleanup(self.zk.stop)
        self.assertEqual(self.states.get(timeout=WAIT_S), 'CONNECTED')

    def restart_under_the_client(self):
        self.daemon.kill()
        self.assertEqual(self.states.get(timeout=WAIT_S), 'SUSPENDED')
        self.daemon.start()
        self.assertEqual(self.states.get(timeout=WAIT_S), 'CONNECTED')

    def test_resume_after_sigkill_with_ephemerals_and_watches_alive(self):
        session = self.zk.client_id
        self.zk.create('/e', b'mine', ephemeral=True)
        values, children = queue.Queue(), queue.Queue()
        self.zk.DataWatch('/e', lambda data, stat: values.put(data))
        self.zk.ChildrenWatch('/', lambda names: children.put(sorted(names)))
        self.assertEqual(values.get(timeout=WAIT_S), b'mine')
        self.assertEqual(children.get(timeout=WAIT_S), ['e', 'zookeeper'])
        for i in range(3):
            self.restart_under_the_client()
            self.assertEqual(self.zk.client_id, session)
            self.assertEqual(self.zk.get('/e')[0], f'{i - 1}'.encode() if i else b'mine')
            self.zk.set('/e', str(i).encode())
            while values.get(timeout=WAIT_S) != str(i).encode():
                pass
            self.zk.create(f'/after-{i}')
            while f'after-{i}' not in children.get(timeout=WAIT_S):
                pass

    def test_writes_go_on_over_restarts_and_none_is_lost(self):
        done, progress, stop = [], queue.Queue(), threading.Event()

        def write():
            while not stop.is_set():
                path = f'/w{len(done)}'
                self.zk.retry(self.ensure, path)
                done.append(path)
                progress.put(path)
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(3):
            for _ in range(20):
                progress.get(timeout=WAIT_S)
            self.restart_under_the_client()
        stop.set()
        writer.join(WAIT_S)
        self.assertTrue(set(path[1:] for path in done) <= set(self.zk.get_children('/')))

    def ensure(self, path):
        if not self.zk.exists(path):
            self.zk.create(path)


if __name__ == '__main__':
    tap.main()
