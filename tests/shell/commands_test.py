"""paddock shell, one command a process, as scripts use it: results, errors, exit statuses, JSON."""

import base64
import json
import pathlib
import socket
import subprocess
import tempfile

import served
import shells
import tap

OK, FAILED, USAGE, NOT_CONNECTED = 0, 1, 2, 3
BYTES = bytes(range(256)) + b'\n'


class ShellTest(served.ServedTest):
    def run_shell(self, *words, stdin=b''):
        return shells.run(self.port, *words, stdin=stdin)

    def ok(self, *words, stdin=b''):
        """What a command that succeeds prints."""
        done = self.run_shell(*words, stdin=stdin)
        self.assertEqual((done.status, done.err), (OK, ''), words)
        return done.out

    def fails(self, status, message, *words, stdin=b''):
        done = self.run_shell(*words, stdin=stdin)
        self.assertEqual((done.status, done.out), (status, ''), words)
        self.assertIn(message, done.err)

    def scratch(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)


class OneCommandTest(ShellTest):
    def test_prints_the_result_and_nothing_else(self):
        path = self.base + '/x'
        self.assertEqual(self.ok('create', path, 'one'), f'Created {path}\n')
        self.assertEqual(self.ok('get', path), 'one\n')
        self.assertEqual(self.ok('set', path, 'two'), '')
        self.assertEqual(self.ok('get', path), 'two\n')
        self.assertEqual(self.ok('ls', self.base), '[x]\n')
        self.assertRegex(self.ok('stat', path),
                         r'^cZxid = 0x\w+\nctime = \w{3} \w{3} \d\d [\d:]{8} UTC \d{4}\n')
        self.assertEqual(self.ok('delete', path), '')
        self.assertEqual(self.ok('ls', self.base), '[]\n')

    def test_each_kind_of_end_has_a_status(self):
        self.fails(FAILED, f'Node does not exist: {self.base}/none\n', 'get', self.base + '/none')
        self.fails(FAILED, 'Node already exists', 'create', self.base)
        self.fails(FAILED, 'version No is not valid', 'set', '-v', '7', self.base, 'x')
        self.fails(USAGE, 'Command not found bogus', 'bogus')
        self.fails(USAGE, 'get [-s]', 'get')
        self.fails(USAGE, 'Unrecognized option: -q', 'get', '-q', '/')
        self.fails(USAGE, 'Path must start with / character', 'get', 'x')
        self.fails(USAGE, '-timeout takes', '-timeout', 'x', 'get', '/')
        self.fails(USAGE, 'no TLS', '-client-configuration', self.secure_file(), 'get', '/')

    def secure_file(self):
        file = self.scratch() / 'client.cfg'
        file.write_text('zookeeper.client.secure=true\n')
        return file

    def test_no_server_is_a_status_of_its_own(self):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))  # bound and not listening: refused, and nobody's
            done = shells.run(taken.getsockname()[1], '-timeout', '500', 'get', '/')
        self.assertEqual((done.status, done.out), (NOT_CONNECTED, ''))
        self.assertIn('Not connected', done.err)
        self.assertIn('-server', done.err)

    def test_a_full_disk_is_an_error(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run(shells.command(self.port, 'ls', '/'), stdout=full,
                                  stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                                  timeout=shells.RUN_S)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b'No space left', done.stderr)

    def test_help(self):
        everything = self.ok('-help')
        for word in ('-server', 'getAllChildrenNumber path', 'lock ', 'Exit status'):
            self.assertIn(word, everything)
        self.assertIn('hex dump', self.ok('help', 'get'))

    def test_kinds_of_nodes(self):
        path = self.base + '/'
        self.assertEqual(self.ok('create', '-s', path + 's-'), f'Created {path}s-0000000000\n')
        self.assertEqual(self.ok('create', '-s', path, 'x'), f'Created {path}0000000001\n')
        self.assertEqual(self.ok('create', '-c', path + 'box'), f'Created {path}box\n')
        # It ends with the session, and that with the command.
        self.assertEqual(self.ok('create', '-e', path + 'e'), f'Created {path}e\n')
        self.fails(FAILED, 'Node does not exist', 'get', path + 'e')
        self.fails(USAGE, 'Containers cannot be', 'create', '-c', '-e', path + 'x')
        self.fails(USAGE, 'TTLs cannot be', 'create', '-t', '5', '-e', path + 'x')
        self.fails(USAGE, 'ttl must be positive', 'create', '-t', '0', path + 'x')
        self.fails(USAGE, 'must be a long', 'create', '-t', 'x', path + 'x')
        self.fails(USAGE, 'does not have the form', 'create', path + 'x', 'data', 'bogus')

    def test_identities_and_acls(self):
        path = self.base + '/mine'
        bob = ('-auth', 'digest:bob:pw')
        self.ok(*bob, 'create', path, 'x', 'auth::cdrwa')
        self.assertEqual(self.ok(*bob, 'getAcl', path),
                             "'digest,'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=\n: cdrwa\n")
        self.fails(FAILED, f'Insufficient permission : {path}', 'get', path)
        file = self.scratch() / 'auth'
        file.write_text('digest:bob:pw\n')
        self.assertEqual(self.ok('-auth-file', file, 'get', path), 'x\n')
        self.assertIn('digest: bob\n', self.ok(*bob, 'whoami'))
        self.ok(*bob, 'setAcl', path, 'world:anyone:r')
        self.assertEqual(self.ok('get', path), 'x\n')

    def test_setacl_below_a_node(self):
        self.ok('create', self.base + '/a')
        self.ok('create', self.base + '/a/b')
        self.ok('setAcl', '-R', self.base + '/a', 'world:anyone:cdra')
        for path in ('/a', '/a/b'):
            self.assertEqual(self.ok('getAcl', self.base + path), "'world,'anyone\n: cdra\n")


