"""Proves that the tests catch bugs: applies one plausible bug after another and wants a red test.

A mutant is NAME.patch beside this file. Above the diff stand, behind '# ', a sentence on what the
bug is, and the tests that are to catch it, as `catches: SUITE/PROGRAM [CASE]` with wildcards; the
first that turns red is shown. A mutant survives when all of its tests stay green, and that is a
failure, as is a patch that does not apply any more or does not compile.

The tree is copied to build/mutants/src once and changed there, so only what a patch touches is
compiled again, and the work tree is left alone.
"""

import argparse
import fnmatch
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / 'tests/tools')]

import run_tests  # noqa: E402

SKIPPED = {'build', 'data', '.git', '__pycache__'}


class Mutant:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        head = [line[2:] for line in path.read_text().splitlines() if line.startswith('# ')]
        self.what = ' '.join(line for line in head if not line.startswith('catches:'))
        self.catches = [line.removeprefix('catches:').split() for line in head
                        if line.startswith('catches:')]
        if not self.what or not self.catches:
            sys.exit(f'{path}: it needs a sentence and a line "catches: SUITE/PROGRAM"')


def copy_tree(to):
    """Copies what has changed, keeping times, so that nothing is compiled for nothing."""
    seen = set()
    for path in sorted(ROOT.rglob('*')):
        below = path.relative_to(ROOT)
        if SKIPPED.intersection(below.parts) or not path.is_file():
            continue
        target = to / below
        seen.add(target)
        if not target.exists() or target.read_bytes() != path.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for path in sorted(to.rglob('*')):
        if path.is_file() and path not in seen and '__pycache__' not in path.parts:
            path.unlink()


def patch(source, mutant, *flags):
    return subprocess.run(['patch', '-p1', '--batch', '--silent', '--no-backup-if-mismatch', *flags,
                           '-i', str(mutant.path)], cwd=source, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def compile_all(build, jobs, targets):
    return subprocess.run(['ninja', '-C', str(build), '-j', str(jobs), *targets], text=True,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def targets_of(programs, build):
    """What ninja must make for these programs: their executable, and the daemon that many run."""
    targets = {'paddock/paddock'}
    for program in programs:
        for word in program.cmd:
            path = pathlib.Path(word)
            if path.is_absolute() and path.is_relative_to(build):
                targets.add(str(path.relative_to(build)))
    return sorted(targets)


def judge(mutant, build, jobs, show_output):
    """(caught, text)."""
    programs = run_tests.load_programs(build, [])
    wanted = []
    for pattern, *case in mutant.catches:
        found = [p for p in programs if fnmatch.fnmatch(f'{p.suite}/{p.name}', pattern)]
        if not found:
            return False, f'there is no test {pattern}'
        wanted += [(program, case[0] if case else '*') for program in found]
    made = compile_all(build, jobs, targets_of([program for program, _ in wanted], build))
    if made.returncode != 0:
        lines = [line for line in made.stdout.splitlines() if 'error' in line]
        return False, 'does not compile: ' + (lines or made.stdout.splitlines())[0]
    for program, case in wanted:
        outcome = run_tests.run(program, 2, 1)
        if show_output:
            print(outcome.output)
        for failure in outcome.failures:
            if fnmatch.fnmatch(failure, case):
                return True, f'caught by {program.suite}/{program.name}: {failure}'
    return False, 'SURVIVES ' + ', '.join(pattern for pattern, *_ in mutant.catches)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('names', nargs='*', help='only these mutants (wildcards)')
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--build', type=pathlib.Path, required=True, help='a folder for the copy')
    parser.add_argument('--verbose', action='store_true', help='show what the tests print')
    args = parser.parse_args()
    mutants = [Mutant(path) for path in sorted(HERE.glob('*.patch'))]
    if args.names:
        mutants = [m for m in mutants if any(fnmatch.fnmatch(m.name, n) for n in args.names)]
    source, build = args.build / 'src', args.build / 'build'
    copy_tree(source)
    if not (build / 'build.ninja').exists():
        subprocess.run(['meson', 'setup', str(build), str(source), '-Dbuildtype=plain',
                        '-Doptimization=1', '-Dmimalloc=false', '-Dlossy=true'],
                       check=True, stdout=subprocess.DEVNULL)
    print(f'mutants: compiling the tree as it is ({build})', flush=True)
    if (made := compile_all(build, args.jobs, [])).returncode != 0:
        sys.exit(made.stdout[-3000:])
    caught = 0
    for mutant in mutants:
        applied = patch(source, mutant)
        if applied.returncode != 0:
            is_caught, text = False, f'does not apply: {applied.stdout.strip()}'
            copy_tree(source)
        else:
            is_caught, text = judge(mutant, build, args.jobs, args.verbose)
            patch(source, mutant, '--reverse')
        caught += is_caught
        print(f'{"ok  " if is_caught else "FAIL"} {mutant.name}: {mutant.what}\n     {text}',
              flush=True)
    print(f'{caught} passed, {len(mutants) - caught} failed', flush=True)
    return 1 if caught < len(mutants) or not mutants else 0


if __name__ == '__main__':
    sys.exit(main())
