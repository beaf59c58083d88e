"""The measurements around one large tree: what a znode takes, how long a restart takes, and what a
snapshot of it costs the writers."""

import os
import pathlib
import signal
import socket
import time
import zlib

CHUNK = 1 << 20
LOG_TXNS = 200_000       # log records that a restart has to apply behind its snapshot
SNAPSHOT_WAIT_S = 120


def files_below(folder):
    return [path for path in sorted(pathlib.Path(folder).rglob('*'))
            if path.is_file() and path.name != 'log']


def drop_from_cache(files):
    """The next one to read them has to ask the disk."""
    for path in files:
        with open(path, 'rb') as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold_read_seconds(folder):
    """Reading and checksumming all files of a server, with none of them cached before."""
    files = files_below(folder)
    drop_from_cache(files)
    begin = time.monotonic()
    for path in files:
        checksum = 0
        with open(path, 'rb', buffering=0) as file:
            while chunk := file.read(CHUNK):
                checksum = zlib.crc32(chunk, checksum)
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


def wait_for_snapshot(server):
    give_up = time.monotonic() + SNAPSHOT_WAIT_S
    while int(words(server.port)['zk_snap_count']) == 0:
        if time.monotonic() > give_up:
            raise RuntimeError(f'{server.name} wrote no snapshot')
        time.sleep(0.05)


def restart(server, arguments):
    """Stops it in order and starts it again with other options; returns those it had."""
    had = server.arguments
    server.stop()
    server.arguments = [*had, *arguments]
    server.start()
    return had


def measure_peer(server, loaded):
    """`loaded` with the time of a restart after a kill, as its own snapshots leave it."""
    server.stop(signal.SIGKILL)
    drop_from_cache(files_below(server.folder))
    loaded['restart_seconds'] = server.start()
    return loaded


def measure_own(server, loaded, run_set):
    """`loaded` with what is measured on its tree. `run_set(seconds, depth)` loads the server with
    setData and gives the result.

    Snapshots come when they are wanted: never, or (snapCount at its minimum) with the first write.
    """
    # Nothing running, then one running from the first write on.
    had = restart(server, ['--snap-count', str(2**31 - 1)])
    loaded['calm_p99_us'] = run_set(2, 1)['latency']['p99_us']
    server.arguments = had
    restart(server, ['--snap-count', '2'])
    loaded['snapshot_p99_us'] = run_set(2, 1)['latency']['p99_us']
    wait_for_snapshot(server)
    server.arguments = had
    restart(server, ['--snap-count', str(2**31 - 1)])
    written = 0
    while written < LOG_TXNS:
        written += run_set(0.2, 16)['count']
    server.stop(signal.SIGKILL)
    loaded['cold_read_seconds'] = cold_read_seconds(server.folder)
    loaded['restart_seconds'] = server.start()
    server.arguments = had
    return loaded