class DataTest(ShellTest):
    def test_bytes_go_in_and_come_out_unchanged(self):
        file = self.scratch() / 'data'
        file.write_bytes(BYTES)
        path = self.base + '/bytes'
        self.ok('create', path, '-f', file)
        self.assertEqual(self.run_shell('get', '--raw', path).bytes, BYTES)
        self.ok('set', path, '-f', '-', stdin=BYTES[::-1])
        self.assertEqual(self.run_shell('get', '--raw', path).bytes, BYTES[::-1])
        copy = self.scratch() / 'copy'
        self.ok('get', path, '-f', copy)
        self.assertEqual(copy.read_bytes(), BYTES[::-1])
        self.assertEqual(self.run_shell('get', path, '-f', '-').bytes, BYTES[::-1])
        text = base64.b64encode(BYTES).decode()
        self.ok('set', path, '-b', text)
        self.assertEqual(self.ok('get', '-b', path), text + '\n')
        self.assertEqual(self.run_shell('get', path).bytes, BYTES + b'\n')
        self.assertIn('|000000f0| f0 f1', self.ok('get', '-x', path))

    def test_what_looks_like_something_else_is_data(self):
        for data in ('-5', '-', '@file', 'null', ''):
            self.ok('set', self.base, data)
            self.assertEqual(self.ok('get', '--raw', self.base), data)
        self.ok('set', '--', self.base, '-s')
        self.assertEqual(self.ok('get', self.base), '-s\n')

    def test_files_that_cannot_be_had(self):
        self.fails(FAILED, 'No such file', 'set', self.base, '-f', '/nonexistent/file')
        self.fails(FAILED, 'No such file', 'get', self.base, '-f', '/nonexistent/file')
        self.fails(FAILED, 'not base64', 'set', self.base, '-b', '*')

    def test_json(self):
        path = self.base + '/j'
        self.assertEqual(json.loads(self.ok('-json', 'create', path, 'text')), {'created': path})
        got = json.loads(self.ok('-json', 'get', '-s', path))
        self.assertEqual((got['path'], got['data'], got['stat']['dataLength']), (path, 'text', 4))
        self.ok('set', path, '-b', '/w==')
        self.assertEqual(json.loads(self.ok('-json', 'get', path)),
                         {'path': path, 'data_base64': '/w=='})
        self.assertEqual(json.loads(self.ok('-json', 'ls', self.base)),
                         {'path': self.base, 'children': ['j']})
        acl = json.loads(self.ok('-json', 'getAcl', path))['acl']
        self.assertEqual(acl, [{'scheme': 'world', 'id': 'anyone', 'perms': 'cdrwa'}])
        count = json.loads(self.ok('-json', 'getAllChildrenNumber', self.base))
        self.assertEqual(count, {'path': self.base, 'count': 1})
        identities = json.loads(self.ok('-json', 'whoami'))['identities']
        self.assertEqual(identities, [{'scheme': 'ip', 'user': '127.0.0.1'}])
        done = self.run_shell('-json', 'get', self.base + '/none')
        self.assertEqual((done.status, done.out), (FAILED, ''))
        self.assertEqual(json.loads(done.err),
                         {'error': 'NoNode', 'code': -101, 'path': self.base + '/none',
                          'message': f'Node does not exist: {self.base}/none'})


