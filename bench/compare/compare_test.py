"""What the comparison makes of numbers: floors, ratios, verdicts, and a page that parses."""

import re
import types
import unittest
import xml.etree.ElementTree
from unittest import mock

import compare
import floor
import report
import rows
import table


def sync(p50_us, mean_us):
    """As raw_sync says it."""
    return {'p50_us': p50_us, 'mean_us': mean_us}


SET = rows.throughput('setData', 'set', 16, 16, floor='write', floor_target=0.7, peer_target=7)
GET_P50 = rows.Row('getData p50', 'get', 'p50_us', floor='responder', floor_target=1.1,
                   peer_target=0.4)


def named(name):
    return next(row for row in rows.ROWS if row.name == name)


class FloorTest(unittest.TestCase):
    def test_log_bytes_are_padded_to_whole_blocks(self):
        self.assertEqual(floor.padded(GET_P50), 4096)
        self.assertEqual(floor.padded(SET), 53248)  # 256 x 200 = 51200

    def test_write_floor_is_a_sync_and_a_passage_for_all_outstanding(self):
        responder = {'values': {'per_second': 1_000_000}}
        # 256 in 300 us + 256 us.
        limit = floor.limit(SET, responder, 30, {4096: sync(200, 240), 53248: sync(280, 300)})
        self.assertAlmostEqual(limit, 256e6 / 556)

    def test_lock_floor_is_a_sync_and_two_round_trips(self):
        row = named('lock hand-off, 10 contenders')
        self.assertAlmostEqual(floor.limit(row, None, 30, {4096: sync(200, 240)}), 1e6 / 300)

    def test_uncontended_lock_floor_is_two_syncs_and_three_round_trips(self):
        row = named('uncontended acquire and release p50')
        self.assertEqual(floor.limit(row, None, 30, {4096: sync(240, 300)}), 570)

    def test_one_write_at_a_time_is_held_against_the_median_of_a_sync(self):
        row = named('setData p50, 1 x 1')
        self.assertEqual(floor.limit(row, None, 30, {4096: sync(240, 300)}), 270)

    def test_read_floor_is_the_same_number_of_the_responder(self):
        self.assertEqual(floor.limit(GET_P50, {'values': {'p50_us': 31}}, 30, {}), 31)

    def test_a_number_of_bytes_is_its_own_floor(self):
        self.assertEqual(floor.limit(named('memory of an idle session'), None, None, {}), 4096)

    def test_every_row_has_a_floor_that_is_known(self):
        syncs = {size: sync(1.0, 1.0) for size in [floor.BLOCK, *map(floor.padded, rows.ROWS)]}
        for row in rows.ROWS:
            if row.floor not in rows.FLOORS_OF_OWN_RUN:
                floor.limit(row, {'values': {'per_second': 1, row.metric: 1}}, 1, syncs)


