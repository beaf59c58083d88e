"""A network that misbehaves on demand: one TCP listener in front of one server.

What it does to each chunk of bytes: split it at random places and delay the pieces, in order. What
it does when told: break all connections, lose the next reply and break its connection, be silent in
both directions (connections stay open, new ones are accepted, nothing passes) until healed.
"""

import asyncio
import random
import socket
import struct

CHUNK_BYTES = 1 << 16


class Proxy:
    """REQUIRES start() before anything else. Threads: the event loop's."""

    def __init__(self, upstream_port, seed, split_bytes_max=0, delay_s_max=0.0):
        """Zeros switch splitting and delaying off."""
        self.upstream_port = upstream_port
        self.random = random.Random(seed)
        self.split_bytes_max = split_bytes_max
        self.delay_s_max = delay_s_max
        self.port = 0
        self.passing = asyncio.Event()
        self.passing.set()
        self.loses_next_reply = False
        self.replies_lost = 0
        self.server = None
        self.writers = set()
        self.pumps = set()

    async def start(self):
        self.server = await asyncio.start_server(self._accept, '127.0.0.1', 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self.server.close()
        self.cut()
        for pump in list(self.pumps):
            pump.cancel()
        await asyncio.gather(*self.pumps, return_exceptions=True)

    def cut(self):
        """Resets every connection, towards both ends; what is under way is gone."""
        for writer in list(self.writers):
            end = writer.get_extra_info('socket')
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            writer.transport.abort()

    def lose_next_reply(self):
        """The next bytes from the server are dropped, and their connection with them: the server
        has done what was asked, and the client does not learn it."""
        self.loses_next_reply = True

    def silence(self):
        self.passing.clear()

    def heal(self):
        """What was held back goes on."""
        self.passing.set()

    async def _accept(self, client_reader, client_writer):
        self._adopt(client_writer)
        server_writer = None
        try:
            # A silent network completes no handshake with the server either.
            await self.passing.wait()
            server_reader, server_writer = await asyncio.open_connection('127.0.0.1',
                                                                         self.upstream_port)
            self._adopt(server_writer)
            await asyncio.gather(self._pump(client_reader, server_writer, False),
                                 self._pump(server_reader, client_writer, True))
        except OSError:
            pass  # either end is gone: so is the other, below
        finally:
            for writer in (client_writer, server_writer):
                if writer:
                    self.writers.discard(writer)
                    writer.transport.abort()

    def _adopt(self, writer):
        writer.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # drain() returns when the kernel has everything, so that closing loses nothing.
        writer.transport.set_write_buffer_limits(0)
        self.writers.add(writer)
        task = asyncio.current_task()
        if task not in self.pumps:
            self.pumps.add(task)
            task.add_done_callback(self.pumps.discard)

    async def _pump(self, reader, writer, are_replies):
        while data := await reader.read(CHUNK_BYTES):
            await self.passing.wait()
            if are_replies and self.loses_next_reply:
                self.loses_next_reply = False
                self.replies_lost += 1
                raise ConnectionAbortedError
            for piece in self._pieces(data):
                if self.delay_s_max:
                    await asyncio.sleep(self.random.uniform(0, self.delay_s_max))
                writer.write(piece)
                await writer.drain()
        # Half-closed connections are not ZooKeeper's: the end of one direction ends both.
        raise ConnectionResetError

    def _pieces(self, data):
        while self.split_bytes_max and len(data) > 1:
            count = self.random.randint(1, self.split_bytes_max)
            if count >= len(data):
                break
            yield data[:count]
            data = data[count:]
        yield data
