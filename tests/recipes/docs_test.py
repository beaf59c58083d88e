"""The code in the documents about recipes is the code of the examples, which run as tests.

A block of code stands behind a line

    <!-- recipes/examples/lock.cc "auto client" "recipes::Lock" -->

and is what is in that file from the first line that begins with the one text to the next that
begins with the other, moved to the left. `docs_test.py --rewrite` writes the blocks anew.
"""

import pathlib
import re
import sys
import textwrap
import unittest

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ('docs/recipes.md', 'docs/recipes.zh.md')
BLOCK = re.compile(r'(<!-- (recipes/examples/\S+) "([^"]*)" "([^"]*)" -->\n)```cpp\n(.*?)```\n',
                   re.S)


def excerpt(text, first, last):
    """The lines from `first` to `last`. ValueError if there are none."""
    lines = text.splitlines()
    starts = [line.strip().startswith(first) for line in lines]
    begin = starts.index(True)
    end = next((at for at in range(begin, len(lines)) if lines[at].strip().startswith(last)), None)
    if end is None:
        raise ValueError(f'{last!r} does not follow')
    return textwrap.dedent('\n'.join(lines[begin:end + 1])) + '\n'


def rewritten(text):
    def block(match):
        code = excerpt((ROOT / match[2]).read_text(), match[3], match[4])
        return f'{match[1]}```cpp\n{code}```\n'
    return BLOCK.sub(block, text)


class DocsTest(unittest.TestCase):
    def test_blocks_are_excerpts_of_the_examples(self):
        for name in DOCUMENTS:
            with self.subTest(name):
                text = (ROOT / name).read_text()
                self.assertEqual(text.count('```cpp'), len(BLOCK.findall(text)), 'unmarked code')
                self.assertEqual(text, rewritten(text), 'run docs_test.py --rewrite')

    def test_both_languages_show_the_same_code_and_the_same_znodes(self):
        texts = [(ROOT / name).read_text() for name in DOCUMENTS]
        code = [[match[0] for match in BLOCK.finditer(text)] for text in texts]
        self.assertEqual(code[0], code[1])
        trees = [re.findall(r'^    \S*(?:├|└)── (\S+)', text, re.M) for text in texts]
        self.assertEqual(trees[0], trees[1])
        self.assertGreater(len(trees[0]), 20)

    def test_every_example_is_shown(self):
        shown = {match[2] for match in BLOCK.finditer((ROOT / DOCUMENTS[0]).read_text())}
        examples = {str(path.relative_to(ROOT))
                    for path in (ROOT / 'recipes/examples').glob('*.cc')}
        self.assertEqual(examples - shown, set())

    def test_excerpt(self):
        text = 'a {\n  b\n\n  c\n}\n'
        self.assertEqual(excerpt(text, 'b', 'c'), 'b\n\nc\n')
        self.assertRaises(ValueError, excerpt, text, 'b', 'a')
        self.assertRaises(ValueError, excerpt, text, 'd', 'a')


if __name__ == '__main__':
    if sys.argv[1:] == ['--rewrite']:
        for document in DOCUMENTS:
            (ROOT / document).write_text(rewritten((ROOT / document).read_text()))
    else:
        tap.main()
