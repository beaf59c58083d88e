"""Test cases that share one served daemon a class.

With INTEROP_PORT in the environment they run against whatever server listens there, for example a
ZooKeeper, to see whether a test expects of Paddock what ZooKeeper does.
"""

import os
import unittest

import daemon
import wire


class ServedTest(unittest.TestCase):
    """Gives each test `self.base`, a node of its own that exists, and connected clients."""

    arguments = ()
    served = None

    @classmethod
    def setUpClass(cls):
        if 'INTEROP_PORT' in os.environ:
            cls.port = int(os.environ['INTEROP_PORT'])
        else:
            cls.served = daemon.Daemon(cls.arguments).start()
            cls.port = cls.served.port

    @classmethod
    def tearDownClass(cls):
        if cls.served:
            cls.served.remove()

    def setUp(self):
        self.base = f'/{type(self).__name__}-{self._testMethodName}'
        with wire.Client(self.port) as client:
            client.connect()
            self.remove(client, self.base)
            client.create(self.base)
            client.close_session()

    def client(self, **fields):
        """A connected client whose session ends with the test."""
        client = self.raw_client()
        client.connect(**fields)
        self.assertGreater(client.timeout_ms, 0, 'the server refused the session')
        return client

    def raw_client(self):
        """A connected socket without a session."""
        client = wire.Client(self.port)
        self.addCleanup(client.drop)
        return client

    def remove(self, client, path):
        try:
            for child in client.get_children(path):
                self.remove(client, f'{path}/{child}')
            client.delete(path)
        except wire.ServerError as error:
            self.assertEqual(error.code, wire.NO_NODE)

    def assert_error(self, code, call, *arguments):
        with self.assertRaises(wire.ServerError) as raised:
            call(*arguments)
        self.assertEqual(raised.exception.code, code)

    def assert_closed(self, client):
        self.assertEqual(client.read_until_closed(), b'')

    def await_gone(self, client, path):
        """Returns when `path` does not exist any more, told by a watch."""
        try:
            # Not exists, whose watch would stay and tell of the next creation.
            client.get_data(path, watch=True)
        except wire.ServerError as error:
            self.assertEqual(error.code, wire.NO_NODE)
            return
        self.assertEqual(client.event()[:2], (wire.DELETED, path))
