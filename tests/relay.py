"""A TCP relay before the test database, which can stand still or go away as a network or a host does."""

import asyncio
import threading
from contextlib import suppress
from urllib.parse import quote

from django.db import connections

from tests.processes import free_port


class Relay:
    """Listens on a port of its own; `pause` keeps connections open and lets nothing through, `cut` closes all."""

    def __init__(self):
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")
        self._flows = asyncio.Event()
        self._writers = set()
        self._tasks = set()

    def __enter__(self):
        self._thread.start()
        self.resume()
        self.open()
        return self

    def __exit__(self, *_):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self):
        settings = connections["default"].settings_dict
        return f"postgresql://{quote(settings['USER'])}@127.0.0.1:{self.port}/{settings['NAME']}"

    def pause(self):
        self._loop.call_soon_threadsafe(self._flows.clear)

    def resume(self):
        self._loop.call_soon_threadsafe(self._flows.set)

    def open(self):
        self._run(self._open())

    def cut(self):
        """Close the port and every connection."""
        self._run(self._cut())

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _open(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _cut(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._flows.wait()
            settings = connections["default"].settings_dict
            if settings["HOST"].startswith("/"):
                opened = asyncio.open_unix_connection(f"{settings['HOST']}/.s.PGSQL.{settings['PORT']}")
            else:
                opened = asyncio.open_connection(settings["HOST"], settings["PORT"])
            server_reader, server_writer = await opened
            self._writers.add(server_writer)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._pump(reader, server_writer)),
                    asyncio.ensure_future(self._pump(server_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            server_writer.transport.abort()
            self._writers.discard(server_writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _pump(self, reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
