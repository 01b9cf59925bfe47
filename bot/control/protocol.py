"""The protocol of the control socket: one JSON object per line, requests in, events out."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

import bot.errors
import ingest.errors
import rag_core.errors
from bot.calls.requests import Answered, Ask, PageRequest, Progress
from bot.calls.schema import PageResult, SearchResult
from bot.errors import ControlError
from bot.index_service import SyncRequest
from ingest.changes.preview import Preview
from ingest.report import IngestReport
from ingest.report import Progress as SyncProgress
from ingest.types import IndexVersion
from rag_core.errors import DocentError
from rag_core.models.known_answers import CheckResult
from rag_core.types import (
    Answer,
    Hit,
    Passage,
    Question,
    RerankStarted,
    SearchStarted,
    TextDelta,
)

MAX_LINE = 64 * 2**20
"""Most bytes in a line; docent sends no longer one."""

Command = Literal[
    "stream",
    "search",
    "by_embedding",
    "sync",
    "roll_back",
    "check",
    "search_docs",
    "read_page",
    "ask_docs",
]


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """A request of the command line to the running service.

    Attributes:
        command: the method of the pipeline or of the index to call.
        question: the question to answer or to search for.
        limit: most passages or hits to return.
        sync: the sources and options of a sync; names refer to the service's DOCENT_SOURCES.
        repair: repair what a check of the index finds.
        page: the page to read for a program.
        ask: the question of a program; it is answered in the line.
    """

    command: Command
    question: Question | None = None
    limit: int = 10
    sync: SyncRequest | None = None
    repair: bool = False
    page: PageRequest | None = None
    ask: Ask | None = None

    # Refuse an option that this version does not know: ignoring it may do harm.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on the wire: the name of its class, and its sentence."""

    kind: str
    says: str

    @classmethod
    def of(cls, error: DocentError) -> Failure:
        """Build the failure that carries an error."""
        return cls(type(error).__name__, str(error))

    def to_error(self) -> DocentError:
        """Rebuild the error; an unknown class becomes `DocentError`."""
        for module in (rag_core.errors, ingest.errors, bot.errors):
            kind = getattr(module, self.kind, None)
            if isinstance(kind, type) and issubclass(kind, DocentError):
                error = kind.__new__(kind)
                error.args = (self.says,)
                return error
        return DocentError(self.says)


KINDS: dict[str, TypeAdapter[Any]] = {
    "request": TypeAdapter(ControlRequest),
    "progress": TypeAdapter(SyncProgress),
    "searching": TypeAdapter(SearchStarted),
    "ranking": TypeAdapter(RerankStarted),
    "text": TypeAdapter(TextDelta),
    "answer": TypeAdapter(Answer),
    "passages": TypeAdapter(tuple[Passage, ...]),
    "hits": TypeAdapter(tuple[Hit, ...]),
    "checks": TypeAdapter(tuple[CheckResult, ...]),
    "result": TypeAdapter(dict[str, Any]),
    "found": TypeAdapter(SearchResult),
    "page": TypeAdapter(PageResult),
    "note": TypeAdapter(Progress),
    "answered": TypeAdapter(Answered),
    "failure": TypeAdapter(Failure),
}
"""The type of the data in a line, by the line's `kind`."""

parse_report: Callable[[Any], IngestReport] = TypeAdapter(IngestReport).validate_python
parse_preview: Callable[[Any], Preview] = TypeAdapter(Preview).validate_python
parse_version: Callable[[Any], IndexVersion] = TypeAdapter(IndexVersion).validate_python


def build_version_error() -> ControlError:
    """Build the error for two incompatible versions of docent."""
    return ControlError("The running `docent serve` has another version of docent: restart it.")


def encode(kind: str, value: Any) -> bytes:
    """Encode a value as one line, with the name of its kind."""
    data = KINDS[kind].dump_python(value, mode="json")
    return json.dumps({"kind": kind, "data": data}).encode() + b"\n"


def decode(line: bytes) -> tuple[str, Any]:
    """Decode a line into the name of its kind and its value.

    Raises:
        ControlError: the line is not of this protocol, or of another version of it.
    """
    try:
        item = json.loads(line)
        return item["kind"], KINDS[item["kind"]].validate_python(item["data"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise build_version_error() from error


def read_lines(connection: socket.socket) -> Iterator[bytes]:
    """Yield each line as it arrives, until the other side closes.

    Raises:
        ControlError: the connection broke within a line, or the line is too long.
    """
    with connection.makefile("rb") as stream:
        while line := stream.readline(MAX_LINE):
            if not line.endswith(b"\n"):
                raise ControlError("The running `docent serve` broke off: see its log.")
            yield line
