"""A program at a terminal: what is typed goes in, what the screen gets comes out."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

WAIT_S = 60  # generous: nothing waits for it unless something is wrong
# How the cursor moves is libedit's business.
MOVES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|\r')


class Terminal:
    """Runs `command` as the leader of a session whose terminal is ours."""

    def __init__(self, command, environment, ignores_interrupt=False):
        self.master, slave = pty.openpty()
        # Wide enough that no line is broken.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('4H', 50, 500, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', **environment},
            preexec_fn=lambda: self._prepare(ignores_interrupt))
        os.close(slave)
        self.seen = ''  # not looked for yet

    @staticmethod
    def _prepare(ignores_interrupt):
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes the session's terminal
        signal.signal(signal.SIGINT, signal.SIG_IGN if ignores_interrupt else signal.SIG_DFL)

    def type(self, text):
        os.write(self.master, text.encode())

    def await_editor(self):
        """Returns when keys go to the program. The editor prints its prompt a moment before that,
        when the terminal still takes some control characters for itself."""
        deadline = time.monotonic() + WAIT_S
        while termios.tcgetattr(self.master)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                raise AssertionError('nothing reads key by key')
            time.sleep(0.001)

    def expect(self, pattern):
        """Returns what the screen got up to and with a match."""
        deadline = time.monotonic() + WAIT_S
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f'{pattern!r} is not in {self.seen!r}')
        text, self.seen = self.seen[:found.end()], self.seen[found.end():]
        return text

    def _read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += MOVES.sub('', got.decode(errors='replace'))
        return bool(got)

    def wait(self):
        """The exit status, once it has ended; reads what is still printed."""
        while self._read(WAIT_S):
            pass
        return self.process.wait(WAIT_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
