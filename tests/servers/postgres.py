"""A PostgreSQL server on the loopback interface, from Debian's packages, and databases on it.

`python -m tests.servers.postgres COMMAND...` runs a command; the server's URL is in `URL_VARIABLE`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

URL_VARIABLE = "TEST_POSTGRES_URL"
"""The environment variable with the URL of a server, on which tests create databases."""

_USER = "postgres"
"""Debian's user for the server, which refuses to run as root."""

_FAST = "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nmax_connections=200\n"


class PostgresServer:
    """A server in a temporary folder, as an unprivileged user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _find_free_port()
        self.url = f"postgresql+psycopg://docent@127.0.0.1:{self.port}/postgres"

    @classmethod
    @contextlib.contextmanager
    def run(cls) -> Iterator[PostgresServer]:
        """Create and start a server; stop it at the end of the block."""
        with tempfile.TemporaryDirectory(prefix="docent-postgres-") as folder:
            server = cls(Path(folder))
            server.create()
            server.start()
            try:
                yield server
            finally:
                server.stop()

    def create(self) -> None:
        """Create the files of the server."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, _USER, _USER)
        self._execute("initdb", "--auth=trust", "--username=docent", "--encoding=UTF8", "-N")
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_FAST}port={self.port}\nlisten_addresses='127.0.0.1'\n")
            settings.write(f"unix_socket_directories='{self.folder}'\n")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._execute("pg_ctl", "start", "--wait", "--log", str(self.folder / "log"))

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server and wait until it has ended."""
        self._execute("pg_ctl", "stop", "--wait", "--mode", mode)

    def _execute(self, program: str, *words: str) -> None:
        command = [str(_find_program(program)), "--pgdata", str(self.folder / "data"), *words]
        user = {"user": _USER, "group": _USER} if os.geteuid() == 0 else {}
        # Not through a pipe: the server would inherit it and keep it open.
        with (self.folder / f"{program}.output").open("wb") as output:
            ran = subprocess.run(
                command, stdout=output, stderr=output, cwd=self.folder, check=False, **user
            )
        if ran.returncode:
            raise RuntimeError((self.folder / f"{program}.output").read_text())


@contextlib.contextmanager
def create_database(server_url: str) -> Iterator[str]:
    """Create an empty database on a server; yield its URL, and drop it at the end."""
    name = f"test_{uuid4().hex[:12]}"
    engine = create_engine(server_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def is_installed() -> bool:
    """Return True if the programs and the user of the server are there."""
    if os.geteuid() == 0 and _USER not in {user.pw_name for user in pwd.getpwall()}:
        return False
    return _find_program("initdb") is not None and _find_program("pg_ctl") is not None


def install() -> bool:
    """Install Debian's package if it is missing; return False if that can't be done here."""
    if is_installed():
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    quiet = {
        "stdout": subprocess.DEVNULL,
        "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    }
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
        subprocess.run(["apt-get", "-qq", *words], check=False, **quiet)
    return is_installed()


def _find_program(name: str) -> Path | None:
    """Return the path of the newest version; Debian keeps most of them out of PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: float(path.parts[-3]),
    )
    on_path = shutil.which(name)
    return found[-1] if found else Path(on_path) if on_path else None


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: Sequence[str]) -> int:
    """Run a command with a server; return its exit status."""
    if not install():
        sys.stdout.write(
            "test-postgres: skipped, because PostgreSQL can't be installed here: as root, run "
            "apt-get install postgresql.\n"
        )
        return 0
    with PostgresServer.run() as server:
        return subprocess.run(
            command, env=os.environ | {URL_VARIABLE: server.url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
