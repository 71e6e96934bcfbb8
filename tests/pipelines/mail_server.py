"""A mail server on loopback that takes every mail, and keeps it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer:
    """``port`` is where it listens; ``mails`` are those that it took, ``recipients`` theirs."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        mails, recipients = self.mails, self.recipients

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 mail.example.com")
                while line := self.rfile.readline().strip().decode():
                    word = line.split(maxsplit=1)[0].upper()
                    if word == "RCPT":
                        recipients.append(line[line.index("<") + 1 : line.index(">")])
                    if word == "DATA":
                        self._say("354 end with a dot")
                        mails.append(self._mail())
                    self._say("221 bye" if word == "QUIT" else "250 mail.example.com")

            def _mail(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))
                return message_from_bytes(b"".join(lines), policy=policy.default)

            def _say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server until the end of the block."""
    server = MailServer()
    try:
        yield server
    finally:
        server.stop()
