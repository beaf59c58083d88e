"""The crash test is worth its time only if it turns red when durability is switched off."""

import shutil
import unittest

import crash
import daemon
import tap

SEEDS = range(1, 6)


class TurnsRedTest(unittest.TestCase):
    def test_syncs_that_do_nothing_are_noticed(self):
        found = []
        for seed in SEEDS:
            wrong, _ = crash.run_round(seed, daemon.binary(), {'PADDOCK_LOSSY_SYNC': 'off'})
            if wrong:
                found.append(wrong)
                shutil.rmtree(wrong.rsplit('directory kept: ', 1)[1].removesuffix('/data]'))
        self.assertEqual(len(found), len(SEEDS), 'a round without syncs lost nothing')

    def test_acknowledging_before_the_sync_is_noticed(self):
        found = []
        for seed in SEEDS:
            wrong, _ = crash.run_round(seed, daemon.binary(), {}, ['--force-sync', 'no'])
            if wrong:
                found.append(wrong)
                shutil.rmtree(wrong.rsplit('directory kept: ', 1)[1].removesuffix('/data]'))
        self.assertNotEqual(found, [])


if __name__ == '__main__':
    tap.main()
