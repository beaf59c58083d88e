"""kazoo's recipes, several clients each, and its transactions, ACLs and container nodes."""

import logging
import queue
import threading
import unittest
from concurrent import futures

from kazoo import exceptions, security
from kazoo.client import KazooClient

import daemon
import tap

WAIT_S = 30
logging.disable(logging.CRITICAL)


class RecipesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = daemon.Daemon(['--max-client-cnxns', '0']).start()

    @classmethod
    def tearDownClass(cls):
        cls.served.remove()

    def setUp(self):
        self.base = f'/{self._testMethodName}'
        self.pool = futures.ThreadPoolExecutor(8)
        self.addCleanup(self.pool.shutdown)
        self.a, self.b, self.c = self.client(), self.client(), self.client()

    def client(self, **options):
        client = KazooClient(hosts=f'127.0.0.1:{self.served.port}', **options)
        client.start(timeout=WAIT_S)
        self.addCleanup(client.close)
        self.addCleanup(client.stop)
        return client

    def done(self, future):
        return future.result(WAIT_S)

    def await_child_count(self, path, count):
        """Returns when `path` has so many children, told by a watch."""
        reached = threading.Event()

        def look(names):
            if len(names) == count:
                reached.set()
                return False
            return True
        self.c.ensure_path(path)
        self.c.ChildrenWatch(path, look)
        self.assertTrue(reached.wait(WAIT_S))

    def test_lock(self):
        first, second = self.a.Lock(self.base, 'a'), self.b.Lock(self.base, 'b')
        self.assertTrue(first.acquire(timeout=WAIT_S))
        self.assertFalse(second.acquire(blocking=False))
        waiting = self.pool.submit(second.acquire, timeout=WAIT_S)
        self.await_child_count(self.base, 2)
        self.assertEqual(first.contenders(), ['a', 'b'])
        first.release()
        self.assertTrue(self.done(waiting))
        second.release()

    def test_a_lock_goes_with_its_session(self):
        self.assertTrue(self.a.Lock(self.base).acquire(timeout=WAIT_S))
        waiting = self.pool.submit(self.b.Lock(self.base).acquire, timeout=WAIT_S)
        self.await_child_count(self.base, 2)
        self.a.stop()
        self.assertTrue(self.done(waiting))

    def test_read_and_write_locks(self):
        readers = [self.a.ReadLock(self.base), self.b.ReadLock(self.base)]
        for reader in readers:
            self.assertTrue(reader.acquire(timeout=WAIT_S))
        writer = self.c.WriteLock(self.base)
        self.assertFalse(writer.acquire(blocking=False))
        waiting = self.pool.submit(writer.acquire, timeout=WAIT_S)
        self.await_child_count(self.base, 3)
        for reader in readers:
            reader.release()
        self.assertTrue(self.done(waiting))
        self.assertFalse(self.a.ReadLock(self.base).acquire(blocking=False))
        writer.release()

    def test_semaphore(self):
        first, second, third = (zk.Semaphore(self.base, max_leases=2)
                                for zk in (self.a, self.b, self.c))
        self.assertTrue(first.acquire(timeout=WAIT_S))
        self.assertTrue(second.acquire(timeout=WAIT_S))
        self.assertFalse(third.acquire(blocking=False))
        waiting = self.pool.submit(third.acquire, timeout=WAIT_S)
        first.release()
        self.assertTrue(self.done(waiting))
        self.assertEqual(len(second.lease_holders()), 2)

    def test_election(self):
        led, release = queue.Queue(), threading.Event()

        def lead(name):
            led.put(name)
            release.wait(WAIT_S)
        one, two = self.a.Election(self.base, 'a'), self.b.Election(self.base, 'b')
        runs = [self.pool.submit(one.run, lead, 'a')]
        self.assertEqual(led.get(timeout=WAIT_S), 'a')
        runs.append(self.pool.submit(two.run, lead, 'b'))
        self.await_child_count(self.base, 2)
        self.assertEqual(two.contenders(), ['a', 'b'])
        release.set()
        self.assertEqual(led.get(timeout=WAIT_S), 'b')
        for run in runs:
            self.done(run)

    def test_party(self):
        one, two = self.a.Party(self.base, 'a'), self.b.Party(self.base, 'b')
        one.join()
        two.join()
        self.assertEqual(sorted(one), ['a', 'b'])
        two.leave()
        self.a.sync(self.base)
        self.assertEqual(list(one), ['a'])
        shallow = self.a.ShallowParty(self.base + '-shallow', 'x')
        shallow.join()
        self.assertEqual(len(self.a.ShallowParty(self.base + '-shallow', 'y')), 1)

    def test_barrier(self):
        barrier = self.a.Barrier(self.base)
        barrier.create()
        waiting = self.pool.submit(self.b.Barrier(self.base).wait, WAIT_S)
        barrier.remove()
        self.assertTrue(self.done(waiting))

    def test_double_barrier(self):
        barriers = [zk.DoubleBarrier(self.base, 3) for zk in (self.a, self.b, self.c)]
        inside = threading.Barrier(3)

        def go_through(barrier):
            barrier.enter()
            inside.wait(WAIT_S)
            barrier.leave()
            return True
        runs = [self.pool.submit(go_through, barrier) for barrier in barriers]
        self.assertTrue(all(self.done(run) for run in runs))

    def test_queue(self):
        producer, consumer = self.a.Queue(self.base), self.b.Queue(self.base)
        for value, priority in ((b'late', 200), (b'1', 100), (b'2', 100), (b'early', 50)):
            producer.put(value, priority)
        self.b.sync(self.base)
        self.assertEqual([consumer.get() for _ in range(5)],
                         [b'early', b'1', b'2', b'late', None])

    def test_locking_queue(self):
        producer = self.a.LockingQueue(self.base)
        producer.put_all([b'1', b'2'])
        one, two = self.b.LockingQueue(self.base), self.c.LockingQueue(self.base)
        self.assertEqual(one.get(WAIT_S), b'1')
        self.assertEqual(two.get(WAIT_S), b'2')
        self.assertTrue(one.consume() and two.consume())
        waiting = self.pool.submit(one.get, WAIT_S)
        producer.put(b'3')
        self.assertEqual(self.done(waiting), b'3')

    def test_counter(self):
        def count(zk):
            counter = zk.Counter(self.base)
            for _ in range(10):
                counter += 1
        for run in [self.pool.submit(count, zk) for zk in (self.a, self.b, self.c)]:
            self.done(run)
        self.assertEqual(self.a.Counter(self.base).value, 30)

    def test_transaction(self):
        self.a.create(self.base, b'')
        transaction = self.a.transaction()
        transaction.create(self.base + '/a', b'1')
        transaction.set_data(self.base, b'2')
        transaction.check(self.base, 1)
        transaction.delete(self.base + '/a')
        results = transaction.commit()
        self.assertEqual((results[0], results[1].version, results[2:]),
                         (self.base + '/a', 1, [True, True]))
        transaction = self.a.transaction()
        transaction.create(self.base + '/b')
        transaction.check(self.base, 99)
        transaction.delete(self.base)
        self.assertEqual([type(result) for result in transaction.commit()],
                         [exceptions.RolledBackError, exceptions.BadVersionError,
                          exceptions.RuntimeInconsistency])
        self.assertIsNone(self.a.exists(self.base + '/b'))

    def test_acls(self):
        bob = self.client(auth_data=[('digest', 'bob:pw')])
        acl = security.make_digest_acl('bob', 'pw', all=True)
        bob.create(self.base, b'mine', acl=[acl])
        self.assertEqual(bob.get_acls(self.base)[0], [acl])
        with self.assertRaises(exceptions.NoAuthError):
            self.a.get(self.base)
        self.a.add_auth('digest', 'bob:pw')
        self.assertEqual(self.a.get(self.base)[0], b'mine')
        self.a.set_acls(self.base, security.OPEN_ACL_UNSAFE)
        self.b.sync(self.base)
        self.assertEqual(self.b.get(self.base)[0], b'mine')


if __name__ == '__main__':
    tap.main()
