"""`paddock wal` on directories that make_wal has made and this test has damaged."""

import fcntl
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import daemon
import tap

MAKE_WAL = sys.argv[sys.argv.index('--make-wal') + 1]
FIRST = '0000000000000001.log'
BLOCK = 4096


def wal(*arguments):
    return daemon.run('wal', *arguments)


def make_wal(*arguments):
    subprocess.run([MAKE_WAL, *arguments], check=True)


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


class WalToolTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='paddock-test-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.dir = self.root / 'data'
        self.out = self.root / 'out'

    def make(self, *steps, log_dir=None):
        for directory in filter(None, (self.dir, log_dir)):
            directory.mkdir()
        make_wal(self.dir, log_dir or self.dir, *steps)

    def segments(self, directory=None):
        return sorted((directory or self.dir).glob('*.log'))

    def flip(self, path, offset, mask=0x01):
        bytes_ = bytearray(path.read_bytes())
        bytes_[offset] ^= mask
        path.write_bytes(bytes_)

    def wal_json(self, status, *arguments):
        """The document, after the exit status has been compared."""
        code, out, err = wal(*arguments, '--json')
        self.assertEqual(code, status, out + err)
        return json.loads(out)

    def verify(self, status, directory=None, *options):
        return self.wal_json(status, 'verify', directory or self.dir, *options)

    def salvage(self, status, *options):
        """The document; also: the source is untouched, and the result is clean."""
        before = contents(self.dir)
        document = self.wal_json(status, 'salvage', self.dir, '--out', self.out, *options)
        self.assertEqual(contents(self.dir), before)
        result = self.verify(0, self.out)
        self.assertEqual(result['log']['last'], document['salvaged']['last'])
        self.assertTrue(result['log']['clean_stop'])
        self.assertTrue(result['starts'])
        return document

    # --- Clean directories

    def test_a_stopped_log_is_clean(self):
        self.make('batches=20', 'stop')
        document = self.verify(0)
        self.assertEqual(document['status'], 'clean')
        self.assertEqual(document['damage'], [])
        self.assertEqual(document['notes'], [])
        log = document['log']
        self.assertEqual((log['batches'], log['transactions'], log['last']), (20, 41, '0x29'))
        self.assertTrue(log['clean_stop'])
        code, out, err = wal('verify', self.dir)
        self.assertEqual((code, err), (0, ''))
        self.assertTrue(out.endswith('clean\n'), out)

    def test_a_killed_log_is_clean_and_a_torn_tail_is_only_noted(self):
        self.make('batches=3')
        document = self.verify(0)
        self.assertFalse(document['log']['clean_stop'])
        path, = self.segments()
        self.flip(path, 2 * BLOCK + 100)  # the last batch: nothing says that it was durable
        document = self.verify(0)
        self.assertEqual(document['log']['batches'], 2)
        self.assertGreater(document['log']['torn_bytes'], 0)
        self.assertIn('torn_batch', document['notes'][0])
        document = self.salvage(0)
        self.assertEqual(document['salvaged']['batches'], 2)
        self.assertEqual(document['lost']['transactions'], [])
        stretch, = document['lost']['stretches']
        self.assertEqual((stretch['file'], stretch['offset']), (str(path), 2 * BLOCK))

    def test_snapshots_are_compared_with_the_log_that_passes_them(self):
        self.make('batches=3', 'snapshot', 'batches=3', 'snapshot', 'batches=3', 'stop')
        document = self.verify(0)
        self.assertEqual([s['zxid'] for s in document['snapshots']], ['0xd', '0x7'])
        self.assertEqual(document['log']['replayed_above'], '0x7')
        # The newest snapshot becomes that of another history at the same zxid.
        other = self.root / 'other'
        other.mkdir()
        make_wal(other, other, 'wide=7', 'batches=5', 'wide=9', 'snapshot')
        stranger, = other.glob('*.snap')
        self.assertEqual(stranger.name, '000000000000000d.snap')
        shutil.copy(stranger, self.dir)
        document = self.verify(1)
        self.assertIn('the state behind it is not the one in', document['damage'][0]['reason'])

    def test_the_log_may_have_its_own_directory(self):
        log_dir = self.root / 'log'
        self.make('batches=20', 'snapshot', 'batches=4', 'stop', log_dir=log_dir)
        self.assertEqual(self.segments(), [])
        document = self.verify(1)
        self.assertIn('no_segment_beside_snapshot', document['damage'][0]['reason'])
        document = self.verify(0, self.dir, '--log-dir', log_dir)
        self.assertEqual(document['log']['batches'], 4)
        document = self.wal_json(0, 'show', self.dir, '--log-dir', log_dir)
        self.assertEqual(len(document['segments']), 2)
        document = self.salvage(0, '--log-dir', log_dir)
        self.assertEqual(document['salvaged']['snapshot'], '0x29')
        # The daemon says in the data directory where it is.
        (self.dir / 'paddock.log-dir').write_text(f'0123\n{log_dir}\n')
        self.assert_usage(f'say --log-dir {log_dir}', 'verify', self.dir)
        self.verify(0, self.dir, '--log-dir', log_dir)

    def test_a_purged_log_is_clean_from_its_snapshot_on(self):
        self.make('batches=20', 'snapshot', 'batches=10', 'purge=0x29', 'stop')
        self.assertNotIn(FIRST, [path.name for path in self.segments()])
        self.assertEqual(self.verify(0)['log']['batches'], 10)
        self.assertEqual(self.salvage(0)['salvaged']['batches'], 10)

    # --- Show

    def test_show_lists_segments_records_and_snapshots(self):
        self.make('batches=16', 'snapshot', 'stop')
        document = self.wal_json(0, 'show', self.dir)
        self.assertEqual([s['zxid'] for s in document['snapshots']], ['0x21'])
        first, second = document['segments']
        self.assertEqual(first['file'], str(self.dir / FIRST))
        kinds = [record['kind'] for record in first['records']]
        self.assertEqual(kinds, ['batch'] * 14 + ['continued', 'zeros'])
        self.assertEqual(second['records'][2]['kind'], 'end')
        batch = first['records'][1]
        self.assertEqual((batch['offset'], batch['first'], batch['last'], batch['count']),
                         (BLOCK, '0x4', '0x5', 2))
        self.assertEqual(batch['durable'], '0x3')
        self.assertEqual(batch['chain'], first['records'][0]['crc'])
        self.assertNotIn('txns', batch)
        code, out, _ = wal('show', self.dir)
        self.assertEqual(code, 0)
        self.assertIn('batch 0x4 to 0x5, 2 transactions', out)
        self.assertIn('clean stop before 0x22', out)

    def test_show_txns_prints_each_step(self):
        self.make('batches=1', 'stop')
        code, out, _ = wal('show', self.dir, '--txns')
        self.assertEqual(code, 0)
        self.assertIn('create_session 0x100 timeout 30000 ms', out)
        self.assertRegex(
            out, r'create_node /node-0 data 100 bytes "x+"\.\.\. acl world:anyone:cdrwa')
        document = self.wal_json(0, 'show', self.dir, '--txns')
        session, create, _ = document['segments'][0]['records'][0]['txns']
        self.assertEqual(session['steps'],
                         [{'kind': 'create_session', 'session': '0x100', 'timeout_ms': 30000}])
        self.assertEqual((create['zxid'], create['session']), ('0x2', '0x100'))
        step, = create['steps']
        self.assertEqual(bytes.fromhex(step['data']), b'x' * 100)
        self.assertEqual(step['acl'], [{'perms': 31, 'scheme': 'world', 'id': 'anyone'}])

    def test_show_goes_on_behind_what_it_cannot_read(self):
        self.make('batches=10', 'stop')
        self.flip(self.dir / FIRST, 4 * BLOCK)
        document = self.wal_json(1, 'show', self.dir)
        records = document['segments'][0]['records']
        self.assertEqual([r['kind'] for r in records],
                         ['batch'] * 4 + ['unreadable'] + ['batch'] * 5 + ['end', 'zeros'])
        self.assertEqual(document['damage'][0]['offset'], 4 * BLOCK)

    def test_show_txns_knows_every_kind_of_step(self):
        self.make('kinds', 'stop')
        document = self.wal_json(0, 'show', self.dir, '--txns')
        steps = [step for txn in document['segments'][0]['records'][0]['txns']
                 for step in txn['steps']]
        self.assertEqual({step['kind'] for step in steps},
                         {'create_node', 'delete_node', 'set_data', 'set_acl', 'create_session',
                          'close_session'})
        by_path = {step.get('path'): step for step in steps if step['kind'] == 'create_node'}
        self.assertIsNone(by_path['/kinds/null']['data'])
        self.assertEqual(by_path['/kinds/empty']['data'], '')
        self.assertEqual(by_path['/kinds/ephemeral']['owner'], '0x100')
        self.assertEqual(by_path['/kinds/container']['owner'], '0x8000000000000000')
        code, out, _ = wal('show', self.dir, '--txns')
        self.assertEqual(code, 0)
        self.assertIn('set_data /kinds version 2 data null', out)
        self.assertIn('data 5 bytes "\\x00\\x1b\\xff\\"\\x0a"', out)
        self.assertIn('set_acl /kinds aversion 1 acl world:anyone:cdrwa ip:127.0.0.1:r', out)
        self.assertNotIn('password', out)

    def test_a_log_of_version_1_stays_readable_and_makes_the_same_state(self):
        golden = pathlib.Path(__file__).parents[1] / 'golden' / 'wal'
        self.dir.mkdir()
        for path in golden.glob('v1_*'):
            shutil.copy(path, self.dir / path.name.removeprefix('v1_'))
        log = self.verify(0)['log']
        self.assertEqual((log['last'], log['digest']), ('0x29', '3ee30cc09e59f5f0'))

    # --- Damage

    def test_every_flipped_byte_of_a_durable_batch_is_found_and_salvage_keeps_the_rest(self):
        self.make('batches=6', 'stop')
        path, = self.segments()
        whole = path.read_bytes()
        for offset in (0, 5, 9, 17, 31, 33, 45, 60, 64, 200, 500):
            with self.subTest(offset=offset):
                shutil.rmtree(self.out, ignore_errors=True)
                path.write_bytes(whole)
                self.flip(path, 3 * BLOCK + offset, 0x80)
                damage, = self.verify(1)['damage']
                self.assertEqual((damage['file'], damage['offset']), (str(path), 3 * BLOCK))
                document = self.salvage(1)
                self.assertEqual(document['salvaged']['last'], '0x7')
                lost, = document['lost']['transactions']
                self.assertEqual((lost['first'], lost['last']), ('0x8', '0xd'))
                self.assertEqual(lost['what'], 'durable, so acknowledged')
                self.assertGreater(document['lost']['bytes'], 2 * BLOCK)

    def test_a_damaged_last_batch_is_seen_after_a_clean_stop(self):
        self.make('batches=6', 'stop')
        self.flip(self.segments()[0], 5 * BLOCK + 70)
        self.assertEqual(self.verify(1)['damage'][0]['offset'], 5 * BLOCK)
        self.assertEqual(self.salvage(1)['salvaged']['last'], '0xb')

    def test_a_cut_file(self):
        self.make('batches=20', 'stop')
        first = self.segments()[0]
        first.write_bytes(first.read_bytes()[:5 * BLOCK + 1000])
        damage, = self.verify(1)['damage']
        self.assertEqual((damage['file'], damage['offset']), (str(first), 5 * BLOCK))
        document = self.salvage(1)
        self.assertEqual(document['salvaged']['batches'], 5)
        self.assertEqual(document['lost']['transactions'][0]['first'], '0xc')

    def test_a_missing_segment(self):
        self.make('batches=40', 'stop')
        segments = self.segments()
        self.assertEqual(len(segments), 3)
        segments[1].unlink()
        damage, = self.verify(1)['damage']
        self.assertIn('gap_behind_mark', damage['reason'])
        document = self.salvage(1)
        self.assertEqual(document['salvaged']['batches'], 14)
        self.assertEqual(document['lost']['stretches'][0]['file'], str(segments[2]))

    def test_a_missing_newest_segment(self):
        self.make('batches=20', 'stop')
        self.segments()[-1].unlink()
        self.assertIn('continued_without_successor', self.verify(1)['damage'][0]['reason'])
        self.assertEqual(self.salvage(1)['salvaged']['batches'], 14)

    def test_a_lost_log_leaves_the_snapshot(self):
        self.make('batches=20', 'snapshot', 'stop')
        for path in self.segments():
            path.unlink()
        self.assertIn('no_segment_beside_snapshot', self.verify(1)['damage'][0]['reason'])
        salvaged = self.salvage(1)['salvaged']
        self.assertEqual((salvaged['snapshot'], salvaged['batches']), ('0x29', 0))

    def test_a_damaged_newest_snapshot_is_replaced_by_the_one_before_it(self):
        self.make('batches=3', 'snapshot', 'batches=3', 'snapshot', 'batches=3', 'stop')
        self.flip(self.dir / '000000000000000d.snap', 200)
        document = self.verify(1)
        self.assertTrue(document['starts'])
        self.assertEqual([s['damaged'] for s in document['snapshots']], [True, False])
        document = self.salvage(1)
        self.assertEqual(document['salvaged'],
                         {'snapshot': '0x7', 'batches': 6, 'transactions': 12, 'last': '0x13'})
        self.assertEqual(document['lost'], {'transactions': [], 'stretches': [], 'bytes': 0})

    def test_damage_below_the_newest_snapshot_costs_nothing_but_is_damage(self):
        self.make('batches=3', 'snapshot', 'batches=20', 'snapshot', 'batches=3', 'stop')
        self.flip(self.dir / FIRST, 5 * BLOCK + 70)
        document = self.verify(1)
        self.assertTrue(document['starts'], 'the newest snapshot and the second segment are whole')
        document = self.salvage(1)
        self.assertEqual(document['salvaged']['batches'], 3)
        self.assertEqual(document['lost']['bytes'], 0)

    def test_batches_behind_a_snapshot_are_had_although_their_segment_is_damaged_before_it(self):
        self.make('batches=6', 'snapshot', 'batches=5', 'stop')
        self.flip(self.dir / FIRST, 2 * BLOCK + 70)
        self.assertFalse(self.verify(1)['starts'])
        document = self.salvage(1)
        self.assertEqual(document['salvaged']['batches'], 5)
        self.assertEqual(document['lost'], {'transactions': [], 'stretches': [], 'bytes': 0})

    def test_without_any_beginning_there_is_nothing_to_salvage(self):
        self.make('batches=6', 'stop')
        self.flip(self.dir / FIRST, 70)
        document = self.wal_json(1, 'salvage', self.dir, '--out', self.out)
        self.assertEqual(document['status'], 'failed')
        self.assertIn('nothing can be salvaged', document['error'])
        self.assertFalse(self.out.exists())

    def test_a_wide_batch_survives_salvage(self):
        self.make('batches=2', 'wide=500000', 'batches=2', 'stop')
        self.assertEqual(self.salvage(0)['salvaged']['batches'], 5)

    # --- Locks

    def test_a_running_daemons_directory_is_locked(self):
        log_dir = self.root / 'log'
        self.make('batches=2', 'stop', log_dir=log_dir)
        for locked in (self.dir, log_dir):
            with open(locked / 'paddock.lock', 'w', encoding='ascii') as lock:
                lock.write('4711\n')
                lock.flush()
                fcntl.flock(lock, fcntl.LOCK_EX)
                for verb in (['show'], ['verify'], ['salvage', '--out', self.out]):
                    code, out, err = wal(*verb, self.dir, '--log-dir', log_dir)
                    self.assertEqual((code, out), (3, ''), err)
                    self.assertIn('pid 4711', err)
                document = self.verify(3, self.dir, '--log-dir', log_dir)
                self.assertEqual(document['status'], 'locked')
            self.verify(0, self.dir, '--log-dir', log_dir)
        self.assertFalse(self.out.exists())

    def test_looking_makes_no_lock_file(self):
        self.make('batches=2', 'stop')
        before = contents(self.dir)
        wal('show', self.dir)
        self.verify(0)
        self.assertEqual(contents(self.dir), before)
        self.assertNotIn('paddock.lock', before)

    # --- Usage

    def assert_usage(self, text, *arguments):
        code, out, err = wal(*arguments)
        self.assertEqual((code, out), (2, ''), err)
        self.assertIn(text, err)

    def test_wrong_usage(self):
        self.make('batches=2', 'stop')
        empty, file = self.root / 'empty', self.root / 'file'
        empty.mkdir()
        file.write_text('')
        self.assert_usage('subcommand')
        self.assert_usage('subcommand', 'repair', self.dir)
        self.assert_usage('DIR', 'verify')
        self.assert_usage('--out', 'salvage', self.dir)
        self.assert_usage('--nonsense', 'verify', self.dir, '--nonsense')
        self.assert_usage("'paddock wal verify --help'", 'verify', self.dir, '--nonsense')
        nowhere = self.root / 'nowhere'
        self.assert_usage('there is no directory', 'verify', nowhere)
        self.assert_usage('there is no directory', 'show', self.dir, '--log-dir', nowhere)
        self.assert_usage('is not a directory', 'verify', file)
        self.assert_usage('no log and no snapshot', 'verify', empty)
        self.assertEqual(self.verify(2, empty)['status'], 'usage')

    def test_salvage_never_writes_into_what_is_there(self):
        self.make('batches=2', 'stop')
        full, file = self.root / 'full', self.root / 'file'
        full.mkdir()
        (full / 'x').write_text('')
        file.write_text('')
        link = self.root / 'link'
        link.symlink_to(self.dir)
        before = contents(self.dir)
        for out, text in ((self.dir, 'never writes there'), (f'{self.dir}/', 'never writes there'),
                          (self.dir / 'new', 'lies in it'), (link / 'new', 'lies in it'),
                          (full, 'is not empty'), (file, 'is not a directory'),
                          (self.root / 'no' / 'new', 'there is no directory')):
            self.assert_usage(text, 'salvage', self.dir, '--out', out)
        self.assertEqual(contents(self.dir), before)
        self.assertEqual(list(contents(full)), ['x'])
        self.out.mkdir()
        self.salvage(0)

    def test_salvage_takes_relative_paths(self):
        self.make('batches=2', 'stop')
        code, out, err = daemon.run('wal', 'salvage', '.', '--out', 'new', cwd=self.dir)
        self.assertEqual(code, 2, out)
        self.assertIn('lies in it', err)
        code, out, err = daemon.run('wal', 'salvage', 'data', '--out', 'new', cwd=self.root)
        self.assertEqual(code, 0, out + err)
        self.verify(0, self.root / 'new')

    def test_help(self):
        for arguments in ([], ['show'], ['verify'], ['salvage']):
            code, out, err = wal(*arguments, '--help')
            self.assertEqual((code, err), (0, ''))
            self.assertTrue(re.search('3 = locked', out), out)

    def test_a_closed_standard_output_is_a_failure(self):
        self.make('batches=2', 'stop')
        with open('/dev/full', 'w', encoding='ascii') as full:
            done = subprocess.run([daemon.binary(), 'wal', 'verify', self.dir], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)


if __name__ == '__main__':
    at = sys.argv.index('--make-wal')
    del sys.argv[at:at + 2]
    tap.main()
