"""The parts of the running bot that all surfaces share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.calls.library import ServedLibrary
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.lease_keeper import Pace
from bot.conversation.protocols import AnswerPipeline
from bot.conversation.runner import WORKERS, PipelineRunner
from bot.conversation.surfaces import SurfaceHandler
from bot.health.readiness import Readiness
from bot.health.telemetry import Telemetry
from bot.index_service import IndexService
from bot.storage.database import BotDatabase
from bot.storage.problems import Problem
from bot.types import Surface


@dataclass(frozen=True, slots=True)
class AppParts:
    """The parts of the bot that do not depend on a surface.

    Attributes:
        pipeline: answers questions.
        index: syncs the index, reports on it and rolls it back; its methods block.
        database: the bot's tables.
        warm_up: loads the models; called on a thread before docent takes questions.
        max_questions: most questions in the pipeline at once; further ones wait in the inbox.
        instructions: what the team tells the LLM.
        reads_images: True if the LLM takes pictures.
        telemetry: counts questions, and calls of Slack.
        readiness: is told of the connections.
        list_problems: returns what does not work at the moment, for admins; blocks.
        library: answers programs; None for none of them.
    """

    pipeline: AnswerPipeline
    index: IndexService
    database: BotDatabase
    warm_up: Callable[[], None]
    max_questions: int = WORKERS
    instructions: str = ""
    reads_images: bool = False
    telemetry: Telemetry = field(default_factory=Telemetry)
    readiness: Readiness = field(default_factory=Readiness)
    list_problems: Callable[[], Sequence[Problem]] = tuple
    library: ServedLibrary | None = None


@dataclass(frozen=True, slots=True)
class Intervals:
    """The times, in seconds, that pace the messages and the end.

    Attributes:
        flush_seconds: from one flush of an answer to the next.
        edit_seconds: from one edit of a sync's progress message to the next.
        grace_seconds: time for answers in flight to end when docent stops.
        pace: of the line.
    """

    flush_seconds: float = 1.0
    edit_seconds: float = 3.0
    grace_seconds: float = 18.0
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The line of questions and the workers of all surfaces.

    Attributes:
        runner: runs the pipeline.
        surfaces: those of this process; each adds itself.
        dispatcher: takes the questions from the line, and gives each to its surface.
    """

    runner: PipelineRunner
    surfaces: dict[Surface, SurfaceHandler]
    dispatcher: Dispatcher

    @classmethod
    def build(cls, parts: AppParts, pace: Pace) -> Conversation:
        """Build the line and the workers over the parts of the bot."""
        surfaces: dict[Surface, SurfaceHandler] = {}
        dispatcher = Dispatcher(
            parts.database.inbox,
            parts.database.inbox_view,
            surfaces,
            slots=parts.max_questions,
            pace=pace,
        )
        runner = PipelineRunner(parts.pipeline, workers=parts.max_questions)
        return cls(runner, surfaces, dispatcher)
