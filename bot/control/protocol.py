"""The language of the control socket: a JSON object a line, requests one way, events the other."""

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
from bot.errors import ControlError
from bot.index_service import SyncRequest
from ingest.changes.preview import Preview
from ingest.report import IngestReport, Progress
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
"""Bytes of a line; a longer one is not docent's."""

Command = Literal["stream", "search", "by_embedding", "sync", "roll_back", "check"]


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """What the command line asks of the running service.

    Attributes:
        command: what to do.
        question: to answer or to search for.
        limit: passages to find.
        sync: what to sync, and how; names are those of the service's own DOCENT_SOURCES.
        repair: repair what a check of the index finds.
    """

    command: Command
    question: Question | None = None
    limit: int = 10
    sync: SyncRequest | None = None
    repair: bool = False

    # An option that this version does not know is refused: to ignore it may do harm.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, by the name of its class and its sentence."""

    kind: str
    says: str

    @classmethod
    def of(cls, error: DocentError) -> Failure:
        """The error as it is sent."""
        return cls(type(error).__name__, str(error))

    def to_error(self) -> DocentError:
        """The error as it was raised, for one of docent's own classes."""
        for module in (rag_core.errors, ingest.errors, bot.errors):
            kind = getattr(module, self.kind, None)
            if isinstance(kind, type) and issubclass(kind, DocentError):
                error = kind.__new__(kind)
                error.args = (self.says,)
                return error
        return DocentError(self.says)


KINDS: dict[str, TypeAdapter[Any]] = {
    "request": TypeAdapter(ControlRequest),
    "progress": TypeAdapter(Progress),
    "searching": TypeAdapter(SearchStarted),
    "ranking": TypeAdapter(RerankStarted),
    "text": TypeAdapter(TextDelta),
    "answer": TypeAdapter(Answer),
    "passages": TypeAdapter(tuple[Passage, ...]),
    "hits": TypeAdapter(tuple[Hit, ...]),
    "checks": TypeAdapter(tuple[CheckResult, ...]),
    "result": TypeAdapter(dict[str, Any]),
    "failure": TypeAdapter(Failure),
}
"""What a line may hold, by the name that stands beside it."""

parse_report: Callable[[Any], IngestReport] = TypeAdapter(IngestReport).validate_python
parse_preview: Callable[[Any], Preview] = TypeAdapter(Preview).validate_python
parse_version: Callable[[Any], IndexVersion] = TypeAdapter(IndexVersion).validate_python


def build_version_error() -> ControlError:
    """Build the error of two versions of docent that do not understand each other."""
    return ControlError("The running `docent serve` is of another version: restart it.")


def encode(kind: str, value: Any) -> bytes:
    """A line."""
    data = KINDS[kind].dump_python(value, mode="json")
    return json.dumps({"kind": kind, "data": data}).encode() + b"\n"


def decode(line: bytes) -> tuple[str, Any]:
    """What a line holds, and under which name.

    Raises:
        ControlError: it is not docent's.
    """
    try:
        item = json.loads(line)
        return item["kind"], KINDS[item["kind"]].validate_python(item["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise build_version_error() from error


def read_lines(connection: socket.socket) -> Iterator[bytes]:
    """Lines as they come, until the other side is done.

    Raises:
        ControlError: a line has no end.
    """
    with connection.makefile("rb") as stream:
        while line := stream.readline(MAX_LINE):
            if not line.endswith(b"\n"):
                raise ControlError("The running `docent serve` broke off: look into its log.")
            yield line
