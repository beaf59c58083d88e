"""What a lock costs: ours and Curator's, against Paddock and against Apache ZooKeeper, in one run.

    recipes.py --build build/bench [--data FOLDER] [--rounds N] [--contenders 2,16,256]

For each pair of library and server: requests and round trips of one acquire and release that nobody
disturbs (counted by a proxy on the way), how long each of the two takes, and how long it takes from
the release of one holder to the grant of the next while so many sessions stand in the line.
"""

import argparse
import asyncio
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'bench/compare'))
# The folder of what is imported is known only now.
import environment  # noqa: E402
import servers  # noqa: E402

JARS = '/usr/share/java/curator-recipes.jar:/usr/share/java/zookeeper.jar'
COUNTED_ROUNDS = 200


class Frames:
    """Counts the frames in a stream of bytes: four bytes of length, then as many bytes."""

    def __init__(self):
        self.count = 0
        self.rest = b''

    def add(self, data):
        self.rest += data
        while len(self.rest) >= 4:
            end = 4 + int.from_bytes(self.rest[:4], 'big')
            if len(self.rest) < end:
                break
            self.rest = self.rest[end:]
            self.count += 1


class CountingProxy:
    """Counts requests, and the times that the client speaks after the server has: round trips."""

    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.requests = Frames()
        self.round_trips = 0
        self.server_spoke_last = True

    async def run(self, command):
        """Runs `command(port)` through it to its end."""
        listener = await asyncio.start_server(self._accept, '127.0.0.1', 0)
        port = listener.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(*command(port),
                                                       stdout=asyncio.subprocess.DEVNULL,
                                                       stderr=asyncio.subprocess.DEVNULL)
        status = await process.wait()
        listener.close()
        if status != 0:
            raise RuntimeError(f'{command(port)} ended with {status}')

    async def _accept(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection('127.0.0.1', self.upstream_port)
        await asyncio.gather(self._pump(reader, up_writer, True),
                             self._pump(up_reader, writer, False), return_exceptions=True)

    async def _pump(self, reader, writer, are_requests):
        while data := await reader.read(1 << 16):
            if are_requests:
                self.requests.add(data)
                self.round_trips += self.server_spoke_last
            self.server_spoke_last = not are_requests
            writer.write(data)
            await writer.drain()
        writer.close()


def per_round(command, port):
    """(requests, round trips) of one acquire and release: the difference of two runs, so that what
    connecting and the first use cost does not count."""
    counts = []
    for rounds in (COUNTED_ROUNDS, 2 * COUNTED_ROUNDS):
        proxy = CountingProxy(port)
        asyncio.run(proxy.run(lambda p, n=rounds: command(p) + ['alone', str(n)]))
        counts.append((proxy.requests.count, proxy.round_trips))
    # Each program has a warm-up in proportion to its rounds.
    return [(after - before) / COUNTED_ROUNDS for before, after in zip(*counts)]


def measure(command, port, arguments):
    done = subprocess.run(command(port) + [str(a) for a in arguments], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    results = map(json.loads, done.stdout.splitlines())
    return {result['what']: result for result in results}


def row(command, port, rounds, contenders, warm_up):
    """One line of the table, without its names. `warm_up` is the part of the rounds before them."""
    requests, round_trips = per_round(command, port)
    result = {'requests': requests / (1 + warm_up), 'round_trips': round_trips / (1 + warm_up)}
    result |= measure(command, port, ['alone', rounds])
    for count in contenders:
        result[f'handoff {count}'] = measure(
            command, port, ['handoff', max(rounds, 4 * count), count])['handoff']
    return result


def print_table(rows, contenders):
    names = ['acquire', 'release', *(f'handoff {count}' for count in contenders)]
    print('| server | library | requests | round trips | '
          + ' | '.join(f'{name} p50 / p99 µs' for name in names) + ' |')
    print('|---' * (4 + len(names)) + '|')
    for (server, library), result in rows.items():
        cells = [f'{result[name]["p50"]:.0f} / {result[name]["p99"]:.0f}' for name in names]
        print(f'| {server} | {library} | {result["requests"]:.2f} | {result["round_trips"]:.2f} | '
              + ' | '.join(cells) + ' |', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--data', type=pathlib.Path, default=None, help='(BUILD-data)')
    parser.add_argument('--rounds', type=int, default=2000)
    parser.add_argument('--contenders', default='2,16,256')
    args = parser.parse_args()
    build = args.build.resolve()
    data = args.data or build.with_name(build.name + '-data')
    data.mkdir(parents=True, exist_ok=True)
    if servers.file_system(data) in servers.MEMORY_FILE_SYSTEMS:
        parser.error(f'{data} is in memory: nothing durable can be measured there')
    contenders = [int(count) for count in args.contenders.split(',')]
    with tempfile.TemporaryDirectory() as classes:
        subprocess.run(['javac', '-nowarn', '-cp', JARS, '-d', classes,
                        pathlib.Path(__file__).with_name('CuratorLatency.java')], check=True)
        java = ['java', '-Xmx512m', '-cp', f'{classes}:{JARS}', 'CuratorLatency']
        libraries = {
            'paddock recipes': (lambda port: [str(build / 'bench/recipes/lock_latency'),
                                              f'127.0.0.1:{port}'], 0.1),
            'Curator': (lambda port: [*java, f'127.0.0.1:{port}'], 1.0),
        }
        rows = {}
        for server in (servers.Paddock(str(build / 'paddock/paddock'), data),
                       servers.ZooKeeper(data)):
            with server:
                for library, (command, warm_up) in libraries.items():
                    print(f'recipes: {library} against {server.name}', file=sys.stderr)
                    rows[server.name, library] = row(command, server.port, args.rounds,
                                                     contenders, warm_up)
        print(json.dumps(environment.describe(ROOT, data), indent=2), file=sys.stderr)
    print_table(rows, contenders)


if __name__ == '__main__':
    main()
