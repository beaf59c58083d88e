"""Runs the test programs that meson knows and counts single cases.

A test program is a meson `test()` with a suite. Its protocol says how cases are counted: 'gtest'
(the XML that GoogleTest writes), 'tap' (lines `ok N - name`, `not ok N - name`), or 'exitcode' (one
case).

Red is: a failed case, a program that crashed, ran into its time limit or ended without naming a
case, a required suite without a program, and a skip that the list of expected skips does not name.
The last line is `N passed, N failed`, alone.
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

# `threads` are tests of another suite, too: short ones of code that runs on more than one thread.
TSAN_SUITES = ['torture', 'threads']
# What `./dev test` covers: every build with the suites that must be in it.
REQUIRED = {
    'release': ['tools', 'unit', 'script', 'property', 'golden', 'fuzz', 'program', 'interop',
                'crash', 'hard', 'recipes', 'contest', 'bench'],
    'asan': ['unit', 'script', 'property', 'golden', 'fuzz', 'interop', 'crash', 'hard',
             'recipes'],
    'tsan': TSAN_SUITES,
}

# Sanitizers must end the program: a report that lets it go on would be a passed test.
SANITIZER_ENV = {
    'ASAN_OPTIONS': 'detect_stack_use_after_return=1:strict_string_checks=1',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'LSAN_OPTIONS': f'print_suppressions=0:suppressions={pathlib.Path(__file__).parent.resolve()}'
                    '/leaks.supp',
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
}
OUTPUT_LINES_SHOWN = 200


@dataclasses.dataclass
class Program:
    """One meson test."""
    build: pathlib.Path
    suite: str
    name: str
    cmd: list
    env: dict
    workdir: str
    protocol: str
    timeout_s: float
    is_parallel: bool

    @property
    def label(self):
        return f'{self.build.name}:{self.suite}/{self.name}'


@dataclasses.dataclass
class Outcome:
    """What one program's cases came to."""
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)
    skips: list = dataclasses.field(default_factory=list)
    seconds: float = 0
    output: str = ''


def load_programs(build, suites):
    """The tests of `build` that belong to one of `suites` (all if empty)."""
    tests = json.loads((build / 'meson-info' / 'intro-tests.json').read_text())
    programs = []
    for test in tests:
        # Meson writes 'project:suite'.
        own = [suite.split(':')[-1] for suite in test['suite']]
        suite = next((s for s in own if not suites or s in suites), None)
        if suite is None:
            continue
        programs.append(Program(build, suite, test['name'], test['cmd'], test['env'],
                                test['workdir'] or str(build), test['protocol'], test['timeout'],
                                test['is_parallel']))
    return programs


def ninja_targets(build, suites):
    """The executables of these suites as ninja names them."""
    targets = set()
    for program in load_programs(build, suites):
        path = pathlib.Path(program.cmd[0])
        if path.is_relative_to(build):
            targets.add(str(path.relative_to(build)))
    return sorted(targets)


def count_gtest_xml(path, outcome):
    for case in xml.etree.ElementTree.parse(path).getroot().iter('testcase'):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find('failure') is not None:
            outcome.failures.append(name)
        elif case.get('status') == 'notrun' or case.get('result') in ('skipped', 'suppressed'):
            outcome.skips.append(name)
        else:
            outcome.passed += 1


def count_gtest_text(text, outcome):
    """For a program that died before it could write its XML."""
    outcome.passed += len(re.findall(r'^\[       OK \]', text, re.M))
    outcome.failures += re.findall(r'^\[  FAILED  \] (\S+?)(?:,.*)? \(\d+ ms\)', text, re.M)
    begun = re.findall(r'^\[ RUN      \] (\S+)', text, re.M)
    ended = re.findall(r'^\[(?:       OK |  FAILED  |  SKIPPED )\] (\S+)', text, re.M)
    if begun and (not ended or ended[-1].rstrip(',') != begun[-1]):
        outcome.failures.append(f'{begun[-1]} (the program died in it)')


def count_tap(text, outcome):
    planned, seen = None, 0
    for line in text.splitlines():
        if plan := re.match(r'1\.\.(\d+)', line):
            planned = int(plan[1])
        if case := re.match(r'(not )?ok\b\s*\d*\s*-?\s*(.*?)(?:\s*# (SKIP|skip)\b.*)?$', line):
            seen += 1
            if case[3]:
                outcome.skips.append(case[2])
            elif case[1]:
                outcome.failures.append(case[2])
            else:
                outcome.passed += 1
    if planned is None:
        outcome.failures.append('no plan line (did the program reach its end?)')
    elif planned != seen:
        outcome.failures.append(f'{planned} cases planned, {seen} seen')


