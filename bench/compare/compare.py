"""Runs the same loads against Paddock, Apache ZooKeeper, Redis and the floor, one after the other
in each round (A B A B), and says what came out: a table on standard output, JSON and HTML in files.

Light rows share one set of running servers, so that a JVM is warm after its first round; heavy rows
(memory, restart, fan-out, storms) get a fresh server each. Exit status: 0 = every reply was right
and every target met, 1 = not so, 2 = it could not run.
"""

import argparse
import contextlib
import csv
import dataclasses
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import environment
import floor
import report
import rows as suite
import servers
import table
import tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How much longer it is measured what is measured in one round only.
ONCE_SECONDS = 5


class Progress:
    """Lines on standard error: what runs, and how long it has been."""

    def __init__(self, total):
        self.total, self.done, self.begin = total, 0, time.monotonic()

    def say(self, text):
        self.done += 1
        seconds = time.monotonic() - self.begin
        print(f'[{seconds:5.0f} s, {self.done}/{self.total}] {text}', file=sys.stderr, flush=True)


def core_lists(pinning):
    """(cores of the server, cores of the load), as taskset takes them; None where not pinned."""
    cores = sorted(os.sched_getaffinity(0))
    if pinning == 'unpinned' or len(cores) < 2:
        return None, None
    half = len(cores) // 2
    return ','.join(map(str, cores[:half])), ','.join(map(str, cores[half:]))


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path(options.build)
        self.folder = pathlib.Path(options.data)
        self.numbers = {}   # (row name, pinning) -> {system: [number of each round]}
        self.floors = {}    # the same -> [number]
        self.curves = {}    # row name -> {system: latency curve}
        self.throughput = {}  # workload -> {system: [per second by connections]}
        self.runs = []      # everything the load generator said
        self.systems = {}   # name -> its options
        self.redis_rates = {}  # row name -> requests per second of the last run
        self.errors = 0
        self.progress = None

    # --- one run ---

    def load(self, server, row, cores, seconds=None, warmup=None):
        """Runs the load generator; returns its result with all numbers in 'values'."""
        options = self.options
        nodes = row.nodes
        if row.peer_nodes and isinstance(server, servers.ZooKeeper):
            nodes = row.peer_nodes
        connections = row.connections
        if row.is_heavy and nodes > suite.SMALL_NODES:
            nodes = max(suite.SMALL_NODES, int(nodes * options.scale))
        elif row.is_heavy and row.workload == 'fanout-own':
            nodes = max(10, int(nodes * options.scale))
        if row.is_heavy and options.quick:
            connections = max(10, connections // 10) if connections > 100 else connections
        pinned = ['taskset', '-c', cores] if cores else []
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            command = [*pinned, self.build / 'bench/load/paddock-load', row.workload, '--port',
                       server.port, '--connections', connections, '--depth', row.depth, '--nodes',
                       nodes, '--seconds', seconds or options.seconds, '--warmup',
                       options.warmup if warmup is None else warmup, '--pid', server.pid, '--json',
                       file.name, *row.arguments]
            done = subprocess.run(list(map(str, command)), stderr=subprocess.PIPE, text=True,
                                  check=False)
            text = file.read()
        if not text:
            raise RuntimeError(f'{server.name}, {row.name}: {done.stderr}{server.log()}')
        result = json.loads(text)
        result['system'] = server.name
        result['values'] = {'per_second': result['per_second'], **result['latency'],
                            **(result.get('figures') or {})}
        if result.get('server') and result['count']:
            result['values']['cpu_us'] = result['server']['cpu_seconds'] * 1e6 / result['count']
        if result['errors'] or done.returncode != 0:
            self.errors += 1
            print(f'{server.name}, {row.name}: {done.stderr}', file=sys.stderr)
        self.runs.append(result)
        return result

    def redis_benchmark(self, server, row, cores):
        """The number of redis-benchmark that a row is held against."""
        command, metric, _ = row.redis
        guess = {'get': 400_000, 'set': 60_000}[command] if row.outstanding > 1 else 2500
        # It counts requests, not seconds: as many as were right for its last run.
        guess = self.redis_rates.get(row.name, guess)
        pinned = ['taskset', '-c', cores] if cores else []
        done = subprocess.run(
            [*pinned, 'redis-benchmark', '-h', '127.0.0.1', '-p', str(server.port), '-t', command,
             '-c', str(row.connections), '-P', str(row.depth), '-n',
             str(int(guess * self.options.seconds)), '-d', '100', '-r', '1000', '--csv'],
            stdout=subprocess.PIPE, text=True, check=True)
        result = list(csv.DictReader(io.StringIO(done.stdout)))[0]
        self.redis_rates[row.name] = float(result['rps'])
        if metric == 'per_second':
            return float(result['rps'])
        return float(result['p50_latency_ms']) * 1000

    # --- what is compared ---

    def responder(self, cores):
        return servers.Responder(self.build / 'bench/floor/responder', cores)

    def durable_servers(self, cores):
        options = self.options
        heap = options.heap_mib
        found = [servers.Paddock(self.build / 'paddock/paddock', self.folder, cores)]
        if not options.quick:
            found.append(servers.ZooKeeper(self.folder, cores))
        found.append(servers.ZooKeeper(self.folder, cores, is_tuned=True, heap_mib=heap))
        return found

    def keep(self, row, pinning, system, number):
        by_system = self.numbers.setdefault((row.name, pinning), {})
        by_system.setdefault(system, []).append(number)

    def light_rows(self, pinning):
        return [row for row in suite.ROWS if not row.is_heavy and
                (row.is_quick or not self.options.quick) and
                (pinning == 'pinned' or row.is_unpinned_too)]

    def heavy_rows(self):
        return [row for row in suite.ROWS
                if row.is_heavy and (row.is_quick or not self.options.quick)]

    # --- light rows ---

    def run_light(self, pinning):
        server_cores, load_cores = core_lists(pinning)
        with contextlib.ExitStack() as stack:
            responder = stack.enter_context(self.responder(server_cores))
            running = [stack.enter_context(s) for s in self.durable_servers(server_cores)]
            unsynced = stack.enter_context(servers.ZooKeeper(
                self.folder, server_cores, is_tuned=True, force_sync=False,
                heap_mib=self.options.heap_mib)) if pinning == 'unpinned' else None
            redis = stack.enter_context(servers.Redis(self.folder, server_cores))
            for server in [*running, redis] + ([unsynced] if unsynced else []):
                self.systems[server.name] = server.options
            light = self.light_rows(pinning)
            for number in range(self.options.rounds):
                # The floor and Paddock, whose ratio is the narrowest, are next to each other.
                systems = [responder, *running] + ([unsynced] if unsynced else [])
                # Each is once behind its neighbour and once before it.
                if number % 2 == 1:
                    systems.reverse()
                self.run_round(light, pinning, systems, redis, (server_cores, load_cores),
                               f'{pinning}, round {number + 1}')
            if pinning == 'pinned':
                self.run_curves([responder, *self.curve_servers(running)], load_cores)

    def run_round(self, light, pinning, systems, redis, cores, label):
        server_cores, cores = cores
        # Where the servers sync: the interrupts of a disk may come to one core only.
        pinned = ['taskset', '-c', server_cores] if server_cores else []
        syncs = {}
        results = {}
        round_trip_us = None
        for row in light:
            key = (row.workload, row.connections, row.depth)
            for server in systems:
                if (key, server.name) not in results:
                    if isinstance(server, servers.Responder) and row.workload.startswith('lock'):
                        continue
                    self.progress.say(f'{label}: {row.name}, {server.name}')
                    if row.is_durable and isinstance(server, servers.Paddock):
                        # At once before it: a disk changes from minute to minute.
                        syncs = floor.raw_syncs(self.build / 'bench/floor/raw_sync', self.folder,
                                                sorted({floor.BLOCK, floor.padded(row)}),
                                                min(0.15, self.options.seconds / 4), pinned)
                    results[key, server.name] = self.load(server, row, cores)
                result = results[key, server.name]
                if server.name != 'floor':
                    self.keep(row, pinning, server.name, result['values'].get(row.metric))
                if pinning == 'pinned':
                    self.curves.setdefault(row.name, {})[server.name] = result['latency']['curve']
            if row.redis:
                self.keep(row, pinning, 'redis', self.redis_benchmark(redis, row, cores))
            responder = results.get((key, 'floor'))
            if round_trip_us is None and responder and row.outstanding == 1:
                round_trip_us = responder['values']['p50_us']
            self.floors.setdefault((row.name, pinning), []).append(
                floor.limit(row, responder, round_trip_us, syncs))

    def curve_servers(self, running):
        """One ZooKeeper is enough for a picture."""
        return [s for s in running if s.name != 'zookeeper']

    def run_curves(self, systems, cores):
        for workload in ('get', 'set'):
            by_system = self.throughput.setdefault(workload, {})
            for connections in suite.CURVE_CONNECTIONS:
                row = suite.throughput('curve', workload, connections, suite.CURVE_DEPTH)
                for server in systems:
                    self.progress.say(f'{workload} with {connections} connections, {server.name}')
                    result = self.load(server, row, cores, self.options.seconds / 2)
                    by_system.setdefault(server.name, []).append(result['per_second'])

    # --- heavy rows ---

    def run_heavy(self):
        server_cores, load_cores = core_lists('pinned')
        heavy = self.heavy_rows()
        keys = list(dict.fromkeys((row.workload, row.arguments) for row in heavy))
        for number in range(self.options.heavy_rounds):
            for workload, arguments in keys:
                group = [r for r in heavy if (r.workload, r.arguments) == (workload, arguments)]
                values = {}
                systems = self.heavy_systems(group, server_cores, number)
                if not systems:
                    continue
                for server in systems:
                    self.progress.say(f'heavy, round {number + 1}: {workload}, {server.name}')
                    try:
                        with server:
                            values[server.name] = self.measure_heavy(server, group[0], load_cores)
                    except RuntimeError as error:
                        # One that does not stand it is an error; all others still count.
                        self.errors += 1
                        print(error, file=sys.stderr)
                        values[server.name] = {}
                for row in group:
                    self.keep_heavy(row, values)

    def heavy_systems(self, group, cores, number):
        """Who runs in this round, counted from 0. What takes minutes is in the first one only:
        loading a ZooKeeper, and ten million znodes."""
        if number > 0 and group[0].floor == 'small':
            return []
        systems = self.durable_servers(cores)
        if not group[0].has_peers or number > 0:
            systems = [s for s in systems if not isinstance(s, servers.ZooKeeper)]
        if group[0].floor == 'small':
            # What spins, and the thread that would still write the large tree's snapshot, take
            # processor time that no request asked for.
            systems = [servers.Paddock(self.build / 'paddock/paddock', self.folder, cores,
                                       [*tree.NEVER, '--adaptive-poll-us', '0'])]
        if any(row.floor == 'responder' for row in group):
            systems.insert(0, self.responder(cores))
        return systems

    def measure_heavy(self, server, row, cores):
        small, seconds = None, None
        if row.floor == 'small':
            light = dataclasses.replace(row, nodes=suite.SMALL_NODES)
            seconds = ONCE_SECONDS * self.options.seconds
            small = self.load(server, light, cores, seconds)['values'].get(row.metric)
        values = self.load(server, row, cores, seconds)['values']
        values['small'] = small
        if row.workload != 'tree':
            return values

        def run_set(seconds, depth):
            row = suite.throughput('on the tree', 'set', 16, depth)
            return self.load(server, row, cores, seconds, warmup=0)
        if not isinstance(server, servers.ZooKeeper):
            return tree.measure_own(server, values, run_set)
        values = tree.measure_peer(server, values)
        if not self.options.quick:  # which does not show it
            values['snapshot_p99_us'] = tree.peer_p99_beside_snapshots(server, run_set)
        return values

    def keep_heavy(self, row, values):
        for name, of_server in values.items():
            if name == 'paddock' or (name != 'floor' and row.has_peers):
                self.keep(row, 'pinned', name, of_server.get(row.metric))
        if row.floor in suite.FLOORS_OF_OWN_RUN:
            limit = values['paddock'].get(row.floor)
        else:
            responder = {'values': values['floor']} if 'floor' in values else None
            limit = floor.limit(row, responder, None, {})
        self.floors.setdefault((row.name, 'pinned'), []).append(limit)

    # --- all of it ---

    def count_runs(self):
        total = 0
        for pinning in self.options.pinning:
            keys = {(r.workload, r.connections, r.depth) for r in self.light_rows(pinning)}
            systems = len(self.durable_servers(None)) + 1 + (pinning == 'unpinned')
            locks = sum(key[0].startswith('lock') for key in keys)
            total += (len(keys) * systems - locks) * self.options.rounds
            if pinning == 'pinned':
                shown = len(self.curve_servers(self.durable_servers(None))) + 1
                total += 2 * len(suite.CURVE_CONNECTIONS) * shown
        for key in {(r.workload, r.arguments) for r in self.heavy_rows()}:
            group = [r for r in self.heavy_rows() if (r.workload, r.arguments) == key]
            total += sum(len(self.heavy_systems(group, None, number))
                         for number in range(self.options.heavy_rounds))
        return total

    def run(self):
        self.progress = Progress(self.count_runs())
        for pinning in self.options.pinning:
            self.run_light(pinning)
        self.run_heavy()

    def result(self, where):
        entries = []
        for row in suite.ROWS:
            for pinning in self.options.pinning:
                key = (row.name, pinning)
                if key in self.numbers:
                    entries.append(table.line(row, pinning, self.numbers[key], self.floors[key]))
        shown = {name: self.curves[name] for name in
                 ('getData p50, 1 x 1', 'setData p50, 1 x 1', 'getData, 16 x 16',
                  'setData, 16 x 16') if name in self.curves}
        return {
            'environment': where,
            'options': {'seconds': self.options.seconds, 'warmup': self.options.warmup,
                        'rounds': self.options.rounds, 'heavy_rounds': self.options.heavy_rounds,
                        'scale': self.options.scale, 'quick': self.options.quick},
            'systems': self.systems,
            'table': entries,
            'latency_curves': shown,
            'throughput_curves': self.throughput,
            'curve_connections': suite.CURVE_CONNECTIONS,
            'curve_depth': suite.CURVE_DEPTH,
            'errors': self.errors,
            'runs': self.runs,
        }


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default=ROOT / 'build/bench', help='a release build with bench')
    parser.add_argument('--data', default=ROOT / 'build/bench-data',
                        help='where the servers write; not a file system in memory')
    parser.add_argument('--out', default=ROOT / 'build/bench-result',
                        help='the result, with .json and .html')
    parser.add_argument('--quick', action='store_true', help='one round of fewer and smaller rows')
    parser.add_argument('--rounds', type=int, help='of light rows')
    parser.add_argument('--heavy-rounds', type=int,
                        help="of heavy rows; ZooKeeper's are in the first one only")
    parser.add_argument('--seconds', type=float, help='measured in each light run')
    parser.add_argument('--scale', type=float,
                        help='of the znodes and watches in heavy rows; 1 = a million')
    parser.add_argument('--heap-mib', type=int,
                        default=max(2048, min(8192, environment.memory_mib() // 5)),
                        help='of the tuned ZooKeeper')
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (0.6 if options.quick else 0.8)
    options.heavy_rounds = options.heavy_rounds or (1 if options.quick else 5)
    options.warmup = options.seconds / 5
    options.scale = options.scale or (0.02 if options.quick else 1)
    options.pinning = ['pinned'] if options.quick else ['pinned', 'unpinned']
    return options


def main():
    options = parse()
    folder = pathlib.Path(options.data)
    folder.mkdir(parents=True, exist_ok=True)
    if servers.file_system(folder) in servers.MEMORY_FILE_SYSTEMS:
        print(f'{folder} is in memory: nothing durable can be measured there; see --data',
              file=sys.stderr)
        return 2
    where = environment.describe(ROOT, folder)
    bench = Bench(options)
    try:
        bench.run()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2
    result = bench.result(where)
    out = pathlib.Path(options.out)
    out.with_suffix('.json').write_text(json.dumps(result, indent=1))
    out.with_suffix('.html').write_text(report.page(result))
    print(table.text(result['table']))
    for key, value in {**where, **result['options']}.items():
        print(f'{key}: {value}')
    missed = [entry['name'] for entry in result['table']
              if any(met is False for _, _, met in entry['ratios'].values())]
    print(f'{len(missed)} rows missed a target, {bench.errors} runs had errors; '
          f'{out.with_suffix(".html")}')
    return 1 if missed or bench.errors else 0


if __name__ == '__main__':
    sys.exit(main())
