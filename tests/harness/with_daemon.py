"""Runs a program with a daemon's address as its last argument: with_daemon.py PROGRAM [ARG...]."""

import subprocess
import sys

import daemon

with daemon.Daemon() as served:
    status = subprocess.run([*sys.argv[1:], f'127.0.0.1:{served.port}'], check=False).returncode
    if status != 0:
        print('\n'.join(f'# daemon: {line}' for line in served.log().splitlines()[-40:]))
sys.exit(status if status >= 0 else 128 - status)
