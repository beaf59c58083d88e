"""What is measured around a large tree, with a server that only remembers what is done to it."""

import os
import pathlib
import signal
import tempfile
import time
import types
import unittest
from unittest import mock

import tree


class FakeServer:
    """A Paddock on a large tree. Its snapshot is written in the time of `loads_per_snapshot`
    loads."""

    name = 'paddock'
    port = 0

    def __init__(self, folder, loads_per_snapshot):
        self.folder = folder
        self.arguments = ['--port', '1']
        self.loads_per_snapshot = loads_per_snapshot
        self.loads = 0
        self.starts = []
        self.stops = []

    def start(self):
        self.loads = 0
        self.starts.append(self.arguments)
        return 7.0

    def stop(self, how=signal.SIGTERM):
        self.stops.append(how)

    def load(self, _seconds, depth):
        self.loads += 1
        is_calm = self.starts[-1][-1] != '2' or self.loads > self.loads_per_snapshot
        return {'errors': 0, 'count': 90_000 * depth // 16,
                'latency': {'p99_us': 100.0 if is_calm else 100.0 * (1 + self.loads)}}

    def words(self, _port):
        is_written = self.starts[-1][-1] == '2' and self.loads > self.loads_per_snapshot
        return {'zk_snap_count': str(int(is_written))}


class TreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / 'data').mkdir()
        for name in ('0000000000000005.snap', '00000000000000ff.snap', '0000000000000001.log',
                     '0000000000000064.log', '00000000000000c8.log', '0000000000000100.log',
                     '7.spare'):
            (self.folder / 'data' / name).write_bytes(os.urandom(5000))
        (self.folder / 'log').write_text('what it said')

    def measured(self, server):
        with mock.patch.object(tree, 'words', server.words):
            return tree.measure_own(server, {'before': 1}, server.load)

    def test_only_loads_beside_the_whole_of_the_snapshot_count(self):
        server = FakeServer(self.folder, loads_per_snapshot=2)
        result = self.measured(server)
        self.assertEqual(result['calm_p99_us'], 100)
        self.assertEqual(result['snapshot_p99_us'], 250)  # 200 and 300; the third saw its end
        self.assertEqual((result['restart_seconds'], result['before']), (7, 1))
        self.assertIn('cold_read_seconds', result)

    def test_a_snapshot_too_fast_for_a_load_has_no_number(self):
        result = self.measured(FakeServer(self.folder, loads_per_snapshot=0))
        self.assertIsNone(result['snapshot_p99_us'])

    def test_each_part_starts_with_its_own_options_and_the_last_is_killed(self):
        server = FakeServer(self.folder, loads_per_snapshot=1)
        self.measured(server)
        never = ['--port', '1', *tree.NEVER]
        self.assertEqual(server.starts, [never, ['--port', '1', '--snap-count', '2'], never, never])
        self.assertEqual(server.stops, 3 * [signal.SIGTERM] + [signal.SIGKILL])
        self.assertEqual(server.arguments, ['--port', '1'])
        self.assertEqual(server.loads, 0)

    def test_only_loads_in_which_a_peer_wrote_a_snapshot_count(self):
        snapshot = self.folder / 'data/version-2/snapshot.1'
        snapshot.parent.mkdir()
        server = mock.Mock(folder=self.folder, jvm=['-Xmx1m'])
        loads = []

        def load(seconds, depth):
            loads.append(seconds)
            self.assertEqual(depth, 1)
            if len(loads) % 2 == 0:
                snapshot.write_text('x')
                os.utime(snapshot, ns=(0, time.time_ns()))
            return {'latency': {'p99_us': len(loads)}}
        # Every other one of those behind the warm-up: the second, fourth, sixth and eighth.
        self.assertEqual(tree.peer_p99_beside_snapshots(server, load), 5)
        self.assertEqual(loads[:2], [tree.PEER_WARMUP_S, tree.SLICE_S])
        self.assertEqual(server.jvm, ['-Xmx1m', tree.PEER_SNAP_COUNT])
        server.start.assert_called_once()

    def test_a_peer_that_wrote_none_has_no_number(self):
        server = mock.Mock(folder=self.folder, jvm=[])
        self.assertIsNone(tree.peer_p99_beside_snapshots(server, lambda *_: {}))

    def test_log_records_that_are_refused_end_it(self):
        server = types.SimpleNamespace(name='paddock')
        for result in ({'errors': 1, 'count': 9}, {'errors': 0, 'count': 0}):
            with self.assertRaisesRegex(RuntimeError, 'paddock'):
                tree.write_log(server, lambda *_, result=result: result)

    def test_a_start_reads_the_newest_snapshot_and_the_log_behind_it(self):
        self.assertEqual([path.name for path in tree.read_by_a_start(self.folder)],
                         ['00000000000000ff.snap', '00000000000000c8.log', '0000000000000100.log'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
