"""Starts, stops and kills one daemon on a directory of its own and a port that the kernel picks."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_S = 60  # generous: sanitizers, a busy machine; nothing waits for it unless something is wrong


def binary():
    """The daemon under test, from the environment that meson.build sets."""
    return os.environ['PADDOCK']


class Daemon:
    """REQUIRES start() before anything but the paths is used. The log is in `log_path`."""

    def __init__(self, arguments=(), data_dir=None, program=None, environment=None, wrapper=()):
        self.scratch = None
        if data_dir is None:
            self.scratch = tempfile.mkdtemp(prefix='paddock-test-')
            data_dir = pathlib.Path(self.scratch) / 'data'
            data_dir.mkdir()
        self.data_dir = pathlib.Path(data_dir)
        self.log_path = self.data_dir.with_name(self.data_dir.name + '.log')
        self.program = program or binary()
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.wrapper = list(wrapper)
        self.process = None
        # The kernel picks it once. Bound and not listening, so that nobody else gets it, as the
        # local end of a connection for instance, while the daemon is down.
        self.reservation = socket.socket()
        self.reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reservation.bind(('127.0.0.1', 0))
        self.port = self.reservation.getsockname()[1]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def command(self):
        # A test that needs a certain number of reactors says so behind this.
        count = os.environ.get('PADDOCK_REACTORS')
        reactors = ['--reactors', count] if count else []
        # Two of the usual segments are 128 MiB of zeros for each daemon that a test starts.
        small = ['--pre-alloc-size', '4096']
        return [*self.wrapper, self.program, 'serve', '--data-dir', str(self.data_dir),
                '--client-port', str(self.port), *small, *reactors, *self.arguments]

    def start(self):
        """Returns when the daemon accepts clients; raises with its log if it ends before that."""
        self.launch()
        deadline = time.monotonic() + START_S
        port_file = self.data_dir / 'client.port'
        while True:
            if self.process.poll() is not None:
                code = self.process.returncode
                raise RuntimeError(f'the daemon ended with {code}:\n{self.log()}')
            if port_file.exists() and self._accepts():
                return self
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f'not ready after {START_S} s:\n{self.log()}')
            time.sleep(0.01)

    def launch(self):
        """Starts the process and does not wait."""
        (self.data_dir / 'client.port').unlink(missing_ok=True)
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={**os.environ, **self.environment})

    def _accepts(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), 5).close()
        except OSError:
            return False
        return True

    def log(self):
        return self.log_path.read_text(errors='replace') if self.log_path.exists() else ''

    def await_log(self, pattern):
        """Returns when a line of the log matches; the log is the only sign of some events."""
        deadline = time.monotonic() + START_S
        while not re.search(pattern, self.log()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f'{pattern!r} is not in the log:\n{self.log()}')
            time.sleep(0.01)

    def wait(self, seconds=START_S):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """SIGKILL."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def remove(self):
        """Kills what still runs and removes what this object made."""
        self.kill()
        self.reservation.close()
        if sys.exc_info()[0] is not None:
            print('\n'.join(f'# daemon: {line}' for line in self.log().splitlines()[-40:]))
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def run(*arguments, program=None, timeout=START_S, environment=None, stdin=None, cwd=None):
    """Runs the program to its end: (exit status, stdout, stderr)."""
    done = subprocess.run([program or binary(), *map(str, arguments)], timeout=timeout, text=True,
                          stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, cwd=cwd,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr
