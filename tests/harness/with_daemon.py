"""Runs a program with a daemon's address as its last argument.

    with_daemon.py [--OPTION=VALUE...] PROGRAM [ARG...]     the options are the daemon's
"""

import itertools
import subprocess
import sys

import daemon

options = list(itertools.takewhile(lambda argument: argument.startswith('--'), sys.argv[1:]))
with daemon.Daemon(options) as served:
    command = [*sys.argv[1 + len(options):], f'127.0.0.1:{served.port}']
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        print('\n'.join(f'# daemon: {line}' for line in served.log().splitlines()[-40:]))
sys.exit(status if status >= 0 else 128 - status)
