"""Worker processes that contend for one recipe, and what is done to them meanwhile.

A worker (worker.cc, or a program of another language that does the same) is told on its command
line what to do, writes its history to its standard output, one JSON object a line, and ends when it
is told `finish` on its standard input. It reaches the server through a proxy of its own, and has an
ephemeral node `BASE/alive/NAME-SESSION` for as long as its session lives, by which the test sees
the end of the session.

Nothing waits for time: a disturbance begins when the history has grown, and ends when the server
has ended the session of the disturbed worker.
"""

import asyncio
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

import fenced
import proxy
import wire

# Nothing waits for it unless something is wrong: a wake-up that was lost, above all.
END_S = 120
SESSION_TIMEOUT_MS = 2000


class Worker:
    """One process. Events that it wrote are in the contest's history, under its name."""

    def __init__(self, contest, name, link):
        self.contest = contest
        self.name = name
        self.link = link  # its proxy
        self.command = []
        self.launch = ()  # the arguments of Contest.start that made it
        self.process = None
        self.reader = None
        self.is_dead = False  # by our hand

    async def start(self, command):
        self.command = command
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=1 << 24)
        self.reader = asyncio.create_task(self._read())
        return self

    async def _read(self):
        async for line in self.process.stdout:
            # Killed in the middle of a long line.
            if not line.endswith(b'\n') and self.is_dead:
                break
            await self.contest.add(json.loads(line))

    def is_running(self):
        return self.process.returncode is None

    def signal(self, number):
        if self.is_running():
            self.process.send_signal(number)

    async def tell(self, line):
        try:
            self.process.stdin.write(line.encode() + b'\n')
            await self.process.stdin.drain()
        except OSError:
            pass  # it has ended; its exit status tells how

    async def end(self):
        """Its exit status, when everything that it wrote is in the history."""
        await self.reader
        return await self.process.wait()

    async def remove(self):
        """Of a contest that is over, perhaps by a failure."""
        if self.is_running():
            self.process.kill()
        await self.end()


class SharedProgram:
    """A program that is slow to start and so serves many contests, one at a time: a line on its
    standard input is the command line of one; `finish` ends it. Threads: one that reads, and the
    present contest's loop."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.guest = None
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.guest.heard(json.loads(line))

    def write(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class Guest:
    """A worker in a shared program, with the methods of Worker. It cannot be disturbed."""

    def __init__(self, contest, name, link, program):
        self.contest = contest
        self.name = name
        self.link = link
        self.program = program
        self.command = []
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        self.is_dead = False

    async def start(self, command):
        self.command = command
        self.program.guest = self
        self.program.write(' '.join(command))
        return self

    def heard(self, event):
        """In the program's thread."""
        asyncio.run_coroutine_threadsafe(self.contest.add(event), self.loop)
        if event['what'] == 'end':
            self.loop.call_soon_threadsafe(self.over.set)

    def is_running(self):
        return not self.over.is_set()

    async def tell(self, line):
        self.program.write(line)

    async def end(self):
        await self.over.wait()
        return 0

    async def remove(self):
        if self.is_running():
            self.program.process.kill()  # the next one to use it fails too


