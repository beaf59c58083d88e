"""Workers of this library, of Curator and of kazoo on one path: they exclude each other, in the
order in which they came: interop_test.py SERVER CLASS_FOLDER [CASE...].

Undisturbed: the other libraries do not ask whether they still hold what they were granted.
"""

import asyncio
import os
import pathlib
import subprocess
import sys
import unittest

import checkers
import contest
import servers_under_test
import tap

HERE = pathlib.Path(__file__).parent
JARS = '/usr/share/java/curator-recipes.jar:/usr/share/java/zookeeper.jar'
TIMEOUT_MS = '10000'  # long enough for a busy machine: nobody is to lose a session
TURNS = 8  # that each worker has at least


def start_curator(folder):
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted((HERE / 'java').glob('*.java'))
    subprocess.run(['javac', '-nowarn', '-cp', JARS, '-d', folder, *sources], check=True)
    return contest.SharedProgram(['java', '-Xmx128m', '-XX:TieredStopAtLevel=1',
                                  '-XX:+UseSerialGC', '-cp', f'{folder}:{JARS}', 'CuratorWorker'])


class InteropTest(unittest.IsolatedAsyncioTestCase):
    server = ''
    class_folder = None

    @classmethod
    def setUpClass(cls):
        cls.port = cls.enterClassContext(servers_under_test.served(cls.server))
        cls.curator = start_curator(cls.class_folder)
        cls.addClassCleanup(cls.curator.close)

    async def asyncSetUp(self):
        # unittest switches it on; it slows the proxies and tells of every slow moment.
        asyncio.get_running_loop().set_debug(False)
        name = self._testMethodName.removeprefix('test_')
        self.contest = contest.Contest(self.port, f'/{name}', seed=1)
        await self.enterAsyncContext(self.contest)

    async def start(self, kind, recipe, *options, threads=2):
        program = {'ours': [os.environ['PADDOCK_WORKER']], 'curator': [],
                   'kazoo': ['/usr/bin/python3', str(HERE / 'kazoo_worker.py')]}[kind]
        patient = ['--patient'] if kind == 'ours' else []

        def line(name, port, base, resource_port):
            return [*program, recipe, '--server', f'127.0.0.1:{port}', '--base', base, '--name',
                    name, '--resource', str(resource_port), '--threads', str(threads),
                    '--timeout-ms', TIMEOUT_MS, *options, *patient]
        await self.contest.start(line, program=self.curator if kind == 'curator' else None)

    async def hold_contest(self, *progress):
        """Returns the history when every worker has done something TURNS times, and finished."""
        def all_had_turns():
            turns = [event['who'].split('.')[0] for event in
                     checkers.of(self.contest.history, *progress)]
            return all(turns.count(worker.name) >= TURNS for worker in self.contest.workers)
        await self.contest.until(all_had_turns, f'{TURNS} turns of everybody')
        await self.contest.finish()
        return self.contest.history

    def judge(self, *verdicts):
        wrong = [sentence for verdict in verdicts for sentence in verdict]
        wrong += checkers.errors(self.contest.history)
        if wrong:
            self.fail('\n'.join([f'history in {self.contest.keep_history()}', *wrong[:20]]))

    async def judge_lock(self):
        history = await self.hold_contest('granted')
        self.judge(checkers.lock(history, self.contest.resource.writes))

    async def judge_read_write_lock(self):
        self.judge(checkers.read_write_lock(await self.hold_contest('granted')))

    async def test_lock_and_curators_mutex(self):
        await self.start('ours', 'lock')
        await self.start('curator', 'lock')
        await self.judge_lock()

    async def test_lock_and_kazoos_with_patterns(self):
        await self.start('ours', 'lock')
        await self.start('kazoo', 'lock', '--pattern=-lock-')
        await self.judge_lock()

    async def test_lock_in_kazoos_layout(self):
        await self.start('ours', 'lock', '--layout', 'kazoo')
        await self.start('kazoo', 'lock')
        await self.judge_lock()

    async def test_read_write_lock_and_curators(self):
        await self.start('ours', 'read_write_lock', '--no-downgrade')
        await self.start('curator', 'read_write_lock')
        await self.judge_read_write_lock()

    async def test_read_write_lock_and_kazoos_with_patterns(self):
        await self.start('ours', 'read_write_lock')
        await self.start('kazoo', 'write_lock', '--pattern=__WRIT__', '--pattern=__READ__')
        await self.judge_read_write_lock()

    async def test_read_write_lock_in_kazoos_layout(self):
        await self.start('ours', 'read_write_lock', '--layout', 'kazoo')
        await self.start('kazoo', 'write_lock')
        await self.judge_read_write_lock()

    async def test_semaphore_and_curators(self):
        await self.start('ours', 'semaphore', '--members', '2')
        await self.start('curator', 'semaphore', '--members', '2')
        self.judge(checkers.semaphore(await self.hold_contest('granted'), 2))

    async def judge_election(self):
        history = await self.hold_contest('granted')
        self.judge(checkers.election(history, self.contest.resource.writes))

    async def test_election_and_curators_latch(self):
        await self.start('ours', 'election')
        await self.start('curator', 'election')
        await self.judge_election()

    async def test_election_and_kazoos(self):
        await self.start('ours', 'election', '--layout', 'kazoo')
        await self.start('kazoo', 'election')
        await self.judge_election()

    async def test_queue_and_kazoos(self):
        await self.start('ours', 'queue')
        await self.start('kazoo', 'queue')
        await self.hold_contest('taken')
        await self.start('ours', 'drain_queue', '--rounds', '1', threads=1)
        await self.contest.finish()
        left = [path for path in self.contest.tree() if path.count('/') > 1]
        self.judge(checkers.queue(self.contest.history, left))

    async def double_barrier(self, other):
        for kind in ('ours', other):
            await self.start(kind, 'double_barrier', '--members', '4', '--rounds', '1')
        await self.contest.until(lambda: self.contest.count('left') == 4, 'everybody has left')
        await self.contest.finish()
        self.judge(checkers.together(self.contest.history, 4, 'entering', 'entered'),
                   checkers.together(self.contest.history, 4, 'leaving', 'left'))

    async def test_double_barrier_and_curators(self):
        await self.double_barrier('curator')

    async def test_double_barrier_and_kazoos(self):
        await self.double_barrier('kazoo')


if __name__ == '__main__':
    InteropTest.server = sys.argv.pop(1)
    InteropTest.class_folder = pathlib.Path(sys.argv.pop(1))
    tap.main()
