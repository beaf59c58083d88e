"""The recipes, each with several processes and threads that are killed, stopped for longer than
their sessions live, cut off and disconnected: recipes_test.py SERVER [CASE...].

The checkers decide over the history. In the environment: PADDOCK_CONTEST_FAULTS multiplies the
disturbances (1), PADDOCK_CONTEST_SEED is what they are drawn by (1).
"""

import asyncio
import os
import sys
import unittest

import checkers
import contest
import servers_under_test
import tap

FAULTS = ['kill', 'stop', 'isolate', 'cut', 'lose_reply']
FACTOR = int(os.environ.get('PADDOCK_CONTEST_FAULTS', '1'))
SEED = int(os.environ.get('PADDOCK_CONTEST_SEED', '1'))


class RecipesTest(unittest.IsolatedAsyncioTestCase):
    server = ''

    @classmethod
    def setUpClass(cls):
        served = servers_under_test.served(cls.server)
        cls.port = cls.enterClassContext(served)

    async def asyncSetUp(self):
        # unittest switches it on; it slows the proxies and tells of every slow moment.
        asyncio.get_running_loop().set_debug(False)
        name = self._testMethodName.removeprefix('test_')
        self.contest = contest.Contest(self.port, f'/{name}', SEED)
        await self.enterAsyncContext(self.contest)

    def command(self, recipe, *options, threads=2):
        def line(name, port, base, resource_port):
            return [os.environ['PADDOCK_WORKER'], recipe, '--server', f'127.0.0.1:{port}',
                    '--base', base, '--name', name, '--resource', str(resource_port),
                    '--threads', str(threads), '--seed',
                    str(self.contest.random.getrandbits(32)),
                    '--timeout-ms', str(contest.SESSION_TIMEOUT_MS), *options]
        return line

    async def start(self, recipe, *options, count=1, threads=2):
        for _ in range(count):
            await self.contest.start(self.command(recipe, *options, threads=threads),
                                     split_bytes_max=40, delay_s_max=0.002)

    def write(self, path, data, exists=False):
        """Writes a node of the recipe's past all proxies."""
        with self.contest.observer() as client:
            write = client.set_data if exists else client.create
            write(f'{self.contest.base}/recipe{path}', data)
            client.close_session()

    def judge(self, *verdicts):
        """Passes if no checker found anything wrong."""
        wrong = [sentence for verdict in verdicts for sentence in verdict]
        wrong += checkers.errors(self.contest.history)
        if wrong:
            kept = self.contest.keep_history()
            self.fail('\n'.join([f'seed {SEED}, history in {kept}', *wrong[:20]]))

    async def disturbed(self, faults, *progress):
        """Disturbs, then finishes all workers that are left."""
        await self.contest.disturb(FAULTS, faults * FACTOR, progress)
        await self.contest.finish()
        await self.contest.sessions_over()

    async def hold_contest(self, recipe, *options, threads=2, faults=8, may_stay=()):
        """Three processes that hold and let go, disturbed; returns the history of all."""
        await self.start(recipe, *options, count=3, threads=threads)
        await self.disturbed(faults, 'granted')
        left = [path for path in self.contest.tree() if path not in may_stay]
        self.assertEqual(left, [], 'left behind')
        return self.contest.history

    async def test_lock(self):
        history = await self.hold_contest('lock')
        self.judge(checkers.lock(history, self.contest.resource.writes))

    async def test_reentrant_lock(self):
        history = await self.hold_contest('reentrant_lock', faults=4)
        self.judge(checkers.lock(history, self.contest.resource.writes))

    async def test_read_write_lock(self):
        history = await self.hold_contest('read_write_lock', threads=3)
        self.judge(checkers.read_write_lock(history))

    async def test_semaphore(self):
        # The containers of its two lines go when the server next looks for empty ones.
        history = await self.hold_contest('semaphore', '--members', '2', threads=3,
                                          may_stay=('/leases', '/locks'))
        self.judge(checkers.semaphore(history, 2))

    async def test_election(self):
        history = await self.hold_contest('election')
        self.assertTrue(checkers.of(history, 'observed'))
        self.judge(checkers.election(history, self.contest.resource.writes))

    async def test_counter(self):
        await self.start('counter', count=3)
        await self.disturbed(6, 'added')
        state = self.contest.state()
        self.assertEqual(len(state), 1, 'receipts are left behind')
        self.judge(checkers.counted(self.contest.history, int(*state.values())))

    async def cache_contest(self, cache, writer, faults):
        """Caches and writers, all disturbed; then a last write, which all caches must come to."""
        await self.start(cache, '--renew', count=2, threads=1)
        await self.start(writer, '--renew', count=2, threads=1)
        await self.contest.disturb(FAULTS, faults * FACTOR, ('changed',))
        writers = [worker for worker in self.contest.workers if writer in worker.command]
        await self.contest.finish(writers)

    async def judge_caches(self):
        await self.contest.report()
        truth = self.contest.state()
        await self.contest.finish()
        self.judge(checkers.converged(self.contest.history, truth),
                   checkers.versions_grow(self.contest.history))

    async def test_config_cache(self):
        await self.cache_contest('config_cache', 'write_config', 6)
        self.write('', b'end', exists=True)
        await self.judge_caches()

    async def test_tree_cache(self):
        self.write('', b'')
        await self.cache_contest('tree_cache', 'write_tree', 6)
        self.write('/end', b'')
        await self.judge_caches()

    async def group_contest(self, recipe, progress, folder, last, data):
        """Members that come and go, disturbed; then a last one called `end`, whom everybody must
        see among exactly those who live."""
        await self.start(recipe, '--renew', count=3)
        await self.contest.disturb(FAULTS, 5 * FACTOR, progress, goes_on=False)
        members = {f'{worker.name}.{number}' for worker in self.contest.workers
                   if not worker.is_dead for number in range(2)}
        await self.contest.children_are(members, folder)
        self.write(f'{folder}/end', last)
        await self.contest.report()
        await self.contest.finish()
        truth = {name: name.split('.')[0] for name in members} | {'end': data}
        self.assertIn(f'{folder}/end', self.contest.tree())
        self.assertFalse([path for path in self.contest.tree() if '.' in path], 'left behind')
        self.judge(checkers.converged(self.contest.history, truth),
                   checkers.came_and_went(self.contest.history))

    async def test_membership(self):
        await self.group_contest('membership', ('joined', 'left'), '', b'', '')

    async def test_services(self):
        end = b'{"name": "orders", "id": "end", "address": "nowhere", "registrationTimeUTC": 0}'
        await self.group_contest('services', ('instances',), '/services/orders', end, 'nowhere')

    async def test_workers(self):
        await self.start('workers', '--renew', '--members', '6', count=3)
        await self.contest.disturb(FAULTS, 5 * FACTOR, ('joined', 'left'), goes_on=False)
        await self.contest.report()
        truth = {f'{worker.name}.{number}': 'done' for worker in self.contest.workers
                 if not worker.is_dead for number in range(2)}
        await self.contest.finish()
        self.judge(checkers.converged(self.contest.history, truth),
                   checkers.came_and_went(self.contest.history))

    async def test_notifier(self):
        await self.start('notifier', '--renew', count=3)
        await self.contest.disturb(FAULTS, 5 * FACTOR, ('sent',))
        living = [worker.name for worker in self.contest.workers if not worker.is_dead]
        for worker in self.contest.workers:
            await worker.tell('report')
        await self.contest.until(
            lambda: self.contest.count('quiet') >= 2 * len(living), 'everybody quiet')
        self.write('/topics/news', b'end', exists=True)
        await self.contest.report()
        await self.contest.finish()
        self.judge(checkers.notified(self.contest.history))

    async def test_ids(self):
        await self.start('ids', count=3)
        await self.disturbed(5, 'id')
        self.judge(checkers.ids_unique(self.contest.history))

    async def queue_contest(self, recipe, faults):
        await self.start(recipe, count=3)
        await self.disturbed(faults, 'taken')
        await self.start('drain_queue', '--rounds', '1', '--patient', count=1, threads=1)
        await self.contest.finish()
        left = [path for path in self.contest.tree() if path.count('/') > 1]
        self.judge(checkers.queue(self.contest.history, left))

    async def test_queue(self):
        await self.queue_contest('queue', 8)

    async def test_priority_queue(self):
        await self.queue_contest('priority_queue', 4)

    async def test_queues_in_order(self):
        # Undisturbed: what comes back from the dead comes late.
        for recipe in ('queue', 'priority_queue'):
            with self.subTest(recipe):
                self.contest.history.clear()
                await self.start(recipe, '--patient', '--rounds', '10', count=3)
                await self.contest.finish()
                history = self.contest.history
                self.assertEqual(len(checkers.of(history, 'confirmed')), 60)
                self.judge(checkers.queue(history))
                if recipe == 'queue':
                    self.judge(checkers.queue_order(history, lambda item: int(item.split('-')[1])))

    async def test_barrier(self):
        await self.start('barrier', count=2)
        await self.start('keep_barrier', '--patient', count=1, threads=1)
        await self.contest.disturb(FAULTS, 6 * FACTOR, ('passed', 'closed'))
        keepers = [worker for worker in self.contest.workers if 'keep_barrier' in worker.command]
        await self.contest.finish(keepers)
        await self.contest.finish()
        self.assertEqual(self.contest.state(), {}, 'the gate is left closed')
        self.judge(checkers.gate(self.contest.history))

    async def test_double_barrier(self):
        # Undisturbed sessions: whose ends makes fewer members than there have to be.
        await self.start('double_barrier', '--members', '6', '--rounds', str(6 * FACTOR),
                         '--timeout-ms', '10000', count=3)
        await self.contest.disturb(['cut', 'lose_reply'], 6 * FACTOR, ('entered', 'left'))
        await self.contest.finish()
        self.assertEqual(self.contest.tree(), [])
        self.judge(checkers.together(self.contest.history, 6, 'entering', 'entered'),
                   checkers.together(self.contest.history, 6, 'leaving', 'left'))


if __name__ == '__main__':
    RecipesTest.server = sys.argv.pop(1)
    tap.main()
