"""The proxy does to a connection what it says, and the resource refuses what is old."""

import asyncio
import unittest

import fenced
import proxy
import tap

LOST = (ConnectionError, asyncio.IncompleteReadError)


class ProxyTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        """An upstream that answers each line with itself, in capitals."""
        self.lines = asyncio.Queue()

        async def serve(reader, writer):
            try:
                while line := await reader.readline():
                    await self.lines.put(line)
                    writer.write(line.upper())
            except OSError:
                pass
            writer.close()
        self.upstream = await asyncio.start_server(serve, '127.0.0.1', 0)

    async def asyncTearDown(self):
        self.upstream.close()
        await self.proxy.close()

    async def connect(self, **faults):
        port = self.upstream.sockets[0].getsockname()[1]
        self.proxy = await proxy.Proxy(port, seed=1, **faults).start()
        return await self.connect_again()

    async def connect_again(self):
        reader, writer = await asyncio.open_connection('127.0.0.1', self.proxy.port)
        self.addCleanup(writer.close)
        return reader, writer

    async def test_bytes_pass_in_order_in_pieces(self):
        reader, writer = await self.connect(split_bytes_max=3, delay_s_max=0.0001)
        sent = b''.join(b'line %d\n' % n for n in range(200))
        writer.write(sent)
        self.assertEqual(await reader.readexactly(len(sent)), sent.upper())

    async def test_a_cut_ends_connections_and_new_ones_work(self):
        reader, writer = await self.connect()
        writer.write(b'a\n')
        self.assertEqual(await reader.readline(), b'A\n')
        self.proxy.cut()
        with self.assertRaises(LOST):
            await reader.readexactly(1)
        reader, writer = await self.connect_again()
        writer.write(b'b\n')
        self.assertEqual(await reader.readline(), b'B\n')

    async def test_a_lost_reply_was_asked_for(self):
        reader, writer = await self.connect()
        self.proxy.lose_next_reply()
        writer.write(b'a\n')
        with self.assertRaises(LOST):
            await reader.readexactly(1)
        self.assertEqual(await self.lines.get(), b'a\n')
        self.assertEqual(self.proxy.replies_lost, 1)

    async def test_silence_holds_back_until_healed(self):
        reader, writer = await self.connect()
        writer.write(b'a\n')
        self.assertEqual(await reader.readline(), b'A\n')
        self.proxy.silence()
        writer.write(b'b\n')
        new_reader, new_writer = await self.connect_again()
        new_writer.write(b'c\n')
        # Everything that could bring a byte through has had its turn when another connection, past
        # the proxy, has been served.
        port = self.upstream.sockets[0].getsockname()[1]
        _, beside = await asyncio.open_connection('127.0.0.1', port)
        beside.write(b'd\n')
        self.assertEqual([await self.lines.get(), await self.lines.get()], [b'a\n', b'd\n'])
        beside.close()
        self.proxy.heal()
        self.assertEqual(await reader.readline(), b'B\n')
        self.assertEqual(await new_reader.readline(), b'C\n')

    async def test_the_servers_end_is_the_clients_end(self):
        reader, writer = await self.connect()
        writer.write(b'a\n')
        self.assertEqual(await reader.readline(), b'A\n')
        writer.write_eof()
        self.assertEqual(await reader.read(), b'')


class PiecesTest(unittest.TestCase):
    def test_pieces(self):
        whole = proxy.Proxy(0, seed=1, split_bytes_max=3)
        pieces = list(whole._pieces(bytes(range(100))))
        self.assertEqual(b''.join(pieces), bytes(range(100)))
        self.assertGreater(len(pieces), 33)
        self.assertEqual(list(proxy.Proxy(0, seed=1)._pieces(b'abc')), [b'abc'])


class FencedTest(unittest.IsolatedAsyncioTestCase):
    async def test_old_tokens_are_refused(self):
        resource = await fenced.FencedResource().start()
        reader, writer = await asyncio.open_connection('127.0.0.1', resource.port)
        for token, answer in ((5, b'ok\n'), (5, b'ok\n'), (7, b'ok\n'), (6, b'refused\n')):
            writer.write(b'w1.0 %d\n' % token)
            self.assertEqual(await reader.readline(), answer)
        self.assertEqual([(write['who'], write['token'], write['accepted'])
                          for write in resource.writes],
                         [('w1.0', 5, True), ('w1.0', 5, True), ('w1.0', 7, True),
                          ('w1.0', 6, False)])
        writer.close()
        await resource.close()


if __name__ == '__main__':
    tap.main()
