"""A real mail server for tests, in a thread; and servers that only pretend to be one."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postbox:
    """What arrived. The local part of a recipient says how the server behaves.

    "550-…" and "451-…" are refused with that code, "421-…" ends the connection, "drop-…" ends it
    after the mail was received, "hang-…" lets the client wait for its answer.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    #: Ends the connection after so many mails, as servers do.
    most_mails: int = 10**9
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return responses

    async def handle_NOOP(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, argument: str
    ) -> str:
        if self.connections and len(self.mails) % self.most_mails == 0 and self.mails:
            cast(Any, server.transport).close()
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        code = address.partition("-")[0]
        if code == "421":
            await server.push("421 closing")
            cast(Any, server.transport).close()
        if code in ("550", "451", "421"):
            return f"{code} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        manner = envelope.rcpt_tos[0].partition("-")[0]
        if manner == "hang":
            await asyncio.sleep(20)
            return "451 slow"
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        with self._lock:
            self.mails.append(mail)
        if manner == "drop":
            cast(Any, server.transport).close()
        return "250 OK"


@contextmanager
def running(tls_context: ssl.SSLContext | None = None) -> Iterator[Postbox]:
    """Run a mail server on a free port; with a context it offers STARTTLS."""
    box = Postbox()
    loop = asyncio.new_event_loop()

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(
                box, hostname="postbox.example", loop=loop, timeout=30, tls_context=tls_context
            ),
            "127.0.0.1",
            0,
        )

    server = loop.run_until_complete(listen())
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)


@contextmanager
def pretending(greeting: bytes | None) -> Iterator[list[int]]:
    """Accept connections and say only `greeting`, or nothing; yield [port, connections]."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = [listener.getsockname()[1], 0]
    accepted: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            seen[1] += 1
            accepted.append(connection)
            if greeting:
                connection.sendall(greeting)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in accepted:
            connection.close()
