"""Servers on loopback that speak below HTTP: byte by byte, over TLS, as a proxy, or never to an end."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fakes import Answer, Asked, Server

Speak = Callable[["Line"], None]


class Line:
    """One connection to a client: what it asked, and a way to send bytes until the client or the test has enough."""

    def __init__(self, connection: socket.socket, asked: bytes, stopped: threading.Event) -> None:
        self.connection = connection
        self.asked = asked
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        """Send bytes. Raises OSError where nobody listens any more."""
        self.connection.sendall(data)

    def trickle(self, data: bytes, every: float) -> None:
        """Send the same bytes again and again, until the client hangs up."""
        while not self.stopped.wait(every):
            self.send(data)


class Wire:
    """A server that says to each connection exactly what ``speak`` says, once a request's headers have come."""

    def __init__(self, speak: Speak, certificate: Path | None = None) -> None:
        self._speak = speak
        self._stopped = threading.Event()
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    @property
    def base(self) -> str:
        """The URL of the server, without a slash at its end."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError), raw:
            connection = self._context.wrap_socket(raw, server_side=True) if self._context else raw
            connection.settimeout(20)
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    asked += piece
                self.asked.append(asked)
                self._speak(Line(connection, asked, self._stopped))


def says(text: bytes) -> Speak:
    """Says the same to everybody."""
    return lambda line: line.send(text)


class Site(Server):
    """Answers every path with a few words; single paths are overridden."""

    def answer(self, asked: Asked) -> Answer:
        return Answer(f"this is {asked.path}".encode(), 200, {"Content-Type": "text/plain"})


class Proxy(Server):
    """A forward proxy for http. login: user and password that it wants."""

    def __init__(self, login: tuple[str, str] | None = None) -> None:
        self.login = login
        super().__init__()

    def answer(self, asked: Asked) -> Answer:
        if self.login is not None:
            wanted = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
            if asked.headers.get("proxy-authorization") != wanted:
                return Answer(b"who are you?", 407)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked.path, timeout=10) as answer:
            return Answer(answer.read(), answer.status, {"Content-Type": answer.headers["Content-Type"] or ""})


def tunnel(line: Line) -> None:
    """A proxy for https: connect where CONNECT says, and carry bytes to and fro."""
    host, _, port = line.asked.split()[1].decode().rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as far:
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def carry(source: socket.socket, sink: socket.socket) -> None:
            with suppress(OSError):
                while piece := source.recv(65536):
                    sink.sendall(piece)
                sink.shutdown(socket.SHUT_WR)

        back = threading.Thread(target=carry, args=(far, line.connection), daemon=True)
        back.start()
        carry(line.connection, far)
        back.join(10)


def self_signed(folder: Path, name: str = "server") -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody has signed: in one file with its key, and alone."""
    if shutil.which("openssl") is None:
        # CI is to fail without it, and nobody's machine.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no openssl to make certificates with")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both, certificate


def over_tls(server: Server, certificate: Path, clients: Path | None = None) -> str:
    """Make a server speak TLS from now on, and give its base. clients: the certificate that clients must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    inner = server._server
    inner.socket = context.wrap_socket(inner.socket, server_side=True)
    return server.base.replace("http://", "https://")


@contextmanager
def nobody_there() -> Iterator[str]:
    """The URL of a port of loopback on which nobody listens, kept by us so that nobody else takes it."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"
