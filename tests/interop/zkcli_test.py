"""zkCli.sh, the shell that ZooKeeper's users know: each of its commands against the daemon."""

import re
import subprocess
import unittest

import daemon
import tap

ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh'
STAT = (r'cZxid = 0x\w+\nctime = .+\nmZxid = 0x\w+\nmtime = .+\npZxid = 0x\w+\ncversion = {}\n'
        r'dataVersion = {}\naclVersion = {}\nephemeralOwner = 0x0\ndataLength = {}\n'
        r'numChildren = {}\n')

# A command and what it prints.
COMMANDS = [
    ('create /cli one', r'Created /cli\n'),
    ('create -s /cli/s- x', r'Created /cli/s-0000000000\n'),
    ('create -e /cli/e', r'Created /cli/e\n'),
    ('create -c /cli/box', r'Created /cli/box\n'),
    ('create -t 100000 /cli/ttl', r'Created /cli/ttl\n'),
    ('create /cli one', r'Node already exists: /cli\n'),
    ('ls /cli', r'\[box, e, s-0000000000, ttl\]\n'),
    ('ls -s /cli', r'\[box, e, s-0000000000, ttl\]\n' + STAT.format(4, 0, 0, 3, 4)),
    ('ls -R /cli', r'/cli\n/cli/box\n/cli/e\n/cli/s-0000000000\n/cli/ttl\n'),
    ('get -s /cli', r'one\n' + STAT.format(4, 0, 0, 3, 4)),
    ('set -s -v 0 /cli three', STAT.format(4, 1, 0, 5, 4)),
    ('set -v 0 /cli two', r'version No is not valid : /cli\n'),
    ('stat /cli', STAT.format(4, 1, 0, 5, 4)),
    ('getAcl /cli', r"'world,'anyone\n: cdrwa\n"),
    ('addauth digest bob:pw', ''),
    ('setAcl -s /cli auth::cdrwa', STAT.format(4, 1, 1, 5, 4)),
    ('getAcl /cli', r"'digest,'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=\n: cdrwa\n"),
    ('whoami', r'Auth scheme: User\n'
               r'(ip: 127\.0\.0\.1\ndigest: bob|digest: bob\nip: 127\.0\.0\.1)\n'),
    ('getEphemerals /cli', r'\[/cli/e\]\n'),
    ('getAllChildrenNumber /cli', r'4\n'),
    ('setquota -n 5 /cli', ''),
    ('listquota /cli', r'.*zookeeper_limits\nOutput quota for /cli count=5,bytes=-1.*\n'
                       r'Output stat for /cli count=5,bytes=6.*\n'),
    ('create /cli/soft', r'Created /cli/soft\n'),
    ('delquota -n /cli', ''),
    ('setquota -N 6 /cli', ''),
    ('create /cli/hard', r'Quota has exceeded : /cli/hard\n'),
    ('listquota /cli', r'.*\nOutput quota for /cli .*countHardLimit=6\n'
                       r'Output stat for /cli count=6,bytes=6.*\n'),
    ('delquota -N /cli', ''),
    ('setquota -B 6 /cli', ''),
    ('set /cli longer', r'Quota has exceeded : /cli\n'),
    ('delquota /cli', ''),
    ('set /cli longer', ''),
    ('addWatch -m PERSISTENT /cli', ''),
    ('set /cli again', ''),
    ('removewatches /cli', ''),
    ('get -w /cli/s-0000000000', r'x\n'),
    ('delete /cli/s-0000000000', ''),
    ('sync /cli', r'Sync is OK\n'),
    ('config', r'\n'),
    ('reconfig -remove 1', r'KeeperErrorCode = Reconfig is disabled\n'),
    ('printwatches off', ''),
    ('printwatches', r'printwatches is off\n'),
    ('version', r'ZooKeeper CLI version: 3\..*\n'),
    ('redo 6', r'\[box, e, soft, ttl\]\n'),
    ('history', r'(\d+ - .*\n)+'),
    ('delete /cli', r'Node not empty: /cli\n'),
    ('deleteall /cli', ''),
    ('get /cli', r'Node does not exist: /cli\n'),
    ('close', ''),
    ('connect ADDRESS', ''),
    ('ls /', r'\[zookeeper\]\n'),
]

# What another thread of the shell prints of events, at any moment.
EVENT = r'\nWATCHER::\n\nWatchedEvent state:\w+ type:(\w+) path:(.*)\n'
EVENTS = {('NodeDataChanged', '/cli'), ('PersistentWatchRemoved', '/cli'),
          ('NodeDeleted', '/cli/s-0000000000')}


class ZkCliTest(unittest.TestCase):
    """Without a terminal it reads commands from its input; one virtual machine runs them all."""

    def test_every_command(self):
        with daemon.Daemon(['--enforce-quota', 'true']) as served:
            address = f'127.0.0.1:{served.port}'
            lines = ''.join(command + '\n' for command, _ in COMMANDS) + 'quit\n'
            shell = subprocess.run([ZKCLI, '-server', address], text=True, check=False,
                                   input=lines.replace('ADDRESS', address),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # Errors and answers come on two streams; the first command is behind the greeting.
        self.assertLessEqual(EVENTS, set(re.findall(EVENT, shell.stdout)), shell.stdout)
        left = re.sub(EVENT, '', shell.stdout)
        for command, expected in COMMANDS:
            with self.subTest(command):
                found = re.search('^' + expected, left, re.M)
                self.assertIsNotNone(found, f'{expected!r} is not in\n{left}')
                left = left[found.end():] if expected else left
        self.assertEqual(shell.returncode, 0)


if __name__ == '__main__':
    tap.main()
