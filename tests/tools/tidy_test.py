"""Each rule of tidy.py finds what it is there for, and nothing in what is right."""

import unittest

import tap
import tidy


def findings(path, text, exists=lambda target: True):
    return [finding.message for finding in tidy.check_file(path, text, exists)]


class TidyTest(unittest.TestCase):
    def assert_finds(self, part, path, text, exists=lambda target: True):
        self.assertTrue(any(part in message for message in findings(path, text, exists)),
                        f'{part!r} not in {findings(path, text, exists)}')

    def test_a_clean_header_has_no_finding(self):
        text = '#pragma once\n\n#include <vector>\n\n#include "core/base/bytes.h"\n'
        self.assertEqual(findings('wal/x.h', text), [])

    def test_left_over_marker(self):
        self.assert_finds('left-over', 'wal/x.cc', '// FIX' 'ME later\n')

    def test_machine_path_and_registry_host(self):
        self.assert_finds('one machine', 'dev', 'cd /ho' 'me/me\n')
        self.assert_finds('registry', 'README.md', 'deb http://deb.deb' 'ian.org/debian\n')

    def test_columns(self):
        self.assertEqual(findings('wal/x.cc', 'x' * 100 + '\n'), [])
        self.assert_finds('101 columns', 'wal/x.cc', 'x' * 101 + '\n')

    def test_pragma_once(self):
        self.assert_finds('#pragma once', 'wal/x.h', 'int x;\n#pragma once\n')

    def test_banned_names_are_found_in_code_and_not_in_comments(self):
        self.assert_finds('CHECK', 'wal/x.cc', 'assert(x);\n')
        self.assertEqual(findings('wal/x.cc', '// assert(x)\nstatic_assert(true);\n'), [])

    def test_the_core_reads_no_clock(self):
        line = 'auto t = std::chrono::system_clock::now();\n'
        self.assert_finds('time is an argument', 'core/x.cc', line)
        self.assertEqual(findings('net/x.cc', line), [])

    def test_layers_do_not_include_each_other(self):
        for folder, target in [('core', 'net/loop.h'), ('core', 'wal/log.h'), ('net', 'core/txn.h'),
                               ('wal', 'net/loop.h'), ('wal', 'core/txn.h'),
                               ('core/base', 'core/txn.h'), ('core/proto', 'core/txn.h'),
                               ('recipes', 'net/connection.h')]:
            text = f'#include "{target}"\n'
            self.assertNotEqual(findings(f'{folder}/x.cc', text), [], f'{folder} -> {target}')
        self.assertEqual(findings('paddock/x.cc', '#include "wal/log.h"\n'), [])

    def test_includes_start_at_the_root_and_exist(self):
        self.assert_finds('start at the root', 'wal/x.cc', '#include "log.h"\n')
        self.assert_finds('start at the root', 'wal/x.cc', '#include "../wal/log.h"\n')
        self.assert_finds('no such file', 'wal/x.cc', '#include "wal/y.h"\n', lambda target: False)

    def test_function_length_is_ratcheted(self):
        def function(lines):
            return 'namespace a {\nint f(int x) {\n' + '  x = {1};\n' * (lines - 2) + '}\n}\n'
        self.assertEqual(findings('wal/x.cc', function(70)), [])
        self.assert_finds('f has 71 lines', 'wal/x.cc', function(71))
        self.assert_finds('f has 80 lines', 'wal/x.cc', function(80))
        self.assertEqual(findings('wal/x.cc', function(81)), [])

    def test_member_functions_are_measured_one_by_one(self):
        text = 'class A : B {\n' + '  int f() {\n    return 1;\n  }\n' * 25 + '};\n'
        self.assertEqual([count for _, _, count in tidy.functions(text)], [3] * 25)

    def test_dead_files(self):
        files = {'wal/meson.build': "files('log.cc')", 'wal/log.cc': '', 'wal/old.cc': '',
                 'tests/unit/wal/meson.build': "foreach n : ['log']",
                 'tests/unit/wal/log_test.cc': '', 'tests/tools/a.py': 'import b',
                 'tests/tools/b.py': ''}
        found = [finding.path for finding in tidy.check_listed(files)]
        self.assertEqual(found, ['wal/old.cc', 'tests/tools/a.py'])

    def test_weak_atomics_name_their_partner(self):
        one = 'x.store(1, std::memory_order_release);  // pairs with [T1]\n'
        other = '// [T1]\ny = x.load(std::memory_order_acquire);\n'
        self.assertEqual(list(tidy.check_atomics({'core/a.cc': one, 'core/b.cc': other})), [])
        self.assertEqual(len(list(tidy.check_atomics({'core/a.cc': one}))), 1)
        self.assertEqual(len(list(tidy.check_atomics({'core/a.cc': one.split('//')[0]}))), 1)

    def test_links(self):
        self.assert_finds('no such file', 'docs/a.md', '[x](b.md)\n', lambda target: False)


if __name__ == '__main__':
    tap.main()