class TableTest(unittest.TestCase):
    def test_median_and_its_deviation(self):
        self.assertEqual(table.summary([1, 9, 2, None, 3]), (2.5, 1.0))
        self.assertIsNone(table.summary([None]))

    def test_higher_is_better_for_rates_and_lower_for_times(self):
        self.assertTrue(table.is_met(SET, 7.1, 7))
        self.assertFalse(table.is_met(SET, 6.9, 7))
        self.assertTrue(table.is_met(GET_P50, 0.39, 0.4))
        self.assertFalse(table.is_met(GET_P50, 0.41, 0.4))
        self.assertIsNone(table.is_met(SET, None, 7))

    def test_the_better_zookeeper_counts_and_one_without_sync_does_not(self):
        numbers = {'paddock': [800], 'zookeeper': [50], 'zookeeper-tuned': [100],
                   'zookeeper-tuned-nosync': [790]}
        entry = table.line(SET, 'pinned', numbers, [1000])
        self.assertEqual(entry['better_zookeeper'], 'zookeeper-tuned')
        self.assertEqual(entry['ratios']['zookeeper'], [8, 7, True])
        self.assertEqual(entry['ratios']['floor'], [0.8, 0.7, True])

    def test_ratios_are_taken_within_rounds(self):
        # A slow second round slows both.
        numbers = {'paddock': [800, 80, 820], 'zookeeper': [100, 10, 100]}
        entry = table.line(SET, 'pinned', numbers, [1000, 100, 1000])
        self.assertEqual(entry['ratios']['zookeeper'][0], 8)
        self.assertEqual(entry['ratios']['floor'][0], 0.8)

    def test_with_fewer_rounds_of_one_the_medians_are_compared(self):
        numbers = {'paddock': [100, 800, 900], 'zookeeper': [100]}
        entry = table.line(SET, 'pinned', numbers, [1000, 1000, 1000])
        self.assertEqual(entry['ratios']['zookeeper'][0], 8)
        self.assertEqual(entry['ratios']['floor'][0], 0.8)
        self.assertIsNone(table.median_of_ratios([100, 800], [None]))

    def test_what_no_server_could_reach_here_is_not_missed(self):
        entry = table.line(GET_P50, 'pinned', {'paddock': [55], 'zookeeper': [100]}, [50])
        self.assertEqual(entry['ratios']['zookeeper'], [0.55, 0.4, None])
        self.assertIn('0.55 (0.4) beyond the floor', table.text([entry]))
        entry = table.line(GET_P50, 'pinned', {'paddock': [55], 'zookeeper': [100]}, [30])
        self.assertEqual(entry['ratios']['zookeeper'], [0.55, 0.4, False])

    def test_a_floor_that_we_have_chosen_excuses_nothing(self):
        row = named('memory of a one-shot watch')
        entry = table.line(row, 'pinned', {'paddock': [60], 'zookeeper': [100]}, [64])
        self.assertEqual(entry['ratios']['zookeeper'], [0.6, 0.5, False])

    def test_a_missed_target_is_said(self):
        entry = table.line(SET, 'pinned', {'paddock': [600], 'zookeeper': [100]}, [1000])
        self.assertIn('0.60 (0.7) MISSED', table.text([entry]))
        self.assertIn('6.00 (7) MISSED', table.text([entry]))


class RowsTest(unittest.TestCase):
    def test_names_are_unique(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))

    def test_rows_that_share_a_run_want_the_same_of_it(self):
        loads = {}
        for row in rows.ROWS:
            key = ((row.workload, row.arguments) if row.is_heavy
                   else (row.workload, row.connections, row.depth))
            load = (row.connections, row.depth, row.nodes, row.peer_nodes, row.arguments)
            first, wanted = loads.setdefault((row.is_heavy, key), (row, load))
            self.assertEqual(load, wanted, row.name)
            # The first decides whom the run is with, and what is run before it.
            self.assertTrue(first.has_peers or not row.has_peers, row.name)
            self.assertEqual(row.floor == 'small', first.floor == 'small', row.name)


