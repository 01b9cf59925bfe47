"""The way to the running service: a Unix socket, or a port of this machine with a secret.

Windows has no Unix sockets in Python. There the service listens on the loopback address, and the
file that would be the socket holds the port and a secret, for the user of docent alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

HAS_UNIX_SOCKETS = hasattr(socket, "AF_UNIX")

_LOOPBACK = "127.0.0.1"
_PROOF_CHARACTERS = 64
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoopbackDoor:
    """A port of this machine, and the secret of those who may use it.

    Attributes:
        port: the port at the loopback address.
        secret: known to the service and to those who can read its file.
    """

    port: int
    secret: str

    @classmethod
    def create(cls, port: int, path: Path) -> LoopbackDoor:
        """Create the secret of a port, and the file that holds both.

        Raises:
            OSError: the file can't be written.
        """
        door = cls(port, secrets.token_hex(32))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            json.dump(asdict(door), file)
        return door

    @classmethod
    def read(cls, path: Path) -> LoopbackDoor:
        """Read the file of a running service.

        Raises:
            OSError: there is none that could be read.
        """
        try:
            found = json.loads(path.read_text())
            return cls(int(found["port"]), str(found["secret"]))
        except (ValueError, TypeError, KeyError) as error:
            raise FileNotFoundError(path) from error  # it is being written, or is none of docent's

    def connect(self, seconds: float) -> socket.socket:
        """Connect, and let the service prove that it knows the secret.

        After a service was killed, another program may have got its port.

        Raises:
            ConnectionRefusedError: the service is not there any more.
            OSError: it can't be reached.
        """
        connection = socket.create_connection((_LOOPBACK, self.port), seconds)
        try:
            nonce = secrets.token_hex(_NONCE_BYTES)
            connection.sendall(f"{nonce}\n".encode())
            if not hmac.compare_digest(_read_proof(connection), self.compute_proof(nonce.encode())):
                raise ConnectionRefusedError
        except OSError:
            connection.close()
            raise
        return connection

    def compute_proof(self, nonce: bytes) -> bytes:
        """Return what only those can compute who know the secret."""
        return hmac.new(self.secret.encode(), nonce, hashlib.sha256).hexdigest().encode()

    def seal(self, line: bytes) -> bytes:
        """Return the line of a request with the secret before it."""
        return self.secret.encode() + b" " + line

    def open(self, sealed: bytes) -> bytes | None:
        """Return the line of a request; None if its secret is wrong."""
        secret, _, line = sealed.partition(b" ")
        return line if hmac.compare_digest(secret, self.secret.encode()) else None


def _read_proof(connection: socket.socket) -> bytes:
    proof = b""
    while len(proof) < _PROOF_CHARACTERS:
        piece = connection.recv(_PROOF_CHARACTERS - len(proof))
        if not piece:
            break
        proof += piece
    return proof
