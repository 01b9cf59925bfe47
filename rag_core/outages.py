"""Outages: which of the services that docent leans on do not work at the moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

logger = logging.getLogger(__name__)

Service = Literal["llm", "rewriter", "reranker", "embedder", "milvus"]


@dataclass(frozen=True, slots=True)
class Outage:
    """A problem of a service that goes on.

    Attributes:
        service: the service.
        sentence: the problem and what to do about it; it holds no key.
        since: when it was reported first.
    """

    service: Service
    sentence: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


OutageCallback = Callable[[Service, Outage | None], None]
"""Gets the service and its new outage, or None when it works again."""

FailureCallback = Callable[[Service, str], None]
"""Gets the service and the kind of a failure, such as an HTTP status or `timeout`."""


class Outages:
    """The current outages; may be used from several threads.

    Clients report a problem whenever they meet it, and clear it whenever a call succeeds. Only
    changes reach the subscribers: a first problem, one with another sentence, and its end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: dict[Service, Outage] = {}
        self._callbacks: list[OutageCallback] = []
        self._failure_callbacks: list[FailureCallback] = []

    def report(self, service: Service, sentence: str) -> None:
        """Report that a service does not work."""
        with self._lock:
            known = self._current.get(service)
            if known is not None and known.sentence == sentence:
                return
            outage = Outage(service, sentence) if known is None else _renew(known, sentence)
            self._current[service] = outage
        self._publish(service, outage)

    def clear(self, service: Service) -> None:
        """Report that a service works."""
        if service not in self._current:  # nearly always, so without the lock
            return
        with self._lock:
            known = self._current.pop(service, None)
        if known is not None:
            self._publish(service, None)

    def forget(self, outage: Outage) -> None:
        """Drop an outage that is over elsewhere.

        Its next report is a first one again. No subscriber is called, and an outage that has
        changed meanwhile stays.
        """
        with self._lock:
            if self._current.get(outage.service) is outage:
                del self._current[outage.service]

    def record_failure(self, service: Service, kind: str) -> None:
        """Record that one call failed, also where the next may work."""
        for callback in tuple(self._failure_callbacks):
            callback(service, kind)

    def list_current(self) -> tuple[Outage, ...]:
        """Return the outages that go on, the oldest first."""
        with self._lock:
            return tuple(sorted(self._current.values(), key=lambda outage: outage.since))

    def subscribe(self, callback: OutageCallback) -> None:
        """Call back at each change, on the reporting thread."""
        self._callbacks.append(callback)

    def subscribe_to_failures(self, callback: FailureCallback) -> None:
        """Call back at each failure, on the thread that met it."""
        self._failure_callbacks.append(callback)

    def _publish(self, service: Service, outage: Outage | None) -> None:
        for callback in tuple(self._callbacks):
            try:
                callback(service, outage)
            except Exception:
                # A message that can't be sent must not cost the answer.
                logger.exception("An outage of %s could not be passed on", service)


def _renew(known: Outage, sentence: str) -> Outage:
    return Outage(known.service, sentence, known.since)