class BenchTest(unittest.TestCase):
    """What compare.py makes of runs, without any."""

    def bench(self, quick):
        options = types.SimpleNamespace(
            build='nowhere', data='nowhere', quick=quick, rounds=2, heavy_rounds=3, seconds=1,
            warmup=0.3, scale=1, heap_mib=100, pinning=['pinned'] if quick else
            ['pinned', 'unpinned'])
        return compare.Bench(options)

    def heavy(self, bench, measure):
        bench.progress = mock.Mock()
        with mock.patch.object(compare.servers.Server, '__enter__'), \
                mock.patch.object(compare.servers.Server, '__exit__', return_value=None), \
                mock.patch.object(bench, 'measure_heavy', measure):
            bench.run_heavy()
        return bench.progress.say.call_count

    def test_every_heavy_row_gets_its_numbers(self):
        def measure(_server, _row, _cores):
            return {row.metric: 5.0 for row in rows.ROWS} | dict.fromkeys(
                rows.FLOORS_OF_OWN_RUN, 4.0)
        for quick in (False, True):
            bench = self.bench(quick)
            self.heavy(bench, measure)
            for row in bench.heavy_rows():
                with self.subTest(row.name):
                    numbers = bench.numbers[row.name, 'pinned']
                    rounds = 1 if row.floor == 'small' else 3
                    self.assertEqual(numbers['paddock'], [5] * rounds)
                    self.assertEqual(numbers.get('zookeeper-tuned', []), [5] * row.has_peers)
                    self.assertNotIn('floor', numbers)
                    self.assertEqual(len(bench.floors[row.name, 'pinned']), rounds)

    def test_a_server_that_fails_is_an_error_and_the_others_count(self):
        def measure(server, _row, _cores):
            if server.name in ('paddock', 'floor'):
                raise RuntimeError('out of memory')
            return {row.metric: 5.0 for row in rows.ROWS}
        bench = self.bench(quick=False)
        with mock.patch('sys.stderr'):
            self.heavy(bench, measure)
        self.assertGreater(bench.errors, 0)
        for row in bench.heavy_rows():
            entry = table.line(row, 'pinned', bench.numbers[row.name, 'pinned'],
                               bench.floors[row.name, 'pinned'])
            self.assertIsNone(entry['ratios']['floor'][0], row.name)

    def test_progress_counts_every_run(self):
        for quick in (False, True):
            bench = self.bench(quick)
            bench.progress = mock.Mock()
            load = {'values': {'p50_us': 1.0, 'per_second': 1.0}, 'latency': {'curve': []},
                    'per_second': 1.0}
            server = compare.servers.Server
            with mock.patch.object(server, '__enter__', lambda self: self), \
                    mock.patch.object(server, '__exit__', return_value=None), \
                    mock.patch.object(bench, 'load', return_value=load), \
                    mock.patch.object(bench, 'redis_benchmark', return_value=1.0), \
                    mock.patch.object(bench, 'measure_heavy', return_value={}), \
                    mock.patch.object(compare.floor, 'raw_syncs',
                                      lambda _program, _folder, sizes, *_:
                                      dict.fromkeys(sizes, sync(1.0, 1.0))):
                for pinning in bench.options.pinning:
                    bench.run_light(pinning)
                bench.run_heavy()
            self.assertEqual(bench.progress.say.call_count, bench.count_runs())


class ReportTest(unittest.TestCase):
    def result(self):
        entries = [table.line(row, 'pinned', {'paddock': [8.0], 'zookeeper': [100.0]}, [4.0])
                   for row in rows.ROWS]
        curve = [[0.0, 10.0], [0.5, 20.0], [0.99, 90.0], [1.0, 500.0]]
        return {'environment': {'cpu': 'a <fast> one'}, 'options': {}, 'systems': {'paddock': ''},
                'table': entries,
                'latency_curves': {'getData': {'paddock': curve, 'floor': curve}},
                'throughput_curves': {'get': {'paddock': [1e3, 1e4]}},
                'curve_connections': [1, 4], 'curve_depth': 16}

    def test_charts_are_well_formed_and_of_every_kind(self):
        page = report.page(self.result())
        charts = re.findall(r'<svg.*?</svg>', page, re.S)
        titles = [xml.etree.ElementTree.fromstring(chart).get('aria-label') for chart in charts]
        for kind in ('Latency', 'Throughput', 'Notifications', 'Memory', 'Seconds'):
            self.assertTrue(any(title.startswith(kind) for title in titles), kind)

    def test_the_page_needs_nothing_else(self):
        page = report.page(self.result())
        self.assertIsNone(re.search(r'(?:src|href)=|@import|url\(', page))
        self.assertIn('a &lt;fast&gt; one', page)


if __name__ == '__main__':
    unittest.main(verbosity=2)
