"""The measurements around one large tree: what a znode takes, how long a restart takes, and what a
snapshot of it costs the writers."""

import os
import pathlib
import signal
import socket
import statistics
import time
import zlib

CHUNK = 1 << 20
LOG_TXNS = 200_000       # log records that a restart has to apply behind its snapshot
SNAPSHOT_WAIT_S = 120
SLICE_S = 0.25           # of the loads beside a snapshot, which is over after a few of them
CALM_SLICES = 4
NEVER = ['--snap-count', str(2**31 - 1), '--snap-size-limit', '0']
AT_ONCE = ['--snap-count', '2']
# Of ZooKeeper: more come while it writes one of a large tree, so that the next follows at once.
PEER_SNAP_COUNT = '-Dzookeeper.snapCount=10000'
PEER_WARMUP_S = 3        # of a virtual machine that has just started
PEER_SLICES_MAX = 40


def files_below(folder):
    return [path for path in sorted(pathlib.Path(folder).rglob('*'))
            if path.is_file() and path.name != 'log']


def read_by_a_start(folder):
    """Those of Paddock's files that a start cannot do without: the newest snapshot, and the log
    from the segment on that holds its zxid. Names are zxids in hex digits: of a snapshot its own,
    of a segment its first."""
    files = files_below(folder)
    snapshot = max((path for path in files if path.suffix == '.snap'), key=lambda path: path.name)
    segments = sorted((path for path in files if path.suffix == '.log'), key=lambda path: path.name)
    before = sum(int(path.stem, 16) <= int(snapshot.stem, 16) for path in segments)
    return [snapshot, *segments[max(0, before - 1):]]


def drop_from_cache(files):
    """The next one to read them has to ask the disk."""
    for path in files:
        with open(path, 'rb') as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold_read_seconds(files):
    """Reading and checksumming them, with none of them cached before or after."""
    drop_from_cache(files)
    chunk = memoryview(bytearray(CHUNK))
    begin = time.monotonic()
    for path in files:
        checksum = 1
        with open(path, 'rb', buffering=0) as file:
            while count := file.readinto(chunk):
                checksum = zlib.adler32(chunk[:count], checksum)  # the fastest one that there is
    seconds = time.monotonic() - begin
    drop_from_cache(files)
    return seconds


def words(port):
    """What the four-letter word mntr says, as {key: text}."""
    with socket.create_connection(('127.0.0.1', port), 5) as asked:
        asked.sendall(b'mntr')
        text = b''
        while more := asked.recv(65536):
            text += more
    pairs = (line.split(maxsplit=1) for line in text.decode().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def snapshot_count(server):
    """How many it has written since it was started."""
    return int(words(server.port)['zk_snap_count'])


def restart_with(server, had, arguments):
    """Stops it in order and starts it again with `arguments` behind those it `had`."""
    server.stop()
    server.arguments = [*had, *arguments]
    server.start()


def p99_us(slices):
    """Of loads of the same length. A stall in one of them shows in the mean, not in the median."""
    return statistics.fmean(result['latency']['p99_us'] for result in slices) if slices else None


def p99_beside_a_snapshot(server, run_set):
    """Of a server that writes one since its first transaction: only loads that were over before the
    snapshot was. None if it was too fast for any."""
    slices = []
    while True:
        result = run_set(SLICE_S, 1)
        if snapshot_count(server) > 0:
            return p99_us(slices)
        slices.append(result)
        if len(slices) * SLICE_S > SNAPSHOT_WAIT_S:
            raise RuntimeError(f'{server.name} wrote no snapshot')


def write_log(server, run_set):
    """LOG_TXNS transactions at least."""
    written = 0
    while written < LOG_TXNS:
        result = run_set(SLICE_S, 16)
        if result['errors'] or not result['count']:
            raise RuntimeError(f'{server.name} did not take the log records of a restart')
        written += result['count']


def measure_peer(server, loaded):
    """`loaded` with the time of a restart after a kill, as its own snapshots leave it."""
    server.stop(signal.SIGKILL)
    drop_from_cache(files_below(server.folder))
    loaded['restart_seconds'] = server.start()
    return loaded


def peer_p99_beside_snapshots(server, run_set):
    """Of a ZooKeeper that writes one after the other: only loads in which a snapshot's file was
    written to. None if there were none."""
    server.stop()
    server.jvm = [*server.jvm, PEER_SNAP_COUNT]
    server.start()
    run_set(PEER_WARMUP_S, 1)
    slices = []
    for _ in range(PEER_SLICES_MAX):
        begin = time.time()
        result = run_set(SLICE_S, 1)
        if any(path.name.startswith('snapshot.') and path.stat().st_mtime > begin
               for path in files_below(server.folder)):
            slices.append(result)
        if len(slices) == CALM_SLICES:
            break
    return p99_us(slices)


def measure_own(server, loaded, run_set):
    """`loaded` with what is measured on its tree. `run_set(seconds, depth)` loads the server with
    setData, without a warm-up, and gives the result.

    Snapshots come when they are wanted: never, or (snapCount at its minimum) with the first write
    after a start.
    """
    had = server.arguments
    restart_with(server, had, NEVER)
    loaded['calm_p99_us'] = p99_us([run_set(SLICE_S, 1) for _ in range(CALM_SLICES)])
    restart_with(server, had, AT_ONCE)
    loaded['snapshot_p99_us'] = p99_beside_a_snapshot(server, run_set)
    restart_with(server, had, NEVER)
    write_log(server, run_set)
    server.stop(signal.SIGKILL)
    drop_from_cache(files_below(server.folder))
    loaded['cold_read_seconds'] = cold_read_seconds(read_by_a_start(server.folder))
    loaded['restart_seconds'] = server.start()
    server.arguments = had
    return loaded
