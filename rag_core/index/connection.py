"""The connection to Milvus: opened, limited in time, watched, and opened again if it must be."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pymilvus import MilvusClient, MilvusException

from rag_core.addresses import check_port
from rag_core.deadline import find_seconds_left, limit_seconds
from rag_core.errors import (
    StoreError,
    StoreFormatError,
    StoreLockedError,
    StoreUnavailableError,
)
from rag_core.index.milvus_errors import build_unavailable_error, translate_errors
from rag_core.index.milvus_lite import check_directory, release_lock, silence_loggers
from rag_core.outages import Outages
from rag_core.settings import RagSettings

_OPEN_SECONDS = 10
_CALL_SECONDS = 5.0
"""For one call of a question. A search takes milliseconds, and a frozen server would hold it for
more than a minute."""
_PAUSE_SECONDS = 2.0
_LITE_SECONDS = 60.0  # it reads from this machine's disk, and no peer can freeze
_UNLOADED = re.compile(r"released|not (fully )?loaded", re.IGNORECASE)
"""The words of Milvus Lite and of a server for a collection that is not in memory."""

_GRPC_OPTIONS = {
    # pymilvus pings every 10 s by default, and servers answer with `too_many_pings` warnings.
    "grpc.keepalive_time_ms": 600_000,
    "grpc.keepalive_permit_without_calls": 0,
    # A server that is back is found within seconds; the default is two minutes.
    "grpc.max_reconnect_backoff_ms": 5_000,
}


class MilvusConnection:
    """One client of Milvus: Lite, a server or Zilliz Cloud.

    Attributes:
        uri: the address, or the path of Milvus Lite.
        lite: True for Milvus Lite.
        client: the client; another one after `renew_if_moved`.
    """

    def __init__(self, settings: RagSettings, outages: Outages) -> None:
        path = settings.milvus_path
        self.uri = str(path or settings.milvus_uri)
        self.lite = path is not None
        self._token = settings.milvus_token.get_secret_value() if settings.milvus_token else ""
        self._outages = outages
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self.client = self._connect()
        self._inode = self._read_inode()

    @classmethod
    def open(cls, settings: RagSettings, outages: Outages) -> Self:
        """Connect to Milvus.

        Raises:
            SettingsError: the Lite path does not end in `.db`.
            StoreLockedError: another process holds the Lite directory.
            StoreFormatError: the path is not a Lite directory, or it is damaged.
            StoreUnavailableError: no Milvus answers at the URI.
        """
        silence_loggers()
        return cls(settings, outages)

    @property
    def seconds(self) -> float | None:
        """Seconds for one call of a question; None, for pymilvus's own limit, outside of one."""
        if find_seconds_left() is None:
            return None
        return limit_seconds(_LITE_SECONDS if self.lite else _CALL_SECONDS)

    @contextmanager
    def watch_call(self) -> Iterator[None]:
        """Translate the errors of a block, and report whether Milvus works.

        Raises:
            StoreUnavailableError: no Milvus answers. For a moment, the further calls of questions
                fail at once, since each of them would wait as long.
            StoreError: Milvus refused.
        """
        if find_seconds_left() is not None and time.monotonic() < self._silent_until:
            raise build_unavailable_error(self.uri)
        try:
            with translate_errors(self.uri):
                yield
        except (StoreUnavailableError, StoreFormatError, StoreLockedError) as error:
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            self._outages.report("milvus", str(error))
            raise
        self._outages.clear("milvus")

    def search(self, collection: str, queries: list[Any], **options: Any) -> list[Any]:
        """Search a collection; load it first if Milvus was started again.

        Args:
            collection: name of the collection.
            queries: the queries; only the first one's rows are returned.
            **options: arguments of pymilvus's search.

        Returns:
            The rows, best first.

        Raises:
            StoreError: Milvus does not answer, or refused.
        """
        try:
            return self._search(collection, queries, options)
        except StoreError as error:
            if not _UNLOADED.search(str(error)):
                raise
        with self.watch_call():
            self.client.load_collection(collection, timeout=self.seconds)
        return self._search(collection, queries, options)

    def _search(self, collection: str, queries: list[Any], options: dict[str, Any]) -> list[Any]:
        with self.watch_call():
            found = self.client.search(collection, queries, timeout=self.seconds, **options)
        rows: list[Any] = found[0]
        return rows

    def renew_if_moved(self) -> bool:
        """Open a Lite directory again if it was deleted or replaced.

        Milvus Lite would go on with what it has in memory, and write into deleted files.

        Returns:
            True if it was opened again.

        Raises:
            StoreLockedError, StoreFormatError, StoreUnavailableError: the directory that is there
                now can't be opened.
        """
        if not self.lite or self._read_inode() == self._inode:
            return False
        with self._lock:
            if self._read_inode() == self._inode:  # another thread was quicker
                return False
            with self.watch_call():
                self.close()
                self._inode = -1  # until a new directory is open
                self.client, self._inode = self._connect(), self._read_inode()
        return True

    def close(self) -> None:
        """Close the connection, and free a Lite directory for other processes."""
        self.client.close()
        if self.lite:
            release_lock(self.uri)

    def _connect(self) -> MilvusClient:
        if self.lite:
            check_directory(Path(self.uri))
        else:
            check_port("DOCENT_MILVUS_URI", self.uri)
        with translate_errors(self.uri):
            try:
                return MilvusClient(
                    uri=self.uri,
                    token=self._token,
                    timeout=_OPEN_SECONDS,
                    grpc_options=_GRPC_OPTIONS,
                )
            except MilvusException:
                if self.lite:  # another process was quicker: name it as the holder
                    check_directory(Path(self.uri))
                raise

    def _read_inode(self) -> int | None:
        """Return what tells one Lite directory from another; None without one."""
        if not self.lite:
            return None
        try:
            return os.stat(Path(self.uri) / "LOCK").st_ino  # noqa: PTH116  (twice for a question)
        except OSError:
            return None
