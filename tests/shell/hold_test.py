"""paddock shell lock and elect: a command runs while something is held, and never longer."""

import functools
import os
import pathlib
import signal
import subprocess
import tempfile

import daemon
import served
import shells
import tap

NOT_OBTAINED, LOST, CANNOT_RUN, NO_COMMAND = 124, 125, 126, 127


class HoldCase(served.ServedTest):
    """Shells that hold something."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)
        self.path = self.base + '/lock'

    def run_shell(self, *words):
        return shells.run(self.port, *words)

    def start(self, *words, port=None, **options):
        shell = shells.start(port or self.port, *words, **options)

        def end():
            if shell.poll() is None:
                shell.kill()
            shell.communicate()
        self.addCleanup(end)
        return shell

    def holder(self, verb='lock', script='echo held; read line', before=(), port=None):
        """A shell whose command has said "held" and waits for a line."""
        shell = self.start(*before, verb, self.path, '--', 'sh', '-c', script, port=port,
                           stdin=subprocess.PIPE)
        self.assertEqual(shell.stdout.readline(), b'held\n')
        return shell

    def release(self, shell):
        out, err = shell.communicate(b'go\n', timeout=shells.RUN_S)
        self.assertEqual((shell.returncode, err), (0, b''))
        return out

    def await_waiters(self, count):
        """Until that many stand in line, told by a watch."""
        with self.client() as client:
            while len(client.get_children(self.path, watch=True)) < count:
                client.event()


class HoldTest(HoldCase):
    def test_the_exit_status_is_the_commands(self):
        for verb in ('lock', 'elect'):
            self.assertEqual(self.run_shell(verb, self.path, '--', 'sh', '-c', 'exit 7').status, 7)
            self.assertEqual(
                self.run_shell(verb, self.path, '--', 'sh', '-c', 'kill -9 $$').status, 128 + 9)
            done = self.run_shell(verb, self.path, '--', '/nonexistent/program')
            self.assertEqual(done.status, NO_COMMAND)
            self.assertIn('No such file', done.err)
            self.assertEqual(self.run_shell(verb, self.path, '--', '/').status, CANNOT_RUN)
            self.assertEqual(self.run_shell(verb, self.path, 'true').status, 2)
            self.assertEqual(self.run_shell(verb, self.path, '--').status, 2)
        with self.client() as client:
            self.assertEqual(client.get_children(self.path), [])

    def test_options_of_the_command_are_its_own(self):
        done = self.run_shell('lock', self.path, '--', 'sh', '-c', 'printf "%s" "$*"', '-n', '-t',
                              '--', '-x')
        self.assertEqual((done.status, done.out), (0, '-t -- -x'))

    def test_the_token_grows_and_is_the_nodes_czxid(self):
        script = 'echo $PADDOCK_FENCING_TOKEN $PADDOCK_HELD_NODE; read line'
        shell = self.start('lock', self.path, '--', 'sh', '-c', script, stdin=subprocess.PIPE)
        token, node = shell.stdout.readline().decode().split()
        got = shells.run(self.port, '-json', 'stat', node).json()
        self.assertEqual(int(got['stat']['czxid'], 16), int(token))
        self.release(shell)
        later = self.run_shell('lock', self.path, '--', 'sh', '-c', 'echo $PADDOCK_FENCING_TOKEN')
        self.assertGreater(int(later.out), int(token))

    def test_others_wait_in_line(self):
        for verb in ('lock', 'elect'):
            first = self.holder(verb)
            second = self.start(verb, self.path, '--', 'echo', 'second')
            self.await_waiters(2)
            self.assertIsNone(second.poll())
            self.release(first)
            self.assertEqual(second.communicate(timeout=shells.RUN_S), (b'second\n', b''))

    def test_who_does_not_want_to_wait_does_not(self):
        first = self.holder()
        for options in (['-n'], ['-t', '0']):
            done = self.run_shell('lock', *options, self.path, '--', 'echo', 'no')
            self.assertEqual((done.status, done.out), (NOT_OBTAINED, ''))
            self.assertIn('held by somebody else', done.err)
        with self.client() as client:
            self.assertEqual(len(client.get_children(self.path)), 1)
        self.release(first)

    def test_a_signal_ends_the_waiting_and_leaves_nothing_in_line(self):
        first = self.holder()
        second = self.start('lock', self.path, '--', 'echo', 'no')
        self.await_waiters(2)
        second.send_signal(signal.SIGTERM)
        self.assertEqual(second.communicate(timeout=shells.RUN_S)[0], b'')
        self.assertEqual(second.returncode, 128 + signal.SIGTERM)
        with self.client() as client:
            self.assertEqual(len(client.get_children(self.path)), 1)
        self.release(first)

    def test_a_signal_that_is_ignored_stays_so(self):
        """As under nohup: the waiting goes on."""
        first = self.holder()
        second = self.start('lock', self.path, '--', 'echo', 'mine', preexec_fn=functools.partial(
            signal.signal, signal.SIGHUP, signal.SIG_IGN))
        self.await_waiters(2)
        second.send_signal(signal.SIGHUP)
        self.release(first)
        self.assertEqual(second.communicate(timeout=shells.RUN_S)[0], b'mine\n')
        self.assertEqual(second.returncode, 0)

    def test_the_end_of_the_command_is_seen_whatever_was_inherited(self):
        shell = self.start('lock', self.path, '--', 'sh', '-c', 'exit 7',
                           preexec_fn=functools.partial(signal.signal, signal.SIGCHLD,
                                                        signal.SIG_IGN))
        shell.communicate(timeout=shells.RUN_S)
        self.assertEqual(shell.returncode, 7)

    def test_signals_are_passed_on(self):
        script = 'trap "echo got; exit 3" USR1; echo held; while :; do read line; done'
        shell = self.holder(script=script)
        shell.send_signal(signal.SIGUSR1)
        shell.stdin.write(b'\n')  # so that the shell script looks
        shell.stdin.flush()
        out, _ = shell.communicate(timeout=shells.RUN_S)
        self.assertEqual((shell.returncode, out), (3, b'got\n'))

    def test_the_command_dies_with_the_shell(self):
        shell = self.holder(script='echo held; exec cat >/dev/null')
        shell.kill()
        # Its end of the pipe is closed once the command is gone too.
        self.assertEqual(shell.stdout.read(), b'')


class LostSessionTest(HoldCase):
    """A daemon that stops answering: what is held must end before the session can have."""

    def serve(self):
        other = daemon.Daemon(['--tick-time', '500']).start()
        self.addCleanup(other.remove)
        return other

    def hold_at(self, other, script, timeout_ms=2000):
        # The path is on the other daemon, where it does not exist yet.
        return self.holder(script=script, before=('-timeout', timeout_ms), port=other.port)

    def outlasted(self, other, shell):
        """What a shell prints, with the daemon stopped, until nobody has its pipes open."""
        other.process.send_signal(signal.SIGSTOP)
        try:
            return shell.communicate(timeout=shells.RUN_S)
        finally:
            other.process.send_signal(signal.SIGCONT)

    def test_the_command_is_asked_to_end_in_time(self):
        other = self.serve()
        shell = self.hold_at(other, 'trap "echo asked; exit 5" TERM; echo held; '
                                    'while :; do read line || sleep 0.05; done')
        out, err = self.outlasted(other, shell)
        self.assertEqual((shell.returncode, out), (LOST, b'asked\n'))
        self.assertIn(b'SIGTERM', err)
        self.assertNotIn(b'SIGKILL', err)

    def test_one_that_does_not_listen_is_killed_with_all_it_started(self):
        other = self.serve()
        script = 'trap "" TERM; sh -c "trap \'\' TERM; cat >/dev/null <fifo" & echo held; cat fifo'
        os.mkfifo(self.scratch / 'fifo')
        shell = self.hold_at(other, f'cd {self.scratch}; {script}')
        _, err = self.outlasted(other, shell)
        self.assertEqual(shell.returncode, LOST)
        self.assertIn(b'SIGKILL', err)

    def test_what_it_started_ends_with_one_that_listens(self):
        other = self.serve()
        script = '(trap "" TERM; cat >/dev/null <fifo) & trap "exit 5" TERM; echo held; cat fifo'
        os.mkfifo(self.scratch / 'fifo')
        shell = self.hold_at(other, f'cd {self.scratch}; {script}')
        out, err = self.outlasted(other, shell)
        self.assertEqual((shell.returncode, out), (LOST, b''))
        self.assertNotIn(b'SIGKILL', err)

    def test_nobody_else_holds_it_before_the_command_is_gone(self):
        # Whenever the daemon gives the lock to the next in line, the first command is gone already.
        other = self.serve()
        log = self.scratch / 'log'
        first = self.hold_at(other, 'trap "" TERM; echo held; '
                                    f'while :; do echo first >>{log}; sleep 0.05; done')
        second = self.start('-timeout', '20000', 'lock', self.path, '--', 'sh', '-c',
                            f'echo second >>{log}', port=other.port)
        with daemon_client(other) as client:
            while len(client.get_children(self.path, watch=True)) < 2:
                client.event()
            other.process.send_signal(signal.SIGSTOP)
            first.communicate(timeout=shells.RUN_S)
            other.process.send_signal(signal.SIGCONT)
        second.communicate(timeout=shells.RUN_S)
        self.assertEqual((first.returncode, second.returncode), (LOST, 0))
        lines = log.read_text().splitlines()
        self.assertEqual(lines[-1], 'second')
        self.assertEqual(set(lines[:-1]), {'first'})

    def test_a_short_interruption_is_survived(self):
        other = self.serve()
        shell = self.hold_at(other, 'echo held; read line', timeout_ms=10000)
        other.kill()
        other.start()
        self.release(shell)

    def test_a_node_that_an_operator_deletes_is_lost_at_once(self):
        shell = self.holder(script='echo held; exec cat')
        with self.client() as client:
            (node,) = client.get_children(self.path)
            client.delete(f'{self.path}/{node}')
        shell.wait(timeout=shells.RUN_S)  # before its input ends, which would end cat too
        err = shell.stderr.read()
        self.assertEqual(shell.returncode, LOST)
        self.assertIn(b'SIGKILL', err)


def daemon_client(served_daemon):
    client = served.wire.Client(served_daemon.port)
    client.connect(timeout_ms=20000)
    return client


if __name__ == '__main__':
    tap.main()
