"""Whether a Ray cluster answers at an address."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress

from wann.errors import UserError

LOCAL = "local"
CONNECT_SECONDS = 10.0


def check_answer(address: str) -> None:
    """Refuse an address at once that no cluster answers at, or not in the expected way: Ray would try for minutes.

    Raises:
        UserError: Nothing answers, or something that does not fit.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if address in (LOCAL, "auto"):
        return
    if not colon or not port.isdigit():
        raise UserError(
            f"the address of a Ray cluster is local, auto, or HOST:PORT as `ray start` prints it: {address!r}"
        )
    host, context = host.strip("[]"), _tls_context()
    try:
        with (
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) if context else plain as connection,
        ):
            greeted = _greeted(connection)
    except (OSError, OverflowError) as error:
        raise UserError(f"no Ray cluster answers at {address!r}: {error}") from None
    if not greeted:
        raise UserError(
            f"what answers at {address!r} is no Ray cluster, or one with TLS: then RAY_USE_TLS=1 and its certificates "
            "must be set here, too: see runs/cluster/README.md"
        )


def _greeted(connection: socket.socket) -> bool:
    """Whether somebody answers in HTTP/2, as Ray does: with a frame of settings (RFC 9113, 3.4 and 4.1)."""
    with suppress(ConnectionError), connection.makefile("rb") as answer:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        return answer.read(4)[3:] == b"\x04"
    return False


def _tls_context() -> ssl.SSLContext | None:
    """With Ray's certificates, if it has been told to use TLS; both sides show theirs.

    Raises:
        UserError: They cannot be read.
    """
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return None
    try:
        context = ssl.create_default_context(cafile=os.environ["RAY_TLS_CA_CERT"])
        context.load_cert_chain(os.environ["RAY_TLS_SERVER_CERT"], os.environ["RAY_TLS_SERVER_KEY"])
    except (OSError, KeyError) as error:
        raise UserError(
            "with RAY_USE_TLS=1, RAY_TLS_CA_CERT, RAY_TLS_SERVER_CERT and RAY_TLS_SERVER_KEY must name files in PEM: "
            f"{type(error).__name__}: {error}"
        ) from None
    context.set_alpn_protocols(["h2"])
    return context
