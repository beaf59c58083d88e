"""paddock shell beside zkCli.sh: the same commands, and what scripts read of their output.

One virtual machine serves, one runs zkCli.sh with all commands on its input, since they are slow to
start. Then paddock shell runs the same against that ZooKeeper and against the daemon.
"""

import os
import re
import subprocess
import tempfile
import unittest

import daemon
import servers
import shells
import tap

ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh'

COMMANDS = '''
create /cli one
create -s /cli/s- x
create -e /cli/e
create -e -s /cli/es-
create -c /cli/box
create -t 100000 /cli/ttl
create /cli one
create /cli/e/f one
create /cli/read-only d world:anyone:r
create /cli/q "two words"
create /cli/q2 'single words'
create -c -e /cli/x
create -t 0 /cli/x
create -t x /cli/x
create -t 5 -e /cli/x
create bad
create /bad//x
create /bad/
create
get /cli/q
get -s /cli/q
get -sw /cli/q
get /cli/q true
get /cli/none
get
get bad
ls /cli
ls -s /cli
ls -w /cli
ls -R /cli
ls /cli watch
ls /cli/none
ls -R /cli/none
ls
stat /cli
stat -w /cli
stat /cli/none
stat
set /cli two
set -s /cli three
set -v 0 /cli four
set /cli/none x
set /cli
getAcl /cli
getAcl -s /cli
getAcl /cli/none
getAcl /cli/read-only
addauth digest bob:pw
addauth
setAcl /cli/q auth::cdrwa
getAcl -s /cli/q
setAcl -s /cli/q2 world:anyone:cdrwa
setAcl -v 0 /cli/q2 world:anyone:cdrwa
setAcl /cli/none world:anyone:cdrwa
setAcl -R /cli/box world:anyone:cdrwa
setAcl /cli/q2 world:anyone:cdrwa,ip:127.0.0.1:r
getAcl /cli/q2
setAcl /cli/q2
whoami
getEphemerals
getEphemerals /cli
getEphemerals /none
getAllChildrenNumber /cli
getAllChildrenNumber /none
getAllChildrenNumber
setquota -n 50 /cli
setquota -b 50 /cli
setquota -n 5 /none
setquota -n 5 /zookeeper/quota
setquota -N 70 /cli
setquota -n 3 /cli/q
listquota /cli
listquota /cli/q
listquota
delquota -n /cli
listquota /cli
delquota /cli
delquota /cli
delquota
sync /cli
sync /none
sync
config
config -c
reconfig
reconfig -remove 1
reconfig -file x -add y
addWatch -m PERSISTENT /cli
addWatch -m BOGUS /cli
addWatch
set /cli watched
removewatches /cli
removewatches /cli/none
removewatches
delete /cli/none
delete
delete /cli
delete -v 7 /cli/q
delete /zookeeper
deleteall /cli/none
deleteall
deleteall -b 2 /cli/box
redo 500
redo 38
connect ADDRESS
ls /
getEphemerals
addWatch -m PERSISTENT /a
create /a
create /a/b
set /a 1
deleteall /a
ls /
'''.strip().split('\n')

# Between commands: what it prints is known and is no event's.
MARK = 'printwatches'
MARKED = 'printwatches is on'
EVENT = re.compile(r'WatchedEvent state:SyncConnected type:(\w+) path:(.*)')


class ZooKeeper(servers.ZooKeeper):
    """With what the daemon has by default and ZooKeeper does not."""

    def command(self):
        java, *rest = super().command()
        return [java, '-Dzookeeper.extendedTypesEnabled=true', *rest]


def blocks(text):
    """What each command has printed, in what can be compared, and all events."""
    # Where zkCli.sh tells that it connects, the shell does not.
    events = sorted(event for event in EVENT.findall(text) if event[0] != 'None')
    # Events come from another thread of zkCli.sh: at any moment, also between two lines of one.
    lines = [line for line in text.split('\n')
             if line and line != 'WATCHER::' and not line.startswith('WatchedEvent')]
    printed, block = [], []
    for line in lines:
        if line == MARKED:
            printed.append(block)
            block = []
        else:
            block.append(comparable(line))
    return printed, events


def comparable(line):
    # There are more options here.
    line = re.sub(r'^(create|get|set|addWatch) \[-.*', r'usage: \1', line)
    line = re.sub(r'^(\w+) = 0x\w*[1-9a-f]\w*$', r'\1 = 0x<some>', line)
    return re.sub(r'^(.time) = .*', r'\1 = <date>', line)


class ZkCliTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder, ZooKeeper(folder, heap_mib=128) as zookeeper:
            cls.expected = cls.output([ZKCLI, '-server', f'127.0.0.1:{zookeeper.port}'],
                                      zookeeper.port)
            shells.run(zookeeper.port, '-auth', 'digest:bob:pw', 'deleteall', '/cli')
            cls.at_zookeeper = cls.output(shells.command(zookeeper.port), zookeeper.port)
        with daemon.Daemon() as served:
            cls.at_paddock = cls.output(shells.command(served.port), served.port)

    @staticmethod
    def output(command, port):
        lines = ''.join(f'{line}\n{MARK}\n' for line in COMMANDS)
        done = subprocess.run(command, input=lines.replace('ADDRESS', f'127.0.0.1:{port}'),
                              text=True, check=False, timeout=120, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, **shells.ENVIRONMENT})
        return blocks(done.stdout)

    def compare(self, got):
        expected_blocks, expected_events = self.expected
        self.assertEqual(len(expected_blocks), len(COMMANDS), expected_blocks)
        self.assertEqual(len(got[0]), len(COMMANDS), got[0])
        # Before the first command there are greetings.
        expected_blocks[0] = expected_blocks[0][-1:]
        for command, want, have in zip(COMMANDS, expected_blocks, got[0]):
            with self.subTest(command):
                # ZooKeeper's order of identities is that of a hash table.
                have, want = (have, want) if command != 'whoami' else (sorted(have), sorted(want))
                self.assertEqual(have, want)
        self.assertEqual(got[1], expected_events)

    def test_against_zookeeper_it_prints_the_same(self):
        self.compare(self.at_zookeeper)

    def test_against_paddock_it_prints_the_same(self):
        self.compare(self.at_paddock)


if __name__ == '__main__':
    tap.main()
