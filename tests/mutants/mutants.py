"""Proves that the tests catch bugs: applies one plausible bug after another and wants a red test.

A mutant is NAME.patch beside this file. Above the diff stand, behind '# ', a sentence on what the
bug is, and the tests that are to catch it, the cheapest first: `catches: SUITE/PROGRAM CASE`, where
CASE is as the program prints it (wildcards for GoogleTest's). They are run one after the other
until one turns red. A mutant survives when all of its tests stay green, and that is a failure, as
is a patch that does not apply any more or does not compile. The tests must be green without it.

The tree is copied to BUILD/src once and changed there, so only what a patch touches is compiled
again, and the work tree is left alone.

--check compiles nothing: every patch still applies, and the tests it names are there. `./dev test`
does that much.
"""

import argparse
import dataclasses
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / 'tests/tools')]

import run_tests  # noqa: E402

SKIPPED = {'build', 'data', '.git', '__pycache__'}
# Nothing here is measured or debugged, and a warning about what a bug left unused shall not save
# it. Without debug information a compiler cache may serve several work trees.
MESON_OPTIONS = ['-Dbuildtype=plain', '-Doptimization=0', '-Ddebug=false', '-Dwerror=false',
                 '-Dmimalloc=false']


class Mutant:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        head = [line[2:] for line in text.splitlines() if line.startswith('# ')]
        self.what = ' '.join(line for line in head if not line.startswith('catches:'))
        self.catches = [line.split()[1:] for line in head if line.startswith('catches:')]
        self.files = re.findall(r'^\+\+\+ b/(\S+)$', text, re.M)

    def form_error(self):
        if self.what and self.catches and self.files and all(len(c) == 2 for c in self.catches):
            return None
        return 'it needs a sentence, a line "catches: SUITE/PROGRAM CASE", and a diff of b/FILE'

    def apply_to(self, tree, *flags):
        """None, or why it does not apply."""
        done = subprocess.run(['patch', '-p1', '--batch', '--silent', '--no-backup-if-mismatch',
                               '--reject-file=-', *flags, '-i', str(self.path)], cwd=tree,
                              text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return None if done.returncode == 0 else f'does not apply: {done.stdout.strip()}'


def copy_tree(to):
    """Makes `to` the tree as it is; what is written gets a new time, so that it is compiled."""
    seen = set()
    for path in sorted(ROOT.rglob('*')):
        below = path.relative_to(ROOT)
        if SKIPPED.intersection(below.parts) or not path.is_file():
            continue
        target = to / below
        seen.add(target)
        if not target.exists() or target.read_bytes() != path.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for path in sorted(to.rglob('*')):
        if path.is_file() and path not in seen and '__pycache__' not in path.parts:
            path.unlink()


def find_program(programs, name):
    return next((p for p in programs if f'{p.suite}/{p.name}' == name), None)


def only(program, case):
    """The program with nothing but this case in it."""
    argument = f'--gtest_filter={case}' if program.protocol == 'gtest' else case
    return dataclasses.replace(program, cmd=[*program.cmd, argument])


def targets_of(programs, build):
    """What ninja must make for these programs: executables in their commands, and the daemon."""
    targets = set()
    for program in programs:
        for word in [*program.cmd, program.env.get('PADDOCK', '')]:
            path = pathlib.Path(os.path.normpath(word))
            if path.is_relative_to(build):
                targets.add(str(path.relative_to(build)))
    return sorted(targets)


class Workshop:
    """The copy of the tree and its build."""

    def __init__(self, folder, jobs, verbose):
        self.source, self.build = folder / 'src', folder / 'build'
        self.jobs, self.verbose = jobs, verbose
        copy_tree(self.source)
        if not (self.build / 'build.ninja').exists():
            subprocess.run(['meson', 'setup', str(self.build), str(self.source), *MESON_OPTIONS],
                           check=True, stdout=subprocess.DEVNULL)
        self.compile(['build.ninja'])  # the list of tests as it is now
        self.programs = run_tests.load_programs(self.build, [])

    def compile(self, targets):
        """None, or what the compiler says."""
        if not targets:  # which ninja takes for everything
            return None
        made = subprocess.run(['ninja', '-C', str(self.build), '-j', str(self.jobs), *targets],
                              text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return None if made.returncode == 0 else made.stdout

    def failure_of(self, name, case):
        """(what is red or None, why it could not be run or None)."""
        program = only(find_program(self.programs, name), case)
        if trouble := self.compile(targets_of([program], self.build)):
            return None, f'does not compile: {first_error(trouble)}'
        outcome = run_tests.run(program, 2, 1)
        if self.verbose:
            print(outcome.output)
        return (outcome.failures or [None])[0], None

    def judge(self, mutant):
        """(caught, text). The tree is as before afterwards."""
        before = {name: (self.source / name).read_bytes() for name in mutant.files}
        try:
            if trouble := mutant.apply_to(self.source):
                return False, trouble
            for name, case in mutant.catches:
                failure, trouble = self.failure_of(name, case)
                if trouble:
                    return False, trouble
                if failure:
                    return True, f'caught by {name}: {failure}'
            return False, 'SURVIVES ' + ', '.join(' '.join(c) for c in mutant.catches)
        finally:
            for name, content in before.items():
                (self.source / name).write_bytes(content)

    def judge_unchanged(self, mutants):
        """None, or why a red test would say nothing."""
        cases = {tuple(c): None for m in mutants for c in m.catches}
        wanted = [find_program(self.programs, name) for name, _ in cases]
        if trouble := self.compile(targets_of(wanted, self.build)):
            return f'the tree as it is does not compile: {first_error(trouble)}'
        for name, case in cases:
            failure, trouble = self.failure_of(name, case)
            if failure or trouble:
                return f'{name} {case} is red without any mutant: {failure or trouble}'
        return None


def first_error(output):
    lines = output.splitlines()
    return next((line for line in lines if 'error' in line), lines[0])


def words_of_tests():
    """Every word of the tests' sources, to see whether a named case is among them."""
    words = set()
    for path in (ROOT / 'tests').rglob('*'):
        if path.suffix in ('.cc', '.h', '.py') and path != HERE / 'mutants.py':
            words.update(re.findall(r'\w+', path.read_text()))
    return words


def broken(mutant, programs, words):
    """None, or what the mutant lacks to be run, as far as that shows without compiling."""
    if trouble := mutant.form_error() or mutant.apply_to(ROOT, '--dry-run'):
        return trouble
    for name, case in mutant.catches:
        if find_program(programs, name) is None:
            return f'there is no test {name}'
        if missing := set(re.findall(r'\w+', case)) - words:
            return f'{case}: nothing in the tests is called {", ".join(sorted(missing))}'
    return None


def check(mutants, build):
    """Prints a TAP line a mutant."""
    programs, words = run_tests.load_programs(build, []), words_of_tests()
    failed = 0
    for number, mutant in enumerate(mutants, 1):
        trouble = broken(mutant, programs, words)
        failed += trouble is not None
        for line in (trouble or '').splitlines():
            print(f'# {line}')
        print(f'{"not ok" if trouble else "ok"} {number} - {mutant.name}')
    print(f'1..{len(mutants)}')
    return 1 if failed or not mutants else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('names', nargs='*', help='only these mutants (wildcards)')
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--build', type=pathlib.Path, required=True,
                        help='a folder for the copy; with --check, a configured build')
    parser.add_argument('--check', action='store_true', help='only see whether they can be run')
    parser.add_argument('--verbose', action='store_true', help='show what the tests print')
    args = parser.parse_args()
    names = args.names or ['*']
    mutants = [Mutant(path) for path in sorted(HERE.glob('*.patch'))
               if any(fnmatch.fnmatch(path.stem, name) for name in names)]
    if args.check:
        return check(mutants, args.build.resolve())
    workshop = Workshop(args.build.resolve(), args.jobs, args.verbose)
    words = words_of_tests()
    runnable = [m for m in mutants if not broken(m, workshop.programs, words)]
    print(f'mutants: compiling the tree as it is, in {workshop.build}', flush=True)
    if trouble := workshop.judge_unchanged(runnable):
        print(f'FAIL {trouble}\n0 passed, {max(1, len(mutants))} failed')
        return 1
    caught = 0
    for mutant in mutants:
        trouble = broken(mutant, workshop.programs, words)
        is_caught, text = (False, trouble) if trouble else workshop.judge(mutant)
        caught += is_caught
        print(f'{"ok  " if is_caught else "FAIL"} {mutant.name}: {mutant.what}\n     {text}',
              flush=True)
    print(f'{caught} passed, {len(mutants) - caught} failed', flush=True)
    return 1 if caught < len(mutants) or not mutants else 0


if __name__ == '__main__':
    sys.exit(main())
