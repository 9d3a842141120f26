"""A mail server for the tests, in a thread."""

import socketserver
from email import message_from_bytes, policy
from typing import Any


class SmtpServer(socketserver.ThreadingTCPServer):
    """Takes emails, or refuses every recipient with `refuse_with`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SmtpHandler)
        self.refuse_with = ""
        self.received: list[Any] = []
        self.connections = 0


class SmtpHandler(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self.server.connections += 1
        self.say("220 mail.example.com")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "RCPT" and self.server.refuse_with:
                self.say(f"{self.server.refuse_with} no mailbox {line}")
            elif verb == "DATA":
                self.say("354 go on")
                self.server.received.append(message_from_bytes(self.read_message(), policy=policy.default))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def read_message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return b"".join(lines)