def randomization_off(program, env):
    """TSan cannot map its shadow under some kernels' address layouts; setarch -R mends that."""
    probe = subprocess.run([program.cmd[0], '--gtest_list_tests'], env=env, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if 'unexpected memory mapping' in probe.stdout:
        return ['setarch', os.uname().machine, '-R']
    return []


def run(program, timeout_factor, torture_programs):
    """Runs one program and judges it."""
    outcome = Outcome()
    env = {**os.environ, **SANITIZER_ENV, **program.env}
    command = list(program.cmd)
    if program.suite == 'torture':
        # The time asked for is for all of them together.
        whole = float(os.environ.get('PADDOCK_TORTURE_SECONDS', '60'))
        env['PADDOCK_TORTURE_SECONDS'] = str(max(1, int(whole / torture_programs)))
    if program.suite in TSAN_SUITES:
        command = randomization_off(program, env) + command
    limit = program.timeout_s * timeout_factor if program.timeout_s > 0 else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch) / 'cases.xml'
        if program.protocol == 'gtest':
            command.append(f'--gtest_output=xml:{report}')
        code, outcome.output = run_command(command, env, program.workdir, limit)
        if program.protocol == 'gtest':
            if report.exists():
                count_gtest_xml(report, outcome)
            else:
                count_gtest_text(outcome.output, outcome)
        elif program.protocol == 'tap':
            count_tap(outcome.output, outcome)
        elif code == 77:
            outcome.skips.append(program.name)
        elif code == 0:
            outcome.passed = 1
    outcome.seconds = time.monotonic() - began
    if code is None:
        outcome.failures.append(f'still running after {limit:.0f} s')
    elif code < 0:
        outcome.failures.append(f'died of {signal.Signals(-code).name}')
    elif code not in (0, 77) and not outcome.failures:
        outcome.failures.append(f'exit status {code} although no case failed')
    if outcome.passed + len(outcome.failures) + len(outcome.skips) == 0:
        outcome.failures.append('ran no case')
    return outcome


def run_command(command, env, workdir, limit):
    """Exit status (None: killed for being too slow) and output. Children die with their parent."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(command, env=env, cwd=workdir, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        except OSError as error:
            return 127, str(error)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        return code, output.read().decode(errors='replace')


def load_expected_skips(path):
    """Lines `SUITE/PROGRAM CASE reason`; the first two may hold wildcards."""
    patterns = []
    for line in path.read_text().splitlines() if path else []:
        if line.strip() and not line.startswith('#'):
            program, case, *reason = line.split(None, 2)
            if not reason:
                sys.exit(f'{path}: no reason given: {line}')
            patterns.append((program, case))
    return patterns


def judge_skips(program, outcome, patterns):
    """Turns every skip that nobody expects into a failure."""
    for skip in outcome.skips:
        label = f'{program.suite}/{program.name}'
        if not any(fnmatch.fnmatch(label, p) and fnmatch.fnmatch(skip, c) for p, c in patterns):
            outcome.failures.append(f'{skip} (skipped, and not in the list of expected skips)')


def show(program, outcome, verbose):
    word = 'FAIL' if outcome.failures else 'ok'
    total = outcome.passed + len(outcome.failures)
    print(f'{word:4} {program.label}: {total} cases, {outcome.seconds:.1f} s', flush=True)
    if outcome.failures or verbose:
        lines = outcome.output.splitlines()
        if len(lines) > OUTPUT_LINES_SHOWN:
            print(f'    … {len(lines) - OUTPUT_LINES_SHOWN} lines left out')
        for line in lines[-OUTPUT_LINES_SHOWN:]:
            print(f'    | {line}')
    for failure in outcome.failures:
        print(f'    FAILED {failure}', flush=True)


def run_all(programs, jobs, timeout_factor, patterns, verbose):
    """Runs all; (passed, failed). Programs that want to be alone run behind the others."""
    torture_programs = max(1, sum(program.suite == 'torture' for program in programs))
    passed = failed = 0

    def finish(program, outcome):
        nonlocal passed, failed
        judge_skips(program, outcome, patterns)
        show(program, outcome, verbose)
        passed += outcome.passed
        failed += len(outcome.failures)

    together = [p for p in programs if p.is_parallel]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        started = {pool.submit(run, p, timeout_factor, torture_programs): p for p in together}
        for future in concurrent.futures.as_completed(started):
            finish(started[future], future.result())
    for program in programs:
        if not program.is_parallel:
            finish(program, run(program, timeout_factor, torture_programs))
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('selection', nargs='*', help='BUILD[:SUITE,...]')
    parser.add_argument('--required', type=pathlib.Path, metavar='DIR',
                        help='everything that `./dev test` covers, in the builds below DIR')
    parser.add_argument('--targets', nargs='+', metavar=('BUILD', 'SUITE'),
                        help='only print the ninja targets of these suites')
    parser.add_argument('--only', help='only programs whose SUITE/NAME matches this wildcard')
    parser.add_argument('--skips', type=pathlib.Path, help='the list of expected skips')
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--timeout-factor', type=float, default=5)
    parser.add_argument('--verbose', action='store_true', help='show what passing programs print')
    args = parser.parse_args()
    if args.targets:
        for target in ninja_targets(pathlib.Path(args.targets[0]), args.targets[1:]):
            print(target)
        return 0
    wanted = [(args.required / build, suites) for build, suites in REQUIRED.items()] \
        if args.required else []
    for item in args.selection:
        build, _, suites = item.partition(':')
        wanted.append((pathlib.Path(build), [s for s in suites.split(',') if s]))
    programs, missing = [], []
    for build, suites in wanted:
        found = load_programs(build.resolve(), suites)
        programs += found
        missing += [f'{build.name}:{s}' for s in suites if s not in {p.suite for p in found}]
    if args.only:
        programs = [p for p in programs if fnmatch.fnmatch(f'{p.suite}/{p.name}', args.only)]
    patterns = load_expected_skips(args.skips)
    passed, failed = run_all(programs, args.jobs, args.timeout_factor, patterns, args.verbose)
    for suite in missing:
        print(f'FAIL {suite}: the suite is missing')
    failed += len(missing)
    if passed + failed == 0:
        print('FAIL no case ran')
        failed = 1
    print(f'{passed} passed, {failed} failed', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
