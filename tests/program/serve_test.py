"""How `paddock serve` starts, what it refuses to start with, and how it ends."""

import json
import pathlib
import signal
import socket
import sys
import tempfile
import unittest

import daemon
import tap
import wire

NO_IO_URING = [sys.executable, str(pathlib.Path(__file__).with_name('no_io_uring.py'))]


class ServeTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='paddock-serve-')
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def daemon(self, *arguments, **options):
        served = daemon.Daemon(arguments, **options)
        self.addCleanup(served.remove)
        return served

    def client(self, served, **fields):
        client = wire.Client(served.port)
        self.addCleanup(client.drop)
        client.connect(**fields)
        return client

    def refused(self, *arguments, status=1, wrapper=None):
        """What a daemon says that does not start."""
        program, *rest = [*(wrapper or []), daemon.binary(), 'serve', *arguments]
        code, out, err = daemon.run(*rest, program=program)
        self.assertEqual((code, out), (status, ''), err)
        return err

    def write(self, name, text):
        path = self.scratch / name
        path.write_text(text)
        return str(path)


class StartTest(ServeTest):
    def test_port_0_is_the_kernels_choice_and_is_told_in_a_file(self):
        served = self.daemon().start()
        self.assertEqual((served.data_dir / 'client.port').read_text(), f'{served.port}\n')
        self.assertIn(f'listening on 127.0.0.1:{served.port}', served.log())
        self.assertGreater(self.client(served).timeout_ms, 0)

    def test_a_busy_port_is_named_with_the_option_that_changes_it(self):
        with socket.create_server(('127.0.0.1', 0)) as other:
            port = str(other.getsockname()[1])
            said = self.refused('--data-dir', str(self.scratch / 'data'), '--client-port', port)
        for part in ('127.0.0.1:' + port, 'in use', '--client-port', 'clientPort'):
            self.assertIn(part, said)

    def test_all_addresses_serve_both_families(self):
        served = self.daemon('--client-address', '*').start()
        self.assertEqual(self.client(served).who_am_i(), [('ip', '127.0.0.1')])
        if not pathlib.Path('/proc/net/if_inet6').exists():
            return  # a machine without IPv6: the daemon has come down to IPv4, as seen above
        if '00000000000000000000000000000001' not in pathlib.Path('/proc/net/if_inet6').read_text():
            return
        with wire.Client(served.port, '::1') as client:
            client.connect()
            self.assertEqual([scheme for scheme, _ in client.who_am_i()], ['ip'])
            self.assertNotEqual(client.who_am_i(), [('ip', '127.0.0.1')])

    def test_an_address_of_ipv6_may_stand_in_brackets(self):
        # An address of IPv4 written so needs no IPv6 on this machine.
        served = self.daemon('--client-address', '[::ffff:127.0.0.1]').start()
        self.assertEqual(self.client(served).who_am_i(), [('ip', '127.0.0.1')])

    def test_a_forgotten_dataLogDir_is_refused(self):
        log_dir = self.scratch / 'log'
        served = self.daemon('--data-log-dir', str(log_dir)).start()
        self.client(served).create('/a', b'acknowledged')
        served.kill()
        said = self.refused('--data-dir', str(served.data_dir), '--client-port', '0')
        for part in (str(served.data_dir), f'--data-log-dir {log_dir}', 'dataLogDir'):
            self.assertIn(part, said)
        served.start()
        self.assertEqual(self.client(served).get_data('/a')[0], b'acknowledged')

    def test_a_data_directory_has_one_daemon(self):
        served = self.daemon().start()
        said = self.refused('--data-dir', str(served.data_dir), '--client-port', '0')
        self.assertIn('in use by another process', said)
        self.assertIn(str(served.process.pid), said)
        self.client(served).create('/a')
        served.kill()
        served.start()
        self.client(served).exists('/a')

    def test_zookeepers_own_files_are_not_begun_beside(self):
        for name in ('version-2', 'log.1', 'snapshot.0'):
            with self.subTest(name):
                folder = self.scratch / f'of-{name}'
                folder.mkdir()
                path = folder / name
                if name == 'version-2':
                    path.mkdir()
                else:
                    path.write_bytes(b'ZKLG')
                said = self.refused('--data-dir', str(folder), '--client-port', '0')
                self.assertIn("Apache ZooKeeper's files", said)
                self.assertIn(name, said)
                self.assertEqual([entry.name for entry in folder.glob('*.log')], [])

    def test_without_io_uring_one_sentence_says_what_to_do(self):
        said = self.refused('--data-dir', str(self.scratch / 'data'), '--client-port', '0',
                            wrapper=NO_IO_URING)
        errors = [line for line in said.splitlines() if ' error ' in line]
        self.assertEqual(len(errors), 1, said)
        self.assertIn('io_uring', errors[0])
        self.assertRegex(errors[0], r'seccomp=unconfined|kernel\.io_uring_disabled=0')

    def test_readiness_and_the_stop_are_told_to_the_service_manager(self):
        path = str(self.scratch / 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(daemon.START_S)
            manager.bind(path)
            served = self.daemon(environment={'NOTIFY_SOCKET': path})
            served.launch()
            self.assertEqual(manager.recv(4096), b'READY=1')
            # It serves by then, and its port is in the file.
            served.port = int((served.data_dir / 'client.port').read_text())
            self.assertEqual(wire.four_letter_word(served.port, 'ruok'), 'imok')
            self.assertEqual(served.stop(), 0)
            self.assertEqual(manager.recv(4096), b'STOPPING=1')


class ConfigTest(ServeTest):
    def test_a_zoo_cfg_is_followed_and_flags_beat_it(self):
        path = self.write('zoo.cfg', '# a comment\ntickTime=700\ninitLimit=10\nmaxClientCnxns=7\n'
                                     'dataDir=/nowhere\nclientPort=1\nskipACL=yes\n')
        served = self.daemon('--config', path, '--client-address', '127.0.0.1',
                             '--4lw-whitelist', '*').start()
        conf = dict(line.split('=', 1) for line in
                    wire.four_letter_word(served.port, 'conf').splitlines())
        self.assertEqual((conf['tickTime'], conf['maxClientCnxns'], conf['minSessionTimeout'],
                          conf['clientPort']), ('700', '7', '1400', str(served.port)))
        self.client(served).set_data('/zookeeper/config', b'')
        self.assertRegex(served.log(), r'zoo\.cfg:3: initLimit has no effect')

    def test_print_config_shows_every_value_and_its_source(self):
        path = self.write('zoo.cfg', 'dataDir=/nowhere\nclientPort=2182\ntickTime=1000\n')
        code, out, _ = daemon.run('serve', '--config', path, '--tick-time', '1500',
                                  '--print-config')
        self.assertEqual(code, 0)
        rows = {line.split()[0]: line for line in out.splitlines()}
        self.assertRegex(rows['tickTime'], r'1500 +ms .*--tick-time$')
        self.assertRegex(rows['clientPort'], r'2182 .*zoo\.cfg:2$')
        self.assertRegex(rows['maxSessionTimeout'], r'30000 +ms ')
        self.assertRegex(rows['snapCount'], r' default$')

    def test_what_cannot_be_ignored_is_refused_with_line_and_reason(self):
        for line, reason in (('server.1=a:2888:3888', 'ensembles'),
                             ('secureClientPort=2281', 'TLS'),
                             ('ssl.keyStore.location=/key', 'TLS'),
                             ('authProvider.1=x', 'authentication providers'),
                             ('sessionRequireClientSASLAuth=true', 'not implemented')):
            with self.subTest(line):
                path = self.write('zoo.cfg', f'dataDir={self.scratch}/data\nclientPort=0\n{line}\n')
                said = self.refused('--config', path, status=2)
                self.assertIn(f'{path}:3: {line.split("=")[0]} ', said)
                self.assertIn(reason, said)
        self.assertFalse((self.scratch / 'data').exists())

    def test_values_out_of_range_are_refused_with_their_range(self):
        said = self.refused('--tick-time', '0', status=2)
        self.assertRegex(said, r'--tick-time.*tickTime=0.*allowed: 1\.\.')
        said = self.refused('--min-session-timeout', '9', '--max-session-timeout', '8', status=2)
        self.assertIn('must not exceed', said)

    def test_a_file_that_is_not_there(self):
        self.assertIn('no-such.cfg', self.refused('--config', 'no-such.cfg', status=2))


class StopTest(ServeTest):
    def check_drain(self, number):
        served = self.daemon().start()
        client = self.client(served, timeout_ms=30000)
        client.create('/e', flags=wire.EPHEMERAL)
        client.create('/n')
        count = 2000
        body = wire.set_data_body('/n', b'x' * 100)
        client.send_bytes(b''.join(wire.request(i, wire.SET_DATA, body) for i in range(count)))
        client.reply()
        served.process.send_signal(number)
        answered = 1
        try:
            while True:
                reply = client.reply()
                self.assertEqual((reply.xid, reply.error), (answered, 0))
                answered += 1
        except wire.Closed:
            pass
        self.assertEqual(served.wait(), 0)
        self.assertIn('ended in order', served.log())
        code, out, _ = daemon.run('wal', 'verify', '--json', served.data_dir)
        self.assertEqual(code, 0)
        self.assertTrue(json.loads(out)['log']['clean_stop'])
        served.start()  # at once, on the same port
        again = self.client(served, session_id=client.session_id, password=client.password,
                            timeout_ms=30000, last_zxid=client.last_zxid)
        self.assertEqual(again.session_id, client.session_id)
        self.assertEqual(again.get_ephemerals('/'), ['/e'])
        # What was taken was answered and what was answered is kept, neither more nor less.
        self.assertEqual(again.get_data('/n')[1].version, answered)

    def test_sigterm_answers_what_it_has_taken_and_sessions_live_on(self):
        self.check_drain(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.check_drain(signal.SIGINT)

    def test_a_stop_with_many_connections_that_say_nothing(self):
        served = self.daemon('--max-client-cnxns', '0').start()
        clients = [self.client(served) for _ in range(50)]
        half = wire.Client(served.port)
        self.addCleanup(half.drop)
        half.send_bytes(b'\0\0')
        self.assertEqual(served.stop(), 0)
        for client in [*clients, half]:
            self.assertEqual(client.read_until_closed(), b'')

    def test_a_second_signal_changes_nothing(self):
        served = self.daemon().start()
        self.client(served).create('/a')
        served.process.send_signal(signal.SIGTERM)
        served.process.send_signal(signal.SIGINT)
        self.assertEqual(served.wait(), 0)


if __name__ == '__main__':
    tap.main()
