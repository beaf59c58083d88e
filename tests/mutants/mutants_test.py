"""`./dev mutants` says of a mutant what is true of it; shown on a tree of one line of code."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tap

HERE = pathlib.Path(__file__).resolve().parent
TREE = {
    'meson.build': """
project('tree')
test('sum', find_program('python3'), args: [files('tests/sum_test.py')], protocol: 'tap',
     env: {'PYTHONPATH': meson.current_source_dir() / 'tests/tools'}, suite: 'unit')
""",
    'meson_options.txt': "option('mimalloc', type: 'boolean')\n",
    'sum.py': 'def total(a, b):\n    return a + b\n',
    'tests/sum_test.py': """
import pathlib
import sys
import unittest
import tap
sys.path[:0] = [str(pathlib.Path(__file__).parents[1])]
import sum
class Sum(unittest.TestCase):
    def test_two_and_two(self):
        self.assertEqual(sum.total(2, 2), 4)
    def test_two_and_three(self):
        self.assertEqual(sum.total(2, 3), 5)
tap.main()
""",
}
PATCH = """# {what}
# catches: {catches}
--- a/sum.py
+++ b/sum.py
@@ -1,2 +1,2 @@
 def total(a, b):
-    return {old}
+    return a * b
"""


class MutantsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name) / 'tree'
        for name, content in TREE.items():
            self.write(name, content)
        for path in (HERE / 'mutants.py', HERE.parent / 'tools/run_tests.py',
                     HERE.parent / 'tools/tap.py'):
            self.write(path.relative_to(HERE.parents[1]), path.read_text())

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def mutant(self, case='Sum.test_two_and_three', what='It multiplies.', old='a + b',
               program='unit/sum'):
        self.write('tests/mutants/product.patch',
                   PATCH.format(what=what, catches=f'{program} {case}', old=old))

    def run_it(self, *arguments):
        """(exit status, last line, all lines)"""
        # Byte code is told by size and second, which the mutant and the line it replaces share.
        run = subprocess.run([sys.executable, self.root / 'tests/mutants/mutants.py', '--build',
                              self.root / 'build/mutants', *arguments], stdout=subprocess.PIPE,
                             text=True, check=False,
                             env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        return run.returncode, run.stdout.splitlines()[-1], run.stdout

    def test_a_caught_mutant_is_green_and_leaves_the_tree_alone(self):
        self.mutant()
        for _ in range(2):
            code, last, text = self.run_it()
            self.assertEqual((code, last), (0, '1 passed, 0 failed'), text)
            self.assertIn('caught by unit/sum: Sum.test_two_and_three', text)
        for copy in ('', 'build/mutants/src/'):
            self.assertEqual((self.root / f'{copy}sum.py').read_text(), TREE['sum.py'])

    def test_a_mutant_that_its_test_does_not_see_survives(self):
        self.mutant('Sum.test_two_and_two')
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, '0 passed, 1 failed'))
        self.assertIn('SURVIVES unit/sum Sum.test_two_and_two', text)

    def test_a_test_that_is_red_anyway_catches_nothing(self):
        self.mutant()
        self.write('sum.py', TREE['sum.py'] + 'total = lambda a, b: 6\n')
        code, last, text = self.run_it()
        self.assertEqual((code, last), (1, '0 passed, 1 failed'))
        self.assertIn('red without any mutant', text)

    def test_what_cannot_be_run_is_red_with_the_reason(self):
        self.mutant()
        self.assertEqual(self.run_it()[0], 0)
        for reason, fields in {'does not apply': {'old': 'a - b'},
                               'there is no test unit/product': {'program': 'unit/product'},
                               'nothing in the tests is called test_seven':
                                   {'case': 'Sum.test_seven'},
                               'it needs a sentence': {'what': ''}}.items():
            self.mutant(**fields)
            code, last, text = self.run_it()
            self.assertEqual((code, last), (1, '0 passed, 1 failed'), text)
            self.assertIn(reason, text)
            code, last, text = self.run_it('--check', '--build',
                                           self.root / 'build/mutants/build')
            self.assertEqual((code, last), (1, '1..1'), text)
            self.assertIn(reason, text)
            self.assertIn('not ok 1 - product', text)

    def test_no_mutant_at_all_is_red(self):
        self.assertEqual(self.run_it()[:2], (1, '0 passed, 0 failed'))


if __name__ == '__main__':
    tap.main()
