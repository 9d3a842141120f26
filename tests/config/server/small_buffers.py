"""The service with small send buffers: elsewhere the kernel takes 700 kB of an answer that nobody reads."""

import socket

from config import asgi
from perfmetrics.counting.asgi import Receive, Scope, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        transport = scope["extensions"]["sandglass.transport"]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await asgi.application(scope, receive, send)
