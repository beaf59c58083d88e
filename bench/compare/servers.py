"""The servers that are compared: each starts on a folder and a port of its own, is ready when it
answers, and is gone with everything it wrote when its `with` ends."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

READY_S = 60
MEMORY_FILE_SYSTEMS = {'tmpfs', 'ramfs'}


def file_system(folder):
    """The type of the file system that `folder` is on."""
    folder = os.path.realpath(folder)
    best, kind = '', 'unknown'
    with open('/proc/mounts', encoding='utf-8') as mounts:
        for line in mounts:
            _, point, this_kind = line.split()[:3]
            below = folder == point or folder.startswith(point.rstrip('/') + '/')
            if below and len(point) >= len(best):
                best, kind = point, this_kind
    return kind


def free_port():
    """A port that the kernel picked, for servers that cannot be told to let it pick."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    """One process. REQUIRES `with` before anything but `options` is used."""

    name = ''

    def __init__(self, folder=None, cores=None):
        self.folder = pathlib.Path(folder) / self.name if folder else None
        self.cores = cores
        self.process = None
        self.port = 0

    def __enter__(self):
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    @property
    def options(self):
        """What makes this server differ from its defaults, in words."""
        return ''

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts it, on what it has written before if it has run before. Returns the seconds until
        it answered."""
        # A new one each time: the kernel may hold the listener of a killed process for a moment.
        self.port = free_port()
        begin = time.monotonic()
        self.launch(subprocess.DEVNULL)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > begin + READY_S:
                self.stop()
                raise RuntimeError(f'{self.name} did not start:\n{self.log()}')
            time.sleep(0.005)
        return time.monotonic() - begin

    def launch(self, stdout):
        log = subprocess.DEVNULL if not self.folder else open(self.folder / 'log', 'ab')
        pinned = ['taskset', '-c', self.cores] if self.cores else []
        self.process = subprocess.Popen([*pinned, *self.command()], stdin=subprocess.DEVNULL,
                                        stdout=log if self.folder else stdout, stderr=log)
        if self.folder:
            log.close()

    def log(self):
        path = self.folder / 'log' if self.folder else None
        return path.read_text(errors='replace')[-4000:] if path and path.exists() else ''

    def answers(self):
        """Whether it answers, by asking for a session: a port that is open is not enough."""
        hello = bytes.fromhex('0000002d' + '00' * 12 + '00007530' + '00' * 8 + '00000010' +
                              '00' * 17)
        try:
            with socket.create_connection(('127.0.0.1', self.port), 1) as probe:
                probe.settimeout(5)
                probe.sendall(hello)
                return len(probe.recv(64)) > 0
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Responder(Server):
    """bench/floor: keeps nothing, so it has no folder."""

    name = 'floor'

    def __init__(self, program, cores=None, data_bytes=100, children=100):
        super().__init__(None, cores)
        self.program = program
        self.sizes = ['--data-bytes', str(data_bytes), '--children', str(children)]

    def command(self):
        return [self.program, *self.sizes]

    def start(self):
        begin = time.monotonic()
        self.launch(subprocess.PIPE)
        said = self.process.stdout.readline()
        if not said.strip().isdigit():
            self.stop()
            raise RuntimeError(f'{self.name} did not start')
        self.port = int(said)
        return time.monotonic() - begin


class Paddock(Server):
    name = 'paddock'

    def __init__(self, program, folder, cores=None, arguments=()):
        super().__init__(folder, cores)
        self.program = program
        self.arguments = ['--max-client-cnxns', '0', '--global-outstanding-limit', '0', *arguments]

    @property
    def options(self):
        return ' '.join(self.arguments)

    def command(self):
        return [self.program, 'serve', '--data-dir', str(self.folder / 'data'), '--client-port',
                str(self.port), '--log-level', 'warn', *self.arguments]


class ZooKeeper(Server):
    """Apache ZooKeeper of Debian's package `zookeeper`: default settings, or tuned for speed.
    `properties` are Java's, NAME=VALUE."""

    def __init__(self, folder, cores=None, is_tuned=False, force_sync=True, heap_mib=1000,
                 tick_ms=2000, properties=()):
        self.tick_ms = tick_ms
        self.name = 'zookeeper-tuned' if is_tuned else 'zookeeper'
        if not force_sync:
            self.name += '-nosync'
        super().__init__(folder, cores)
        self.jvm = [f'-Xms{heap_mib}m', f'-Xmx{heap_mib}m']
        if is_tuned:
            self.jvm += ['-XX:+UseParallelGC',
                         '-Dzookeeper.serverCnxnFactory='
                         'org.apache.zookeeper.server.NettyServerCnxnFactory',
                         '-Dzookeeper.digest.enabled=false',
                         '-Dzookeeper.maxResponseCacheSize=0',
                         '-Dzookeeper.maxGetChildrenResponseCacheSize=0']
        self.jvm += [f'-Dzookeeper.forceSync={"yes" if force_sync else "no"}',
                     '-Dzookeeper.globalOutstandingLimit=1000000',
                     '-Dzookeeper.admin.enableServer=false']
        self.jvm += [f'-D{text}' for text in properties]

    @property
    def options(self):
        return ' '.join(self.jvm)

    def command(self):
        conf = self.folder / 'conf'
        conf.mkdir(exist_ok=True)
        (conf / 'zoo.cfg').write_text(
            f'tickTime={self.tick_ms}\ndataDir={self.folder}/data\nclientPort={self.port}\n'
            'clientPortAddress=127.0.0.1\nmaxClientCnxns=0\n')
        # zookeeper.jar names most of what it needs, but not the parts of Netty that Debian has cut
        # it into, nor who writes its log.
        names = ['zookeeper', 'slf4j-simple'] + [f'netty-{part}' for part in (
            'buffer', 'codec', 'common', 'handler', 'resolver', 'transport',
            'transport-native-epoll', 'transport-native-unix-common')]
        jars = ':'.join(f'/usr/share/java/{name}.jar' for name in names)
        return ['java', *self.jvm, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp',
                jars, 'org.apache.zookeeper.server.ZooKeeperServerMain', str(conf / 'zoo.cfg')]


class Redis(Server):
    """redis-server that syncs before it answers."""

    name = 'redis'

    @property
    def options(self):
        return '--appendonly yes --appendfsync always --save ""'

    def command(self):
        return ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--dir',
                str(self.folder), '--appendonly', 'yes', '--appendfsync', 'always', '--save', '']

    def answers(self):
        try:
            with socket.create_connection(('127.0.0.1', self.port), 1) as probe:
                probe.settimeout(5)
                probe.sendall(b'PING\r\n')
                return probe.recv(64).startswith(b'+PONG')
        except OSError:
            return False
