"""The replayer turns red for every byte that differs and for every wrong line of its list."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

REPLAY = pathlib.Path(__file__).with_name('replay.py')
# A client asks ruok; `answer` is what it is said to have got.
SCENARIO = {'name': 'word', 'desc': 'ruok', 'base': None, 'tags': []}


class ReplayTest(unittest.TestCase):
    def replay(self, answer=b'imok', tags=(), skips='', steps=None):
        """(exit status, TAP lines) of one scenario."""
        steps = steps or [{'t': 'open', 'c': 'a'}, {'t': 'send', 'c': 'a', 'hex': b'ruok'.hex()},
                          {'t': 'text', 'c': 'a', 'hex': answer.hex()}]
        with tempfile.TemporaryDirectory() as scratch:
            recording, listed = pathlib.Path(scratch) / 'recording', pathlib.Path(scratch) / 'list'
            recording.write_text(json.dumps({**SCENARIO, 'tags': list(tags), 'steps': steps}))
            listed.write_text(skips)
            run = subprocess.run([sys.executable, REPLAY, '--recording', recording, '--skips',
                                  listed], stdout=subprocess.PIPE, text=True, check=False)
        lines = [line for line in run.stdout.splitlines() if not line.startswith('#')]
        return run.returncode, lines

    def test_the_recorded_bytes_pass(self):
        self.assertEqual(self.replay(), (0, ['ok 1 - word', '1..1']))

    def test_another_byte_fails(self):
        self.assertEqual(self.replay(b'imoK'), (1, ['not ok 1 - word', '1..1']))

    def test_an_open_connection_where_it_should_be_closed_fails(self):
        steps = [{'t': 'open', 'c': 'a'}, {'t': 'send', 'c': 'a', 'hex': b'ruok'.hex()},
                 {'t': 'eof', 'c': 'a'}]
        self.assertEqual(self.replay(steps=steps), (1, ['not ok 1 - word', '1..1']))

    def test_a_listed_quirk_that_differs_is_skipped(self):
        code, lines = self.replay(b'no', ['quirk'], 'word we say yes\n')
        self.assertEqual((code, lines), (0, ['ok 1 - word # SKIP we say yes', '1..1']))

    def test_a_listed_scenario_that_passes_fails(self):
        self.assertEqual(self.replay(b'imok', ['quirk'], 'word we say no\n')[0], 1)

    def test_a_listed_scenario_without_the_tag_or_a_reason_fails(self):
        self.assertEqual(self.replay(b'no', [], 'word we say yes\n')[0], 1)
        self.assertEqual(self.replay(b'no', ['quirk'], 'word\n')[0], 1)

    def test_a_listed_name_that_is_no_scenario_fails(self):
        self.assertEqual(self.replay(skips='other reason\n')[0], 1)


if __name__ == '__main__':
    tap.main()