class SubtreeTest(ShellTest):
    def setUp(self):
        super().setUp()
        for path, data in (('/a', 'xx'), ('/a/b', 'yyy'), ('/a/c', ''), ('/d', 'needle')):
            self.ok('create', self.base + path, data)

    def test_ls_below(self):
        # zkCli.sh's order: the children of a node before what is below them.
        self.ok('create', self.base + '/a/b/deep')
        self.assertEqual(self.ok('ls', '-R', self.base).replace(self.base, ''),
                         '\n/a\n/d\n/a/b\n/a/c\n/a/b/deep\n')

    def test_tree(self):
        self.assertEqual(self.ok('tree', self.base),
                         f'{self.base}\n├── a\n│   ├── b\n│   └── c\n└── d\n')
        self.assertEqual(self.ok('tree', '-L', '1', '-s', self.base),
                         f'{self.base} [0 bytes]\n├── a [2 bytes]\n└── d [6 bytes]\n')

    def test_find(self):
        def find(*words):
            return self.ok('find', self.base, *words).replace(self.base, '').split('\n')[:-1]
        self.assertEqual(find(), ['', '/a', '/a/b', '/a/c', '/d'])
        self.assertEqual(find('-name', '[bd]'), ['/a/b', '/d'])
        self.assertEqual(find('-path', '*/a/*'), ['/a/b', '/a/c'])
        self.assertEqual(find('-contains', 'eedl'), ['/d'])
        self.assertEqual(find('-leaf'), ['/a/b', '/a/c', '/d'])
        self.assertEqual(find('-empty'), ['/a/c'])
        self.assertEqual(find('-maxdepth', '1'), ['', '/a', '/d'])
        with self.client() as owner:
            owner.create(self.base + '/e', flags=1)
            self.assertEqual(find('-ephemeral'), ['/e'])

    def test_du(self):
        self.assertEqual(self.ok('du', self.base).replace(self.base, ''),
                         '11\t5\t\n5\t3\t/a\n3\t1\t/a/b\n0\t1\t/a/c\n6\t1\t/d\n')
        self.assertEqual(self.ok('du', '-d', '0', self.base), f'11\t5\t{self.base}\n')

    def test_deleteall_of_more_than_fits_into_a_batch(self):
        lines = ''.join(f'create {self.base}/a/n{i}\n' for i in range(300))
        self.run_shell(stdin=lines)
        self.assertEqual(self.ok('getAllChildrenNumber', self.base), '304\n')
        self.ok('deleteall', self.base, '-b', '7')
        self.fails(FAILED, 'Node does not exist', 'ls', self.base)

    def test_deleteall_tells_what_it_could_not_delete(self):
        self.ok('setAcl', self.base + '/a', 'world:anyone:r')
        self.fails(FAILED, 'Failed to delete some node(s) in the subtree!', 'deleteall', self.base)
        self.assertIn('Insufficient permission', self.run_shell('deleteall', self.base).err)


