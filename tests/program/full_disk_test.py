"""R20: a full disk is not a crash. Runs with a small file system of its own, which it mounts in a
mount name space of its own."""

import os
import pathlib
import subprocess
import sys
import unittest

import daemon
import tap
import wire

FOLDER = 'PADDOCK_SMALL_DISK'  # where it is mounted, told to the inner run
SIZE = '16m'
WAYS_IN = (['unshare', '--map-root-user', '--mount'], ['unshare', '--mount'])


def enter_small_disk():
    """Runs this script again where `FOLDER` is a small file system of its own."""
    for way in WAYS_IN:
        mount = [*way, 'sh', '-c', 'mount -t tmpfs -o size=' + SIZE + ' none "$0" && exec "$@"']
        if subprocess.run([*mount, '/mnt', 'true'], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0:
            os.environ[FOLDER] = '/mnt'
            os.execvp(mount[0], [*mount, '/mnt', sys.executable, *sys.argv])
    print('ok 1 - full_disk # SKIP no file system can be mounted here\n1..1')
    sys.exit(0)


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(os.environ[FOLDER])
        for path in (self.folder / 'data').glob('*'):
            path.unlink()
        (self.folder / 'data').mkdir(exist_ok=True)
        self.filler = self.folder / 'filler'
        self.filler.unlink(missing_ok=True)
        self.daemon = daemon.Daemon(['--pre-alloc-size', '1024', '--tick-time', '500',
                                     '--4lw-whitelist', '*'], data_dir=self.folder / 'data')
        self.daemon.log_path = pathlib.Path('/tmp') / f'paddock-full-disk-{os.getpid()}.log'
        self.addCleanup(self.daemon.log_path.unlink, missing_ok=True)
        self.addCleanup(self.daemon.remove)
        self.daemon.start()
        self.zk = self.client(timeout_ms=4000)

    def client(self, **fields):
        client = wire.Client(self.daemon.port)
        self.addCleanup(client.drop)
        client.connect(**fields)
        return client

    def write_until_full(self):
        """Fills the disk and then the log's segments; returns the data of the last good write."""
        with open(self.filler, 'wb') as filler:
            try:
                while True:
                    filler.write(bytes(1 << 16))
                    filler.flush()
            except OSError:
                pass
        good = None
        for i in range(2000):
            data = i.to_bytes(4, 'big') * 5000
            try:
                self.zk.set_data('/n', data)
            except wire.ServerError as error:
                self.assertEqual(error.code, wire.READ_ONLY)
                return good
            good = data
        self.fail('the disk does not get full')

    def await_writable(self):
        """Each try is a round trip; the server looks for room by itself."""
        while True:
            try:
                return self.zk.set_data('/n', b'again')
            except wire.ServerError as error:
                self.assertEqual(error.code, wire.READ_ONLY)

    def test_R20_read_only_while_the_disk_is_full_and_back_by_itself(self):
        self.zk.create('/n')
        self.zk.create('/e', flags=wire.EPHEMERAL)
        closing = self.client()
        closing.create('/closing', flags=wire.EPHEMERAL)
        detached = self.client(timeout_ms=1000)
        detached.create('/detached', flags=wire.EPHEMERAL)
        good = self.write_until_full()
        detached.drop()
        # Reads, watches and pings go on; all that writes is refused.
        self.assertEqual(self.zk.get_data('/n', watch=True)[0], good)
        self.assertEqual(self.zk.get_ephemerals('/'), ['/e'])
        for call in (lambda: self.zk.create('/x'), lambda: self.zk.delete('/n'),
                     lambda: self.zk.set_acl('/n', wire.OPEN_ACL), lambda: self.zk.sync('/'),
                     lambda: self.zk.multi((wire.CHECK, wire.version_body('/n')))):
            with self.assertRaises(wire.ServerError) as raised:
                call()
            self.assertEqual(raised.exception.code, wire.READ_ONLY)
        # A session is resumed, no new one is opened, one that ends loses its connection.
        again = wire.Client(self.daemon.port)
        self.addCleanup(again.drop)
        self.assertEqual(again.resume(self.zk).session_id, self.zk.session_id)
        self.zk = again
        new = wire.Client(self.daemon.port)
        self.addCleanup(new.drop)
        new.send_bytes(wire.frame(wire.connect_body()))
        self.assertEqual(new.read_until_closed(), b'')
        closing.send(wire.CLOSE_SESSION)
        self.assertEqual(closing.read_until_closed(), b'')
        self.assertEqual(wire.four_letter_word(self.daemon.port, 'isro'), 'ro')
        self.zk.exists('/closing', watch=True)
        # Room: everything that was put off happens, in whatever order.
        self.filler.unlink()
        self.await_writable()
        self.assertEqual(wire.four_letter_word(self.daemon.port, 'isro'), 'rw')
        events = [self.zk.events.pop(0) if self.zk.events else self.zk.event()]
        self.assertEqual(events[0][:2], (wire.DELETED, '/closing'))
        self.assertEqual(self.zk.get_data('/n')[0], b'again')
        self.assertGreater(self.client().timeout_ms, 0)
        self.assertRegex(self.daemon.log(), r'(?s)the disk is full.*room for the log again')
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.client().get_data('/n')[0], b'again')

    def test_R20_what_was_acknowledged_on_a_full_disk_survives_a_kill(self):
        self.zk.create('/n')
        good = self.write_until_full()
        self.daemon.kill()
        self.filler.unlink()
        self.daemon.start()
        self.assertEqual(self.client().get_data('/n')[0], good)


if __name__ == '__main__':
    if FOLDER not in os.environ:
        enter_small_disk()
    tap.main()
