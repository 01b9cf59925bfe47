"""The arrival of a question: its record and its answer begin in one order only."""

from __future__ import annotations

import threading
from typing import Literal


class _WithdrawnError(Exception):
    """Rolls back the transaction of a question that is being answered already."""


class Arrival:
    """Decides once what comes first: the record of a question, or the begin of its answer.

    The transaction that writes it asks at its end, and the event loop when it has waited enough.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decision: Literal["", "recorded", "late", "withdrawn"] = ""

    def close(self) -> bool:
        """Return True if the answer has begun already.

        Else it never begins before the question is recorded.

        Raises:
            _WithdrawnError: the question is not to be recorded.
        """
        with self._lock:
            self._decision = self._decision or "recorded"
            if self._decision == "withdrawn":
                raise _WithdrawnError
            return self._decision == "late"

    def decide(self, decision: Literal["late", "withdrawn"]) -> bool:
        """Decide for the event loop; return False if it is too late."""
        with self._lock:
            if not self._decision:
                self._decision = decision
            return self._decision == decision
