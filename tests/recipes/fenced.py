"""The resource that the holders of a lock write to, and that defends itself by fencing tokens.

A line `WHO TOKEN` asks for a write. It is accepted unless a newer token has been seen, and answered
`ok` or `refused`. Every write is recorded, in the one order in which the resource saw them.
"""

import asyncio
import time


class FencedResource:
    """Threads: the event loop's."""

    def __init__(self):
        self.newest = 0
        self.writes = []
        self.port = 0
        self.server = None
        self.handlers = set()

    async def start(self):
        self.server = await asyncio.start_server(self._serve, '127.0.0.1', 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self.server.close()
        for handler in list(self.handlers):
            handler.cancel()
        await asyncio.gather(*self.handlers, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self.handlers.add(task)
        task.add_done_callback(self.handlers.discard)
        try:
            while line := await reader.readline():
                who, token = line.split()
                accepted = self.write(who.decode(), int(token))
                writer.write(b'ok\n' if accepted else b'refused\n')
                await writer.drain()
        except OSError:
            pass  # a writer that was killed
        finally:
            writer.close()

    def write(self, who, token):
        accepted = token >= self.newest
        self.newest = max(self.newest, token)
        self.writes.append({'t': time.monotonic_ns(), 'who': who, 'token': token,
                            'accepted': accepted})
        return accepted
