"""The test runner turns red for everything that is not a passed case."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

RUNNER = pathlib.Path(__file__).with_name('run_tests.py')
GTEST_XML = '<testsuites><testsuite name="S">{}</testsuite></testsuites>'


class RunTests(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.build = pathlib.Path(self.scratch.name) / 'release'
        (self.build / 'meson-info').mkdir(parents=True)
        self.tests = []

    def add(self, body, protocol='tap', suite='unit', timeout=30):
        """A test program whose body is Python."""
        script = self.build / f'program{len(self.tests)}.py'
        script.write_text(body)
        self.tests.append({'name': script.stem, 'cmd': [sys.executable, str(script)], 'env': {},
                           'workdir': None, 'suite': [f'paddock:{suite}'], 'protocol': protocol,
                           'timeout': timeout, 'is_parallel': True, 'depends': []})

    def run_them(self, *arguments, suites='unit'):
        (self.build / 'meson-info' / 'intro-tests.json').write_text(json.dumps(self.tests))
        run = subprocess.run([sys.executable, RUNNER, f'{self.build}:{suites}', *arguments],
                             stdout=subprocess.PIPE, text=True, check=False)
        return run.returncode, run.stdout.splitlines()[-1]

    def add_gtest(self, cases):
        self.add('import sys\n'
                 'path = sys.argv[1].removeprefix("--gtest_output=xml:")\n'
                 f'open(path, "w").write({GTEST_XML.format(cases)!r})\n', protocol='gtest')

    def test_single_cases_are_counted(self):
        self.add('print("ok 1 - a\\nok 2 - b\\n1..2")')
        self.add('', protocol='exitcode')
        self.add_gtest('<testcase name="c" classname="S" status="run" result="completed"/>')
        self.assertEqual(self.run_them(), (0, '4 passed, 0 failed'))

    def test_a_failed_case_is_red(self):
        self.add('print("ok 1 - a\\nnot ok 2 - b\\n1..2")')
        self.add_gtest('<testcase name="c" classname="S" status="run"><failure/></testcase>')
        self.assertEqual(self.run_them(), (1, '1 passed, 2 failed'))

    def test_a_crash_behind_passed_cases_is_red(self):
        self.add('import os\nprint("ok 1 - a\\n1..1", flush=True)\nos.abort()')
        self.assertEqual(self.run_them(), (1, '1 passed, 1 failed'))

    def test_a_gtest_program_that_dies_keeps_its_passed_cases_and_is_red(self):
        self.add('import os\nprint("[ RUN      ] S.a\\n[       OK ] S.a (0 ms)\\n[ RUN      ] S.b",'
                 ' flush=True)\nos.abort()', protocol='gtest')
        code, last = self.run_them()
        self.assertEqual((code, last), (1, '1 passed, 2 failed'))

    def test_an_exit_status_that_no_case_explains_is_red(self):
        self.add('import sys\nprint("ok 1 - a\\n1..1")\nsys.exit(3)')
        self.assertEqual(self.run_them(), (1, '1 passed, 1 failed'))

    def test_a_program_without_a_case_is_red(self):
        self.add('print("1..0")')
        self.add_gtest('')
        self.assertEqual(self.run_them(), (1, '0 passed, 2 failed'))

    def test_fewer_cases_than_planned_are_red(self):
        self.add('print("1..3\\nok 1 - a")')
        self.assertEqual(self.run_them(), (1, '1 passed, 1 failed'))

    def test_no_test_at_all_is_red(self):
        self.assertEqual(self.run_them(suites=''), (1, '0 passed, 1 failed'))

    def test_a_missing_suite_is_red(self):
        self.add('print("ok 1 - a\\n1..1")')
        self.assertEqual(self.run_them(suites='unit,script'), (1, '1 passed, 1 failed'))

    def test_a_program_over_its_time_is_killed_and_red(self):
        self.add('import threading\nthreading.Event().wait()', timeout=1)
        code, last = self.run_them('--timeout-factor', '0.2')
        self.assertEqual((code, last[:8]), (1, '0 passed'))

    def test_a_skip_is_red_unless_it_is_listed(self):
        self.add('print("ok 1 - a\\nok 2 - b # SKIP no kernel\\n1..2")')
        self.add_gtest('<testcase name="c" classname="S" status="notrun" result="suppressed"/>')
        self.assertEqual(self.run_them(), (1, '1 passed, 2 failed'))
        skips = self.build / 'skips.txt'
        skips.write_text('unit/program0 b no kernel\nunit/program1 S.* not here\n')
        self.assertEqual(self.run_them('--skips', skips), (0, '1 passed, 0 failed'))


if __name__ == '__main__':
    tap.main()