class ExportTest(ShellTest):
    def test_a_round_trip_keeps_bytes_and_acls(self):
        self.ok('set', self.base, 'root')
        file = self.scratch() / 'data'
        file.write_bytes(BYTES)
        self.ok('create', self.base + '/bytes', '-f', file)
        self.ok('create', self.base + '/closed', 'x', 'world:anyone:rda')
        self.ok('create', self.base + '/deep', '"quoted" \\ ')
        self.ok('create', self.base + '/deep/est', '')
        exported = self.ok('export', self.base)
        self.assertEqual(self.ok('export', self.base, '-f', '-'), exported)
        nodes = json.loads(exported)['nodes']
        self.assertEqual([node['path'] for node in nodes],
                         ['', '/bytes', '/closed', '/deep', '/deep/est'])
        copy = self.base + '-copy'
        self.remove_later(copy)
        done = self.run_shell('import', copy + '/below', stdin=exported)
        self.assertEqual((done.status, done.err),
                         (OK, 'Created 5 nodes, overwrote 0, left out 0 ephemeral ones\n'))
        self.assertEqual(json.loads(self.ok('export', copy + '/below'))['nodes'], nodes)
        self.assertEqual(self.run_shell('get', '--raw', copy + '/below/bytes').bytes, BYTES)

    def remove_later(self, path):
        def remove():
            with self.client() as client:
                self.remove(client, path)
        self.addCleanup(remove)

    def test_what_is_there_already_is_refused_overwritten_or_kept(self):
        self.ok('create', self.base + '/x', 'old')
        file = self.scratch() / 'export'
        self.run_shell('export', self.base, '-f', file)
        self.ok('set', self.base + '/x', 'new')
        self.fails(FAILED, f'Node already exists: {self.base}', 'import', self.base, '-f', file)
        self.run_shell('import', '-k', self.base, '-f', file)
        self.assertEqual(self.ok('get', self.base + '/x'), 'new\n')
        done = self.run_shell('-json', 'import', '-o', self.base, '-f', file)
        self.assertEqual(done.json(), {'created': 0, 'overwritten': 2, 'ephemeralsLeftOut': 0})
        self.assertEqual(self.ok('get', self.base + '/x'), 'old\n')

    def test_ephemeral_nodes_are_left_out_unless_asked_for(self):
        copy = self.base + '-copy'
        self.remove_later(copy)
        with self.client() as owner:
            owner.create(self.base + '/e', b'mine', flags=1)
            done = self.run_shell('export', self.base)
            self.assertEqual(len(done.json()['nodes']), 1)
            self.assertEqual(done.err, 'Left out 1 ephemeral nodes\n')
            exported = self.ok('export', '-e', self.base)
        self.assertIn('ephemeralOwner', json.loads(exported)['nodes'][1])
        self.assertIn('left out 1', self.run_shell('import', copy, stdin=exported).err)
        self.assertEqual(self.ok('ls', copy), '[]\n')
        self.run_shell('import', '-e', '-o', copy, stdin=exported)
        self.assertEqual(self.ok('get', copy + '/e'), 'mine\n')

    def test_a_file_with_a_mistake_changes_nothing(self):
        exported = json.loads(self.ok('export', self.base))
        exported['nodes'].append({'path': '/bad', 'data': 7})
        self.fails(FAILED, 'node 2 /bad has neither', 'import', self.base + '-new',
                   stdin=json.dumps(exported))
        self.fails(FAILED, 'Node does not exist', 'get', self.base + '-new')
        self.fails(FAILED, 'not what export writes', 'import', self.base + '-new', stdin='{}')


