"""Compiles java/*.java and runs one of its programs against the daemon, which it restarts when the
program asks: java_test.py PROGRAM CLASS_FOLDER. The program prints the TAP."""

import os
import pathlib
import subprocess
import sys

import daemon

JARS = '/usr/share/java/curator-recipes.jar:/usr/share/java/zookeeper.jar'
SOURCES = sorted(pathlib.Path(__file__).with_name('java').glob('*.java'))


def compile_into(folder):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(['javac', '-nowarn', '-cp', JARS, '-d', folder, *SOURCES], check=True)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    compile_into(folder)
    # Small heaps and the first compiler only: these run for seconds, and several at once.
    java = ['java', '-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp',
            f'{folder}:{JARS}', program]
    with daemon.Daemon(['--container-check-interval', '200', '--max-client-cnxns', '0']) as served:
        # The libraries complain on stderr that nobody listens to their log.
        with subprocess.Popen([*java, f'127.0.0.1:{served.port}'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={**os.environ, 'LC_ALL': 'C'}) as process:
            for line in process.stdout:
                if not line.startswith('restart '):
                    print(line, end='', flush=True)
                    continue
                if line.split()[1] == 'SIGKILL':
                    served.kill()
                elif served.stop() != 0:
                    print('not ok 0 - the daemon did not end in order')
                served.start()
                process.stdin.write('restarted\n')
                process.stdin.flush()
            status = process.wait()
        if status != 0:
            print('\n'.join(f'# daemon: {line}' for line in served.log().splitlines()[-40:]))
    sys.exit(status)


if __name__ == '__main__':
    main()
