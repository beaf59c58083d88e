"""Kills the daemon at random moments and compares what it kept with what it had acknowledged.

A round is one data directory and several kills. While writers (writer.py) are at work the daemon is
killed: at a random moment, at the moment when a file appears in its directory (a roll, a snapshot),
while it recovers, or told to stop. After each restart

  - each writer's subtree is in the state behind one of its operations, none older than the last
    that was acknowledged, none younger than the last that was sent, with all versions, sequence
    numbers, owners and told zxids (model.py),
  - every acknowledged node of the folder that all write is there, its numbers run from 0 without
    a gap, and it holds nothing that was never sent,
  - no zxid that any client was shown lies above the newest one, and none was given twice,
  - the sessions are resumed with their ephemerals, and
  - the digest is the same after recovery from the log alone and after another crash.

Rounds with an odd seed run the lossy build: its files forget what was not synced (paddock/disk).
The number of reactors goes round with the seed as well.
One TAP line a round; a failed round prints the command that repeats its plan, and keeps its
directory.
"""

import argparse
import os
import pathlib
import random
import sys
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / 'harness')]

import daemon  # noqa: E402
import model  # noqa: E402
import wire  # noqa: E402
import writer  # noqa: E402

# Small segments and frequent snapshots, so that every kill is near a roll or a snapshot.
ARGUMENTS = ['--pre-alloc-size', '1024', '--snap-count', '150', '--tick-time', '2000']
REACTORS = (1, 2, 4)
KILLS_MAX = 4
WRITERS = 4


class Wrong(Exception):
    """What the daemon kept does not fit what it said."""


class Round:
    def __init__(self, seed, program, environment, arguments=()):
        self.rng = random.Random(seed)
        self.reactors = REACTORS[seed % len(REACTORS)]
        self.daemon = daemon.Daemon([*ARGUMENTS, '--reactors', str(self.reactors), *arguments],
                                    program=program,
                                    environment={'PADDOCK_LOSSY_SEED': str(seed), **environment})
        self.writers = [writer.Writer(n, random.Random(self.rng.random())) for n in range(WRITERS)]
        self.shown_zxid = 0
        self.starts = 0
        self.kills = {}

    def run(self):
        """Raises Wrong, or whatever the daemon's refusal to start raises."""
        self._start()
        with wire.Client(self.daemon.port) as client:
            client.connect()
            client.create('/shared')
            for each in self.writers:
                client.create(each.root)
            self.shown_zxid = client.last_zxid
            client.close_session()
        for _ in range(self.rng.randint(2, KILLS_MAX)):
            self._work_and_end()
            self._start()
            self._check()
        self._check_files()

    def counts(self):
        """How much was tried, for the report."""
        acknowledged = sum(len(each.zxids) for each in self.writers)
        return (f'{self.reactors} reactors, {acknowledged} acknowledged transactions, '
                f'ended by {self.kills}')

    def _start(self):
        # Each start of the lossy build gets other coins.
        self.starts += 1
        seed = self.rng.randrange(1 << 32)
        self.daemon.environment['PADDOCK_LOSSY_SEED'] = str(seed)
        self.daemon.start()

    # Ending the daemon.

    def _work_and_end(self):
        threads = [each.start(self.daemon.port) for each in self.writers]
        reader = Reader(self.daemon.port)
        threads.append(reader.start())
        time.sleep(self.rng.uniform(0.02, 0.7))
        how = self.rng.choice(['at random', 'at random', 'at a new file', 'at a new file',
                               'in recovery', 'by SIGTERM'])
        self.kills[how] = self.kills.get(how, 0) + 1
        if how == 'by SIGTERM':
            status = self.daemon.stop()
        else:
            if how == 'at a new file':
                self._await_new_file()
            self._end_by_kill()
        for thread in threads:
            thread.join()
        for each in self.writers:
            self.shown_zxid = max(self.shown_zxid, each.client.last_zxid)
        self.shown_zxid = max(self.shown_zxid, reader.zxid)
        trouble = [text for each in self.writers for text in each.trouble] + reader.trouble
        if trouble:
            raise Wrong('while it ran: ' + '; '.join(trouble[:5]))
        if how == 'by SIGTERM' and status != 0:
            raise Wrong(f'SIGTERM ended it with {status}')
        if how == 'in recovery':
            self._kill_in_recovery()

    def _end_by_kill(self):
        if self.daemon.process.poll() is not None:
            raise Wrong(f'it ended by itself with {self.daemon.process.returncode}')
        self.daemon.kill()

    def _await_new_file(self):
        """Until a name in the data directory appears or goes; at most a moment."""
        before = os.listdir(self.daemon.data_dir)
        deadline = time.monotonic() + 0.5
        while os.listdir(self.daemon.data_dir) == before and time.monotonic() < deadline:
            pass
        time.sleep(self.rng.choice([0, 0, 0.001, 0.003]))

    def _kill_in_recovery(self):
        for _ in range(self.rng.randint(1, 3)):
            self.daemon.launch()
            time.sleep(self.rng.uniform(0, 0.06))
            self._end_by_kill()

    # Looking at what it kept.

    def _check(self):
        with wire.Client(self.daemon.port) as client:
            client.connect()
            newest = client.ping().zxid
            if newest < self.shown_zxid:
                raise Wrong(f'a client was shown {self.shown_zxid:#x}, the newest is {newest:#x}')
            for each in self.writers:
                self._check_subtree(client, each)
            self._check_shared(client)
            self._check_zxids()
            client.close_session()
        self._check_digest()

    def _check_subtree(self, client, each):
        seen = {}
        walk(client, each.root, seen)
        state, done, differences = model.match(each.acknowledged, each.pending, seen)
        if state is None:
            raise Wrong(f'{each.root}, {len(each.pending)} operations in flight, against the '
                        f'acknowledged state: ' + '; '.join(differences[:8]))
        state.adopt_zxids(seen)
        if any(op.kind == 'close' for op in list(each.pending)[:done]):
            state.session_id = 0
        elif any(op.kind == 'close' for op in each.pending):
            # A close that had no node to delete leaves no trace: ask whether the session is there.
            state.session_id = self._session_id_if_alive(each)
        each.acknowledged = state
        each.pending.clear()

    def _session_id_if_alive(self, each):
        with wire.Client(self.daemon.port) as client:
            reply = client.resume(each.client)
            return reply.session_id

    def _check_shared(self, client):
        names, stat = client.get_children2('/shared')
        names.sort()
        if names != [f'n-{i:010}' for i in range(len(names))]:
            raise Wrong(f'the numbers in /shared have gaps: {names}')
        if stat.cversion != len(names):
            raise Wrong(f'/shared has cversion {stat.cversion} and {len(names)} children')
        kept = {client.get_data(f'/shared/{name}')[0]: f'/shared/{name}' for name in names}
        if len(kept) != len(names):
            raise Wrong('one create in /shared was carried out twice')
        sent = {data: path for each in self.writers for data, path in each.shared_sent.items()}
        if never_sent := kept.keys() - sent.keys():
            raise Wrong(f'in /shared, but never sent: {never_sent}')
        for data, path in sent.items():
            if path is not None and kept.get(data) != path:
                raise Wrong(f'{data} was acknowledged as {path} and is {kept.get(data)}')
        for each in self.writers:
            # What was in flight is settled now.
            each.shared_pending.clear()
            each.shared_sent = {data: kept[data] for data in each.shared_sent if data in kept}

    def _check_zxids(self):
        zxids = [zxid for each in self.writers for zxid in each.zxids]
        if len(set(zxids)) != len(zxids):
            raise Wrong('one zxid was given to two transactions')

    def _check_digest(self):
        before = wire.mntr(self.daemon.port)
        self.daemon.kill()
        self._start()
        after = wire.mntr(self.daemon.port)
        for key in ('digest', 'committed_zxid'):
            if before[key] != after[key]:
                raise Wrong(f'{key} was {before[key]} and is {after[key]} after a crash')

    def _check_files(self):
        self.daemon.kill()
        status, out, error = daemon.run('wal', 'verify', self.daemon.data_dir,
                                        program=self.daemon.program)
        if status != 0:
            raise Wrong(f'wal verify ended with {status}: {out}{error}')