class Contest:
    """Some workers on one recipe below `base`. Threads: the event loop's."""

    def __init__(self, server_port, base, seed):
        self.server_port = server_port
        self.base = base
        self.random = random.Random(seed)
        self.history = []
        self.grown = asyncio.Condition()
        self.workers = []
        self.links = []
        self.resource = None
        self.started = 0

    async def __aenter__(self):
        self.resource = await fenced.FencedResource().start()
        with self.observer() as client:
            client.create(self.base)
            client.create(f'{self.base}/alive')
            client.close_session()
        return self

    async def __aexit__(self, *_):
        for worker in self.workers:
            await worker.remove()
        for link in self.links:
            await link.close()
        await self.resource.close()

    def observer(self):
        """A client of the test's own, past all proxies."""
        client = wire.Client(self.server_port)
        client.connect(timeout_ms=10000)
        return client

    async def add(self, event):
        async with self.grown:
            self.history.append(event)
            self.grown.notify_all()

    async def note(self, worker, what):
        await self.add({'t': time.monotonic_ns(), 'who': worker.name, 'what': what})

    async def until(self, predicate, what):
        """Returns when `predicate()` holds, which is looked at each time the history grows."""
        async with self.grown:
            try:
                await asyncio.wait_for(self.grown.wait_for(predicate), END_S)
            except asyncio.TimeoutError:
                kept = self.keep_history()
                raise AssertionError(f'in vain: {what}; history in {kept}') from None

    def count(self, *whats):
        return sum(event['what'] in whats for event in self.history)

    async def start(self, command, split_bytes_max=0, delay_s_max=0.0, program=None):
        """Starts one more worker, in `program` if that is shared: `command(name, port, base,
        resource_port)` is its command line."""
        self.started += 1
        link = await proxy.Proxy(self.server_port, self.random.getrandbits(32), split_bytes_max,
                                 delay_s_max).start()
        self.links.append(link)
        name = f'w{self.started}'
        worker = Guest(self, name, link, program) if program else Worker(self, name, link)
        worker.launch = (command, split_bytes_max, delay_s_max, program)
        await worker.start(command(worker.name, link.port, f'{self.base}/recipe',
                                   self.resource.port))
        self.workers.append(worker)
        return worker

    # --- disturbances ---

    async def kill(self, worker):
        worker.is_dead = True
        await self.note(worker, 'killed')
        worker.signal(signal.SIGKILL)
        await worker.end()

    async def stop(self, worker):
        """SIGSTOP until its session is over."""
        await self.note(worker, 'stopped')
        worker.signal(signal.SIGSTOP)
        await self.session_over(worker)
        worker.signal(signal.SIGCONT)

    async def isolate(self, worker):
        """A network that lets nothing through, until its session is over."""
        await self.note(worker, 'isolated')
        worker.link.silence()
        await self.session_over(worker)
        worker.link.heal()

    async def cut(self, worker):
        await self.note(worker, 'cut')
        worker.link.cut()

    async def lose_reply(self, worker):
        await self.note(worker, 'reply lost')
        worker.link.lose_next_reply()

    async def session_over(self, worker):
        await asyncio.to_thread(self._await_gone, f'{worker.name}-')

    def _await_gone(self, prefix):
        """Returns when no session lives whose node begins with `prefix`."""
        self._await_children(f'{self.base}/alive',
                             lambda names: not any(name.startswith(prefix) for name in names))

    def _await_children(self, path, is_awaited):
        """Returns when the node's children are what is awaited, told by watches."""
        began = time.monotonic()
        while True:
            try:
                with self.observer() as client:
                    while not is_awaited(client.get_children(path, watch=True)):
                        client.event()
                    client.close_session()
                return
            except (wire.Closed, OSError):
                # It sends no pings, so it looks again each time its session has run out.
                if time.monotonic() > began + END_S:
                    raise

    async def disturb(self, kinds, count, progress, goes_on=True):
        """`count` disturbances, each after some more events of the kinds `progress`, to a random
        worker or (as often) to the one that spoke last. A killed one is replaced by another. Where
        nothing happens unless a session ends (`goes_on` False), another follows at once upon one
        that ends none."""
        kind = None
        for _ in range(count):
            if goes_on or kind not in ('cut', 'lose_reply'):
                target = self.count(*progress) + self.random.randint(1, 4)
                await self.until(lambda t=target: self.count(*progress) >= t,
                                 f'event {target} of {progress}')
            alive = [worker for worker in self.workers if worker.is_running()]
            last = next(e['who'] for e in reversed(self.history) if e['what'] in progress)
            speaker = [worker for worker in alive if worker.name == last.split('.')[0]]
            pool = speaker if speaker and self.random.random() < 0.5 else alive
            kind = self.random.choice(kinds)
            victim = self.random.choice(pool)
            await getattr(self, kind)(victim)
            if kind == 'kill':
                await self.start(*victim.launch)

    # --- the end ---

    async def report(self):
        """Every worker that lives is told to report its final state, and does."""
        running = [worker for worker in self.workers if worker.is_running()]
        for worker in running:
            await worker.tell('report')
        names = {worker.name for worker in running}
        await self.until(lambda: names <= {event['who'].split('.')[0] for event in self.history
                                           if event['what'] == 'final'},
                         f'a report of each of {names}')

    async def finish(self, workers=None):
        """Every worker (of these) that lives is told to finish, and does: nobody waits for ever."""
        running = [worker for worker in workers or self.workers
                   if not worker.is_dead and worker.is_running()]
        for worker in running:
            worker.link.heal()
            await worker.tell('finish')
        done = asyncio.gather(*(worker.end() for worker in running))
        try:
            statuses = await asyncio.wait_for(done, END_S)
        except asyncio.TimeoutError:
            stuck = [worker.name for worker in running if worker.is_running()]
            raise AssertionError(f'{stuck} did not finish; the tree is {self.tree()}; history in '
                                 f'{self.keep_history()}') from None
        bad = {w.name: status for w, status in zip(running, statuses) if status != 0}
        assert not bad, f'exit statuses {bad}'
        for worker in running:
            await asyncio.to_thread(self._await_gone, f'{worker.name}-')

    async def sessions_over(self):
        """Those of killed workers too."""
        await asyncio.to_thread(self._await_gone, '')

    async def children_are(self, names, below=''):
        """Returns when the recipe's node, or the one `below` it, has just these children."""
        await asyncio.to_thread(self._await_children, f'{self.base}/recipe{below}',
                                lambda found: set(found) == set(names))

    def state(self):
        """Full path -> data of the recipe's node and everything below it that exists now."""
        found = {}

        def walk(client, path):
            try:
                found[path] = client.get_data(path)[0].decode()
                names = client.get_children(path)
            except wire.ServerError as error:
                assert error.code == wire.NO_NODE, error
                return
            for name in sorted(names):
                walk(client, f'{path}/{name}')
        with self.observer() as client:
            walk(client, f'{self.base}/recipe')
            client.close_session()
        return found

    def tree(self):
        """The paths of state(), relative to the recipe's node, without it."""
        root = f'{self.base}/recipe'
        return [path.removeprefix(root) for path in self.state() if path != root]

    def keep_history(self):
        """Writes it to a file that outlives the test; returns its name."""
        folder = pathlib.Path(tempfile.gettempdir())
        path = folder / f'paddock-history-{os.getpid()}-{self.base.strip("/")}.jsonl'
        path.write_text('\n'.join(json.dumps(event) for event in self.history))
        return path
