"""paddock shell at a terminal: prompt, completion, history, Ctrl-C, events at the prompt."""

import pathlib
import stat
import tempfile

import served
import shells
import tap
import terminal

PROMPT = r'\[zk: 127\.0\.0\.1:\d+\(CONNECTED\) \d+\] '
TAB, CTRL_C, CTRL_D, CTRL_R, UP = '\t', '\x03', '\x04', '\x12', '\x1b[A'


class TerminalTest(served.ServedTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.history = pathlib.Path(folder.name) / 'state' / 'history'
        self.home = folder.name

    def start(self, **options):
        shell = terminal.Terminal(shells.command(self.port),
                                  {**shells.ENVIRONMENT, 'HOME': self.home,
                                   'PADDOCK_SHELL_HISTORY': str(self.history)}, **options)
        self.addCleanup(shell.close)
        # A session that is there makes the prompt say so; the first may be from before.
        shell.expect(r'\[zk: [^\]]*\] ')
        shell.type('whoami\n')
        shell.expect('ip: 127')
        shell.expect(PROMPT)
        return shell

    def nodes(self, *names):
        with self.client() as client:
            for name in names:
                client.create(f'{self.base}/{name}', name.encode())

    def test_a_path_is_completed(self):
        self.nodes('only', 'only/below')
        shell = self.start()
        shell.type(f'get {self.base}/o{TAB}')
        shell.expect('/only/')
        shell.type(f'{TAB}')
        shell.expect('below ')
        shell.type('\n')
        shell.expect(r'only/below\n')  # its data

    def test_several_candidates_are_shown_and_completed_as_far_as_they_agree(self):
        self.nodes('apple', 'apricot')
        shell = self.start()
        shell.type(f'get {self.base}/a{TAB}')
        shell.expect('/ap')
        shell.type(TAB)
        shell.expect(r'apple +apricot')
        shell.type(f'r{TAB}\n')
        shell.expect(r'apricot\n')

    def test_commands_are_completed(self):
        shell = self.start()
        shell.type(f'getAllC{TAB}{self.base}\n')
        shell.expect(r'hildrenNumber [^\n]*\n')
        shell.expect(r'0\n')

    def test_the_history_comes_back_in_the_next_shell_without_passwords(self):
        shell = self.start()
        shell.type(f'create {self.base}/first\n')
        shell.expect('Created')
        shell.type('addauth digest bob:secret\n')
        shell.expect(PROMPT)
        shell.type(f'{UP}\n')
        shell.expect('already exists')
        shell.type('quit\n')
        self.assertEqual(shell.wait(), 0)
        text = self.history.read_text()
        self.assertIn('first', text)
        self.assertNotIn('secret', text)
        self.assertEqual(stat.S_IMODE(self.history.stat().st_mode), 0o600)
        shell = self.start()
        shell.await_editor()
        shell.type(f'{CTRL_R}create')
        shell.expect('first')
        shell.type('\n')
        shell.expect('already exists')

    def test_ctrl_c_drops_the_line_and_ctrl_d_ends(self):
        shell = self.start()
        shell.type('delete ')
        shell.expect('delete')
        shell.type(CTRL_C)
        shell.expect(PROMPT)
        shell.type(f'create {self.base}/x\n')
        shell.expect(f'Created {self.base}/x')
        shell.expect(PROMPT)
        shell.type(CTRL_D)
        self.assertEqual(shell.wait(), 0)

    def test_ctrl_c_counts_where_it_was_ignored_when_the_shell_began(self):
        shell = self.start(ignores_interrupt=True)
        shell.type('delete ')
        shell.expect('delete')
        shell.type(CTRL_C)
        shell.expect(PROMPT)

    def test_ctrl_c_ends_a_watch_and_not_the_shell(self):
        shell = self.start()
        shell.type(f'watch {self.base}\n')
        shell.expect('Watching')
        shell.type(CTRL_C)
        shell.expect(PROMPT)
        shell.type(f'get {self.base}\n')
        shell.expect(PROMPT)

    def test_an_event_is_printed_while_a_line_is_typed(self):
        shell = self.start()
        shell.type(f'addWatch {self.base}\n')
        shell.expect(PROMPT)
        shell.type('getAllChildren')
        shell.expect('getAllChildren')
        self.nodes('new')
        shell.expect(f'WatchedEvent state:SyncConnected type:NodeCreated path:{self.base}/new')
        shell.expect(PROMPT + 'getAllChildren')
        shell.type(f'Number {self.base}\n')
        shell.expect(r'1\n')


if __name__ == '__main__':
    tap.main()