class Reader:
    """Looks at what others write; what it is shown must survive, because nobody sees what may be
    lost."""

    def __init__(self, port):
        self.client = wire.Client(port)
        self.zxid = 0
        self.trouble = []

    def start(self):
        thread = threading.Thread(target=self._run)
        thread.start()
        return thread

    def _run(self):
        try:
            self.client.connect()
            while True:
                self.client.get_children('/shared')
                for number in range(WRITERS):
                    self.zxid = max(self.zxid, self.client.get_data(f'/w{number}')[1].mzxid)
                self.zxid = max(self.zxid, self.client.last_zxid)
        except (wire.Closed, OSError):
            pass
        except Exception as error:  # a thread must not die unseen
            self.trouble.append(f'reader: {type(error).__name__}: {error}')


def walk(client, path, seen):
    """Data and Stat of `path` and all below it."""
    names, _ = client.get_children2(path)
    seen[path] = client.get_data(path)
    for name in names:
        walk(client, f'{path}/{name}', seen)


def run_round(seed, program, environment=None, arguments=()):
    """(None, counts) or (what is wrong, counts). Keeps the directory of a round that failed."""
    current = Round(seed, program, environment or {}, arguments)
    try:
        current.run()
        wrong = None
    except Wrong as error:
        wrong = str(error)
    except (RuntimeError, wire.Closed, wire.ServerError, OSError) as error:
        wrong = f'{type(error).__name__}: {error}'
    current.daemon.kill()
    if wrong is None:
        current.daemon.remove()
    else:
        wrong += f' [directory kept: {current.daemon.data_dir}]'
    return wrong, current.counts()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--daemon', help='the normal build')
    parser.add_argument('--lossy-daemon', help='the build with -Dlossy=true; one of them suffices')
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--seed', type=int, default=None, help='of the first round; others follow')
    args = parser.parse_args()
    first = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 30)
    failed = 0
    for index in range(args.rounds):
        seed = first + index
        lossy = not args.daemon or (args.lossy_daemon is not None and seed % 2 == 1)
        wrong, counts = run_round(seed, args.lossy_daemon if lossy else args.daemon)
        kind = 'lossy disk' if lossy else 'normal build'
        if wrong:
            failed += 1
            print(f'# {wrong}\n# again: ./dev crash --rounds 1 --seed {seed}')
        word = 'not ok' if wrong else 'ok'
        print(f'{word} {index + 1} - {kind}, seed {seed}: {counts}', flush=True)
    print(f'1..{args.rounds}')
    print(f'{args.rounds - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
