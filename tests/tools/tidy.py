"""Lint in the open: the rules of this repository that no compiler checks. One line a finding.

Lengths are ratcheted: only functions just past the bound are flagged, so that one which is long for
a reason may stay and a short one cannot creep over.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

COLUMNS_MAX = 100
FUNCTION_LINES_FLAGGED = range(71, 81)

# Folder -> what it may include, longest folder first. Tests may include everything.
MAY_INCLUDE = {
    'core/base': ['core/base'],
    'core/proto': ['core/base', 'core/proto'],
    'core': ['core'],
    'net': ['core/base', 'net'],
    'wal': ['core/base', 'wal'],
    'paddock/shell': ['core/base', 'core/proto', 'paddock', 'recipes'],
    'paddock': ['core', 'net', 'wal', 'paddock'],
    'recipes': ['core/base', 'core/proto', 'recipes'],
    'bench': ['core', 'net', 'wal', 'paddock', 'recipes', 'bench'],
}

# Pattern -> what to do instead, in C++ files.
BANNED = {
    r'\bstd::source_location\b': 'clang 14 has none: __FILE__ and __LINE__ in a macro',
    r'\bstd::expected\b': 'Result of core/base/result.h',
    r'(?<![\w_])assert\(': 'CHECK or DCHECK of core/base/check.h',
    r'\bthrow\s+\w': 'our code throws nothing: return a Result',
    r'\busing namespace std\b(?!::)': 'name what is used',
    r'\bstd::regex\b': 'slow and throwing: parse by hand',
    r'\b(?:strcpy|strcat|sprintf|gets|atoi|atol)\(': 'a bounded or checked function',
    r'\bstd::(?:rand|srand)\b|\b(?:rand|srand)\(\)': 'a seeded generator that is passed in',
    r'\bstd::endl\b': "'\\n'; flushing is a decision of its own",
}
# The core takes values and returns values: it reads no clock and opens no file.
BANNED_IN_CORE = {
    r'\bsystem_clock\b|\bsteady_clock\b|\bclock_gettime\b|\btime\(nullptr\)': 'time is an argument',
    r'<fstream>|\bfopen\(|\bopen\(': 'the core opens no file',
    r'\bsocket\(|<sys/socket\.h>': 'the core knows no socket',
    r'\bstd::random_device\b': 'randomness is an argument',
}
# Tests depend on nobody's clock.
BANNED_IN_TESTS = {
    r'\bsleep_for\b|\bsleep_until\b|\b(?:u|nano)?sleep\(': 'wait for the event, not for time',
}

LEFT_OVER = re.compile(r'\b(?:TO' r'DO|FIX' r'ME|X' r'XX|HA' r'CK)\b')
MACHINE_PATH = re.compile(r'(?<![\w.}])/(?:home|root|Users|work|workspace|scratch|mnt)/\w')
REGISTRY_HOST = re.compile(r'\b(?:deb|archive|security|snapshot|ftp)\.(?:debian|ubuntu)\.\w+'
                           r'|\bregistry\.npmjs\.\w+|\bpypi\.\w+|\bproxy\.golang\.\w+'
                           r'|\bcrates\.io\b|\brepo1?\.maven\.\w+')
COMMENT_OR_LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                                r"|'(?:\\.|[^'\\\n])'", re.S)
SKIPPED_FOLDERS = {'build', '.git', '__pycache__', 'data', 'corpus', 'golden'}
TEXT_SUFFIXES = {'.cc', '.h', '.c', '.py', '.fbs', '.md', '.build', '.txt', '.cfg', '.in', '.map'}


class Finding:
    def __init__(self, path, line, message):
        self.path, self.line, self.message = path, line, message

    def __str__(self):
        return f'{self.path}:{self.line}: {self.message}'


def text_files(root):
    """Every text file of ours: (path from the root, text). Asks no git: a tarball has none."""
    for path in sorted(root.rglob('*')):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS.intersection(relative.parts[:-1]) or not path.is_file():
            continue
        if path.suffix in TEXT_SUFFIXES or path.name in ('dev', 'run'):
            yield str(relative), path.read_text(errors='replace')


def is_cpp(path):
    return path.endswith(('.cc', '.h'))


def without_comments(text):
    """The same lines with comments and literals blanked, so that patterns meet code only."""
    return COMMENT_OR_LITERAL.sub(lambda m: re.sub(r'[^\n]', ' ', m[0]), text)


def check_text(path, text):
    for number, line in enumerate(text.split('\n'), 1):
        if LEFT_OVER.search(line):
            yield Finding(path, number, 'a left-over marker: do it, or file it')
        if MACHINE_PATH.search(line):
            yield Finding(path, number, 'a path of one machine')
        if REGISTRY_HOST.search(line):
            yield Finding(path, number, 'the host of a package registry')
        if line != line.rstrip():
            yield Finding(path, number, 'white space at the end of the line')
        long = len(line) > COLUMNS_MAX and '://' not in line
        if long and not path.endswith(('.md', '.txt', '.build')):
            yield Finding(path, number, f'{len(line)} columns, at most {COLUMNS_MAX}')


def check_banned(path, text):
    if not is_cpp(path):
        return
    banned = dict(BANNED)
    if path.startswith('core/') and not path.startswith('core/base/'):
        banned.update(BANNED_IN_CORE)
    if path.startswith('tests/'):
        banned.update(BANNED_IN_TESTS)
    for number, line in enumerate(without_comments(text).split('\n'), 1):
        for pattern, instead in banned.items():
            if found := re.search(pattern, line):
                yield Finding(path, number, f'{found[0].strip()}: {instead}')


def check_pragma_once(path, text):
    if path.endswith('.h'):
        code = without_comments(text).split()
        if code[:2] != ['#pragma', 'once']:
            yield Finding(path, 1, 'the first thing in a header is #pragma once')


def check_includes(path, text, exists):
    """Includes in quotes start at the root, exist, and point the way dependencies point."""
    if not is_cpp(path):
        return
    folder = next((f for f in MAY_INCLUDE if path.startswith(f + '/')), None)
    for number, line in enumerate(text.split('\n'), 1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not include:
            continue
        target = include[1]
        if '/' not in target or '..' in target:
            yield Finding(path, number, f'{target}: includes start at the root')
            continue
        if not target.endswith('_generated.h') and not exists(target):
            yield Finding(path, number, f'{target}: no such file')
        allowed = MAY_INCLUDE.get(folder)
        if allowed and not any(target.startswith(a + '/') for a in allowed):
            yield Finding(path, number, f'{folder}/ may not include {target}')


def check_function_lengths(path, text):
    if not is_cpp(path):
        return
    for name, first, count in functions(text):
        if count in FUNCTION_LINES_FLAGGED:
            yield Finding(path, first, f'{name} has {count} lines, at most 70')


SCOPE = re.compile(r'(?:inline\s+)?(?:namespace|extern)\b'
                   r'|(?:template\s*<.*>\s*)?(?:class|struct|union|enum)\b[^()=]*$', re.S)


def functions(text):
    """(name, first line, lines) of the outermost blocks that are function bodies."""
    code = without_comments(text)
    code = re.sub(r'^[ \t]*#[^\n]*', lambda m: ' ' * len(m[0]), code, flags=re.M)
    stack = []  # per open brace: is it a scope that holds functions?
    head_from = 0
    body = None
    for at, char in enumerate(code):
        if char == '{':
            head = code[head_from:at].strip()
            scope = SCOPE.match(head)
            if body is None and not scope and '(' in head and all(stack):
                start = at - len(code[head_from:at].lstrip())
                name = re.search(r'([\w:~]+)\s*\(', head)
                first = code.count('\n', 0, start) + 1
                body = (len(stack), name[1] if name else head[:40], first)
            stack.append(bool(scope))
            head_from = at + 1
        elif char == '}':
            if stack:
                stack.pop()
            if body and len(stack) == body[0]:
                last = code.count('\n', 0, at) + 1
                yield body[1], body[2], last - body[2] + 1
                body = None
            head_from = at + 1
        elif char == ';' and body is None:
            head_from = at + 1


def check_listed(files):
    """Every source belongs to a build, every Python file is run or imported: no dead files."""
    builds = {path: text for path, text in files.items() if path.endswith('meson.build')}
    scripts = {p: text for p, text in files.items() if p.endswith('.py') or p == 'dev'}
    for path in files:
        name = pathlib.PurePosixPath(path)
        if name.suffix in ('.cc', '.fbs', '.c'):
            stem = re.sub(r'_(?:test|fuzz|torture)$', '', name.stem)
            above = [str(p / 'meson.build') for p in name.parents]
            words = rf'\b(?:{re.escape(name.stem)}|{re.escape(stem)})\b'
            if not any(re.search(words, builds.get(b, '')) for b in above):
                yield Finding(path, 1, 'in no meson.build: a dead file')
        elif name.suffix == '.py':
            stem = re.sub(r'_test$', '', name.stem)
            quoted = re.compile(rf"['/](?:{re.escape(name.name)}|{re.escape(stem)})'")
            listed = any(quoted.search(text) for text in builds.values())
            word = re.compile(rf'\b{re.escape(name.stem)}\b')
            used = any(word.search(text) for p, text in scripts.items() if p != path)
            if not listed and not used and name.name != '__init__.py':
                yield Finding(path, 1, 'neither run by a build or ./dev nor imported: a dead file')


def check_atomics(files):
    """Atomics weaker than seq_cst name their partner: a label [X1] that both sides carry."""
    label = re.compile(r'\[([A-Z][A-Za-z]*\d+)\]')
    weak = re.compile(r'memory_order(?:_|::)(?:acquire|release|acq_rel|consume)')
    relaxed = re.compile(r'memory_order(?:_|::)relaxed')
    uses = {}
    for path, text in files.items():
        if is_cpp(path):
            for found in label.findall(text):
                uses[found] = uses.get(found, 0) + 1
    for path, text in files.items():
        if not is_cpp(path) or path.startswith('tests/'):
            continue
        lines, code = text.split('\n'), without_comments(text).split('\n')
        for index, line in enumerate(code):
            near = '\n'.join(lines[max(0, index - 5):index + 2])
            if weak.search(line):
                labels = label.findall(near)
                if not labels:
                    yield Finding(path, index + 1, 'a weak atomic without the label of its partner')
                elif all(uses[found] < 2 for found in labels):
                    yield Finding(path, index + 1, f'the partner [{labels[0]}] is nowhere')
            elif relaxed.search(line) and '//' not in near and not says_why_relaxed(lines[:index]):
                yield Finding(path, index + 1, 'a relaxed atomic without a comment that says why')


def says_why_relaxed(lines):
    """Whether a comment above speaks of relaxed atomics: then it speaks for all of its file."""
    return any(re.search(r'//.*\brelaxed\b', line, re.I) for line in lines)


def check_links(path, text, exists):
    if path.endswith('.md'):
        is_code = False
        for number, line in enumerate(text.split('\n'), 1):
            is_code ^= line.startswith('```')
            if is_code:
                continue
            for target in re.findall(r'\]\(([^)#\s]+)', line):
                here = (pathlib.PurePosixPath(path).parent / target).as_posix()
                if '://' not in target and not exists(here):
                    yield Finding(path, number, f'{target}: no such file')


def check_file(path, text, exists):
    yield from check_text(path, text)
    yield from check_banned(path, text)
    yield from check_pragma_once(path, text)
    yield from check_includes(path, text, exists)
    yield from check_function_lengths(path, text)
    yield from check_links(path, text, exists)


def check_tree(root):
    """All findings in the tree below `root`."""
    files = dict(text_files(root))
    findings = []
    for path, text in files.items():
        findings += check_file(path, text, lambda target: (root / target).exists())
    findings += check_listed(files)
    findings += check_atomics(files)
    return findings


def main():
    findings = check_tree(ROOT)
    for finding in findings:
        print(finding)
    print(f'tidy: {len(findings)} findings')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
