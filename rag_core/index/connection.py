"""The connection to Milvus: opened, limited in time, watched, and opened again if it must be."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pymilvus import MilvusClient, MilvusException
from tenacity import Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

from rag_core.addresses import check_port
from rag_core.deadline import find_seconds_left, limit_seconds
from rag_core.errors import (
    StoreError,
    StoreFormatError,
    StoreLockedError,
    StoreUnavailableError,
)
from rag_core.index.milvus_errors import (
    build_unavailable_error,
    is_rate_limited,
    is_unloaded,
    translate_errors,
)
from rag_core.index.milvus_lite import check_directory, release_lock, silence_loggers
from rag_core.outages import Outages
from rag_core.settings import RagSettings

READ_SECONDS = 5.0
"""For one read. A search takes milliseconds, and a frozen server would hold it for ever."""

SCAN_SECONDS = 60.0
"""For one read of many rows, and for one write."""

BUILD_SECONDS = 600.0
"""For the steps that take longer the larger a collection is: to flush it and to load it."""

_OPEN_SECONDS = 10
_PAUSE_SECONDS = 2.0
_LITE_FACTOR = 12  # it reads from this machine's disk, and no peer can freeze
_LEAST_SECONDS = 0.001
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0  # a server with default limits flushes once in 10 s


def _build_grpc_options(*, lite: bool) -> dict[str, int]:
    # A peer that was frozen is noticed by a ping, also by the calls for which pymilvus sets no
    # deadline. Its own 10 s make Milvus Lite answer with `too_many_pings`.
    return {
        "grpc.keepalive_time_ms": 600_000 if lite else 60_000,
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

    def limit(self, seconds: float = READ_SECONDS) -> float:
        """Return the seconds for one call.

        A question has `READ_SECONDS` for each of its calls, or what is left of its time.
        """
        most = seconds if find_seconds_left() is None else min(seconds, READ_SECONDS)
        return limit_seconds(most * _LITE_FACTOR if self.lite else most) or most

    def call(
        self,
        method: Callable[..., Any],
        *arguments: Any,
        seconds: float = READ_SECONDS,
        **options: Any,
    ) -> Any:
        """Call Milvus within a time; call again while a rate limit refuses.

        pymilvus itself would wait for a rate limit past the time, and for fewer kinds of it.

        Args:
            method: a method of `client`.
            *arguments: its arguments.
            seconds: for all attempts together.
            **options: more arguments.

        Returns:
            What the method returns.

        Raises:
            StoreUnavailableError: Milvus does not answer.
            StoreBusyError: Milvus still limits the rate of calls at the end of the time.
            CollectionGoneError: the collection does not exist.
            StoreError: Milvus refused.
        """
        most = self.limit(seconds)
        ends = time.monotonic() + most

        def attempt() -> Any:
            left = max(ends - time.monotonic(), _LEAST_SECONDS)
            return method(*arguments, timeout=left, retry_on_rate_limit=False, **options)

        attempts = Retrying(
            retry=retry_if_exception(is_rate_limited),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
            stop=stop_before_delay(most),
            reraise=True,
        )
        with self.watch_call():
            return attempts(attempt)

    def read(
        self, method: Callable[..., Any], collection: str, *arguments: Any, **options: Any
    ) -> Any:
        """Read from a collection; load it first if Milvus was started again.

        Args:
            method: a method of `client`.
            collection: name of the collection.
            *arguments: more arguments of the method.
            **options: as those of `call`.

        Returns:
            What the method returns.

        Raises:
            StoreError: see `call`.
        """
        try:
            return self.call(method, collection, *arguments, **options)
        except StoreError as error:
            if not is_unloaded(error):
                raise
        self.load(collection)
        return self.call(method, collection, *arguments, **options)

    def load(self, collection: str) -> None:
        """Load a collection into Milvus's memory, where it may be already.

        Raises:
            StoreError: see `call`.
        """
        self.call(self.client.load_collection, collection, seconds=BUILD_SECONDS)

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
        """Search a collection.

        Args:
            collection: name of the collection.
            queries: the queries; only the first one's rows are returned.
            **options: arguments of pymilvus's search.

        Returns:
            The rows, best first.

        Raises:
            StoreError: Milvus does not answer, or refused.
        """
        found = self.read(self.client.search, collection, queries, **options)
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
                    grpc_options=_build_grpc_options(lite=self.lite),
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
