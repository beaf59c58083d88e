"""Runs `paddock shell` for tests."""

import json
import os
import subprocess

import daemon

RUN_S = 60

# Never the history of who runs the tests, and one zone for all.
ENVIRONMENT = {'PADDOCK_SHELL_HISTORY': '', 'TZ': 'UTC'}


def command(port, *words):
    return [daemon.binary(), 'shell', '-server', f'127.0.0.1:{port}', *map(str, words)]


def start(port, *words, **options):
    """A shell that runs on: a Popen whose streams are pipes of bytes."""
    environment = {**os.environ, **ENVIRONMENT, **options.pop('env', {})}
    return subprocess.Popen(command(port, *words), env=environment,
                            **{'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE,
                               'stderr': subprocess.PIPE, **options})


class Done:
    """What a shell came to: `status`, `out` and `err`; `bytes` is what `out` is the text of."""

    def __init__(self, done):
        self.status = done.returncode
        self.bytes = done.stdout
        self.out = done.stdout.decode(errors='replace')
        self.err = done.stderr.decode(errors='replace')

    def json(self):
        return json.loads(self.out)


def run(port, *words, stdin=b''):
    """Runs one command, or those on `stdin`, to the end."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    return Done(subprocess.run(command(port, *words), input=stdin, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=RUN_S, check=False,
                               env={**os.environ, **ENVIRONMENT}))