class ScriptTest(ShellTest):
    """Commands on standard input."""

    def test_lines_are_run_in_order_and_the_last_status_counts(self):
        done = self.run_shell(stdin=f'get /none\n\n  create {self.base}/x "two words"\n'
                                    f'get {self.base}/x')
        self.assertEqual((done.status, done.out),
                         (OK, f'Created {self.base}/x\ntwo words\n'))
        self.assertEqual(done.err, 'Node does not exist: /none\n')
        self.assertEqual(self.run_shell(stdin='ls /\nget /none\n').status, FAILED)

    def test_it_can_stop_at_the_first_error(self):
        done = self.run_shell('-stop-on-error', stdin='get /none\nls /\n')
        self.assertEqual((done.status, done.out), (FAILED, ''))

    def test_quit_ends_it(self):
        self.assertEqual(self.run_shell(stdin='quit\nls /\n').out, '')

    def test_history_and_redo(self):
        done = self.run_shell(stdin=f'getAllChildrenNumber {self.base}\nredo 0\nhistory\nredo 9\n'
                                    'redo 3\n')
        self.assertEqual(done.out, f'0\n0\n0 - getAllChildrenNumber {self.base}\n'
                                   f'1 - getAllChildrenNumber {self.base}\n2 - history\n')
        self.assertEqual(done.err, 'Command index out of range\nNo redoing redos\n')

    def test_events_are_printed_before_the_reply_that_shows_the_change(self):
        done = self.run_shell(stdin=f'get -w {self.base}\nset {self.base} x\nget {self.base}\n')
        event = f'\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDataChanged ' \
                f'path:{self.base}\n'
        self.assertEqual(done.out, f'\n{event}x\n')

    def test_watches_can_be_removed_and_be_silent(self):
        lines = ['addWatch -m PERSISTENT {0}', 'removewatches {0}', 'removewatches {0}',
                 'ls -w {0}', 'removewatches {0} -d', 'removewatches {0} -c', 'stat -w {0}',
                 'printwatches off', 'set {0} x', 'printwatches']
        done = self.run_shell(stdin='\n'.join(lines).format(self.base))
        types = [line.split('type:')[1].split()[0] for line in done.out.split('\n')
                 if line.startswith('WatchedEvent')]
        self.assertEqual(types, ['PersistentWatchRemoved', 'ChildWatchRemoved'])
        no_watcher = f'KeeperErrorCode = No such watcher for {self.base}\n'
        self.assertEqual(done.err, no_watcher * 2)
        self.assertTrue(done.out.endswith('printwatches is off\n'))

    def test_close_and_connect(self):
        done = self.run_shell(stdin=f'create -e {self.base}/e\nclose\nls {self.base}\n'
                                    f'connect 127.0.0.1:{self.port}\nls {self.base}\n')
        self.assertEqual(done.out, f'Created {self.base}/e\n[]\n')
        self.assertEqual(done.err, 'Not connected\n')

    def test_data_cannot_come_from_where_the_commands_come_from(self):
        done = self.run_shell(stdin=f'set {self.base} -f -\n')
        self.assertIn('standard input is where the commands come from', done.err)

    def test_quotas(self):
        lines = ['setquota -n 5 {0}', 'setquota -B 60 {0}', 'listquota {0}', 'delquota -n {0}',
                 'listquota {0}', 'create {0}/x', 'setquota -n 5 {0}/x', 'delquota {0}',
                 'delquota {0}', 'listquota {0}', 'ls /zookeeper/quota']
        done = self.run_shell(stdin='\n'.join(lines).format(self.base))
        where = f'absolute path is /zookeeper/quota{self.base}/zookeeper_limits\n'
        used = f'Output stat for {self.base} count=1,bytes=0\n'
        self.assertEqual(
            done.out,
            f'{where}Output quota for {self.base} count=5,bytes=-1=;byteHardLimit=60;'
            f'countHardLimit=-1\n{used}{where}Output quota for {self.base} count=-1,bytes=-1=;'
            f'byteHardLimit=60;countHardLimit=-1\n{used}Created {self.base}/x\n'
            f'Quota does not exist for {self.base}\n{where}[]\n')
        self.assertEqual(done.err, f'{self.base}/x has a parent {self.base} which has a quota\n'
                                   f'quota for {self.base} does not exist.\n')


class WatchTest(ShellTest):
    def follow(self, *words):
        shell = shells.start(self.port, *words)
        self.addCleanup(shell.communicate)
        self.addCleanup(shell.kill)
        # The watch is set when it says so; with JSON nothing says so.
        self.assertIn(b'Watching', shell.stderr.readline())
        return shell

    def test_follows_a_node(self):
        shell = self.follow('watch', '-d', '-n', '3', self.base)
        with self.client() as other:
            other.set_data(self.base, b'one')
            other.create(self.base + '/child')
            other.create(self.base + '/child/below')
            other.set_data(self.base, b'two')
        out, err = shell.communicate(timeout=shells.RUN_S)
        self.assertEqual(shell.returncode, OK, err)
        lines = out.decode().splitlines()
        self.assertRegex(lines[0],
                         rf'^\d{{4}}-\d\d-\d\dT[\d:]{{8}}Z NodeDataChanged {self.base}$')
        self.assertIn(lines[1], ('one', 'two'))
        self.assertRegex(lines[2], f'NodeChildrenChanged {self.base}$')
        self.assertRegex(lines[3], f'NodeDataChanged {self.base}$')
        self.assertEqual(lines[4], 'two')

    def test_follows_a_subtree_until_it_is_interrupted(self):
        shell = self.follow('watch', '-R', self.base)
        with self.client() as other:
            other.create(self.base + '/child')
        self.assertIn(b'NodeCreated ' + self.base.encode() + b'/child', shell.stdout.readline())
        shell.terminate()
        shell.communicate(timeout=shells.RUN_S)
        self.assertEqual(shell.returncode, OK)


if __name__ == '__main__':
    tap.main()
