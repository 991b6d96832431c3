"""Addresses that no Ray cluster answers at, and TLS on one side only: refused at once, in a line."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from wann.errors import UserError
from wann.evaluation.address import check_answer


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1': .*refused"),
        ("nonsense", "HOST:PORT"),
        ("no.such.host.invalid:6379", "no Ray cluster answers"),
        ("[::1]:70000", "no Ray cluster answers"),
    ],
)
def test_bad_addresses(address: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_answer(address)


SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""A frame of HTTP/2 with empty settings: how a server of Ray's begins."""


@contextmanager
def answering(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that answers everybody once; with TLS, whoever shows a certificate that it accepts."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection = server.accept()[0]
                with suppress(OSError), connection:
                    encrypted = context.wrap_socket(connection, server_side=True) if context else connection
                    with encrypted:
                        encrypted.recv(64)
                        encrypted.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


class Authority(trustme.CA):
    """A certificate authority whose certificates are those of Ray's environment variables."""

    def environment(self, folder: Path) -> dict[str, str]:
        folder.mkdir()
        mine, names = self.issue_cert("127.0.0.1"), ("CA_CERT", "SERVER_CERT", "SERVER_KEY")
        for name, pem in zip(names, (self.cert_pem, mine.cert_chain_pems[0], mine.private_key_pem), strict=True):
            pem.write_to_path(folder / name)
        return {"RAY_USE_TLS": "1"} | {f"RAY_TLS_{name}": str(folder / name) for name in names}

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        self.issue_cert("127.0.0.1").configure_cert(context)
        self.configure_trust(context)
        return context


def test_what_is_no_ray_cluster_is_refused_at_once() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address, pytest.raises(UserError, match="is no Ray cluster"):
        check_answer(address)


def test_a_cluster_with_tls_is_refused_at_once_by_who_has_none() -> None:
    with answering(SETTINGS, Authority().context()) as address, pytest.raises(UserError, match="RAY_USE_TLS=1"):
        check_answer(address)


def test_tls_needs_the_clusters_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Authority(), Authority()
    certificates = one.environment(tmp_path / "one"), other.environment(tmp_path / "other")
    for name, value in certificates[0].items():
        monkeypatch.setenv(name, value)
    with answering(SETTINGS, one.context()) as address:
        check_answer(address)
    with answering(SETTINGS, other.context()) as address, pytest.raises(UserError, match="certificate verify failed"):
        check_answer(address)
    with answering(SETTINGS) as address, pytest.raises(UserError, match="no Ray cluster answers"):
        check_answer(address)
    for name in ("RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY"):
        monkeypatch.setenv(name, certificates[1][name])
    with answering(SETTINGS, one.context()) as address, pytest.raises(UserError, match="Ray cluster"):
        check_answer(address)
    monkeypatch.setenv("RAY_TLS_SERVER_KEY", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="must name files in PEM"):
        check_answer("127.0.0.1:6379")
