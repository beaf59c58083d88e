"""Runs unittest cases and prints one TAP line a case, which is what run_tests.py counts."""

import sys
import traceback
import unittest


class _TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = False
        self.subtest_failed = False

    def startTest(self, test):
        super().startTest(test)
        self.subtest_failed = False

    def _line(self, test, passed, note=''):
        self.count += 1
        self.failed |= not passed
        name = test.id().removeprefix('__main__.')
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}{note}", flush=True)

    def _trouble(self, test, error):
        for line in ''.join(traceback.format_exception(*error)).splitlines():
            print(f'# {line}')
        self._line(test, False)

    def addSuccess(self, test):
        if not self.subtest_failed:
            self._line(test, True)

    def addError(self, test, err):
        self._trouble(test, err)

    def addFailure(self, test, err):
        self._trouble(test, err)

    def addSkip(self, test, reason):
        self._line(test, True, f' # SKIP {reason}')

    def addExpectedFailure(self, test, err):
        self._trouble(test, err)

    def addUnexpectedSuccess(self, test):
        self._line(test, False)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.subtest_failed = True
            self._trouble(subtest, err)


def main(*modules):
    """Runs the cases of these modules (the main one), or those that the command line names."""
    names = [argument for argument in sys.argv[1:] if not argument.startswith('-')]
    loader = unittest.TestLoader()
    modules = modules or (sys.modules['__main__'],)
    if names:
        suite = unittest.TestSuite(loader.loadTestsFromName(n, m) for m in modules for n in names)
    else:
        suite = unittest.TestSuite(loader.loadTestsFromModule(m) for m in modules)
    result = _TapResult()
    suite.run(result)
    print(f'1..{result.count}')
    sys.exit(1 if result.failed or result.count == 0 else 0)
