"""Words: every sentence a Slack user sees, and which error is told how."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot import errors as bot_errors
from ingest import errors as ingest_errors
from rag_core import errors
from rag_core.types import Degradation

if TYPE_CHECKING:
    from ingest.jobs import Trouble
    from ingest.report import IngestReport, Progress
    from ingest.status import IndexStatus

SEARCHING = "Searching the documentation"
NOT_FOUND = "I found nothing about that in the documentation."
SOURCES = "Sources"
NEAREST = "The nearest pages"
UNEXPECTED = (
    "Sorry, something went wrong on my side, and I have written it to my log. "
    "Please ask again in a moment."
)
RESTARTING = "Sorry, I am being restarted and could not finish. Please ask again in a minute."
HINT = (
    "Hi! Ask me anything about the documentation: mention me with your question, or write it to "
    "me in a direct message. For example: _How do I get started?_"
)
HELP = (
    "*docent* answers questions from the documentation. Mention me in a channel, or write to me "
    "in a direct message.\n"
    "• `/docent status`: what I know and how fresh it is (admins)\n"
    "• `/docent reindex`: read the documentation again now (admins)\n"
    "• `/docent help`: this text"
)
ADMINS_ONLY = (
    "Sorry, only docent's admins can do that. They are listed in the setting `DOCENT_ADMINS`; "
    "please ask one of them."
)
REINDEX_STARTED = "Reading the documentation again. I will tell you here when it is done."
REINDEX_RUNNING = "The documentation is being read again already; I did not start a second run."
NO_INDEX_YET = "Nothing has been indexed yet. Run `/docent reindex` to begin."

DEGRADED: dict[Degradation, str] = {
    "no_llm": "No language model is set up, so this quotes the documentation",
    "llm_failed": "The language model did not answer, so this quotes the documentation",
    "llm_cut_off": "The language model stopped before the end",
    "rerank_cut": "Ranking took too long, so some passages are in search order",
    "rerank_failed": "The passages could not be ranked and are in search order",
    "unsupported": "No source was found for what this answer says",
    "lexical_failed": "Exact words could not be searched, only meaning",
    "script_unread": "My model reads English, and none of your words is in the documentation",
}

ERRORS: dict[type[errors.DocentError], str] = {
    errors.DocentError: UNEXPECTED,
    errors.SettingsError: "My settings are not complete. Please tell the people who run me.",
    errors.QuestionError: "I can't read that question. Could you ask it in other words?",
    errors.EmptyQuestionError: "Your message has no question in it. What would you like to know?",
    errors.QuestionTooLongError: "That is longer than I can read. Could you ask it in fewer words?",
    errors.BusyError: ("I am busy: many questions are before yours. Please ask again in a moment."),
    errors.ModelError: "My language models failed. Please ask again in a moment.",
    errors.ModelUnavailableError: (
        "One of my models is not there. Please tell the people who run me; "
        "`docent doctor --models` names it."
    ),
    errors.StoreError: "I can't search the documentation just now. Please ask again in a moment.",
    errors.StoreUnavailableError: (
        "I can't reach my search index just now. Please ask again in a few minutes."
    ),
    errors.StoreLockedError: (
        "Another program holds my search index. Please tell the people who run me."
    ),
    errors.StoreFormatError: "My search index can't be read. Please tell the people who run me.",
    errors.IndexMissingError: (
        "I have not read any documentation yet. An admin can start with `/docent reindex`."
    ),
    errors.IndexMismatchError: (
        "My search index was made with another model, or by an older version of me. An admin can "
        "mend it with `/docent reindex`."
    ),
    errors.EvaluationError: "What is to be measured can't be used. Please check the files.",
    errors.GenerationError: "The language model gave no answer. Please ask again in a moment.",
    errors.LLMUnavailableError: (
        "The language model does not answer just now. Please ask again in a few minutes."
    ),
    errors.LLMInterruptedError: (
        "The language model stopped in the middle of the answer. Please ask again."
    ),
    ingest_errors.IngestError: "Reading the documentation failed. The index is as it was.",
    ingest_errors.SourceError: "A source can't be read. The index is as it was.",
    ingest_errors.SourceNotFoundError: (
        "A source is not where `DOCENT_SOURCES` says. The index is as it was."
    ),
    ingest_errors.SourceFormatError: (
        "A source is not the kind of file its name says. The index is as it was."
    ),
    ingest_errors.SourceEmptyError: "A source holds no documents. The index is as it was.",
    ingest_errors.SourceRefusedError: (
        "A source was refused, for safety or because it asks not to be read. The index is as it "
        "was; my log says more."
    ),
    ingest_errors.SourceAccessError: (
        "A source wants another login or token. The index is as it was; please tell the people "
        "who run me."
    ),
    ingest_errors.ToolMissingError: (
        "A program that a source needs is not installed. Please tell the people who run me."
    ),
    ingest_errors.DownloadError: "A source could not be downloaded. The index is as it was.",
    ingest_errors.StateError: (
        "I can't use my state database just now. Please tell the people who run me."
    ),
    ingest_errors.SyncRunningError: REINDEX_RUNNING,
    ingest_errors.PublishError: (
        "The new index did not pass its checks, so the old one goes on answering."
    ),
    ingest_errors.SourceShrankError: (
        "A source lost many of its pages, so the old index goes on answering. If that is right, "
        "the people who run me can say so with `docent index --force`."
    ),
    ingest_errors.GoldenError: (
        "The new index finds less than the old one, so the old one goes on answering. If that is "
        "right, the people who run me can say so with `docent index --force`."
    ),
    ingest_errors.IndexPinnedError: (
        "My index was rolled back and stays as it is, until `docent index --resume` is run."
    ),
    ingest_errors.NoVersionError: "There is no older version of my index to go back to.",
    bot_errors.BotError: UNEXPECTED,
    bot_errors.ControlError: "I can't be reached from the command line. My log says more.",
    bot_errors.SyncStoppedError: (
        "I am being restarted and stopped reading the documentation. The index is as it was; "
        "please start again in a minute."
    ),
    bot_errors.SlackUnavailableError: "I can't reach Slack just now. Please ask again in a moment.",
}


def sentence(error: BaseException) -> str:
    """What the user is told about an error: the line of its class or of the nearest base."""
    if isinstance(error, errors.BusyError):
        return busy(error.position)
    for kind in type(error).__mro__:
        if kind in ERRORS:
            return ERRORS[kind]
    return UNEXPECTED


def busy(position: int) -> str:
    """A question that was not taken, because too many wait."""
    return (
        f"I am busy: your question would be number {position} in line. "
        "Please ask again in a moment."
    )


def ranking(candidates: int) -> str:
    """The stage in which candidates are reranked."""
    return f"Ranking {candidates} passages" if candidates != 1 else "Ranking 1 passage"


def unknown_word(word: str) -> str:
    """A slash command that docent does not know."""
    return f"I don't know `{_plain(word)}`.\n{HELP}"


def syncing(progress: Progress) -> str:
    """How far a sync is."""
    share = f" ({progress.done * 100 // progress.total} %)" if progress.total else ""
    return f"Reading the documentation again: {progress.stage}, {progress.done}{share}"


def report(done: IngestReport) -> str:
    """What a sync did."""
    lines = [
        f"Documentation read in {done.seconds:.0f} s.",
        f"• in the index: {done.documents} pages in {done.chunks} chunks",
        f"• pages: {done.added} added, {done.changed} changed, {done.removed} removed",
        f"• chunks: {done.embedded} embedded, {done.reused} reused",
        f"• revision `{done.revision[:7]}`",
    ]
    if done.failures:
        lines.append(
            f"• {len(done.failures)} could not be read, the first: {_plain(done.failures[0])}"
        )
    return "\n".join(lines)


def trouble(heard: Trouble) -> str:
    """What the admins' channel hears of scheduled syncs."""
    if heard.over:
        return f":white_check_mark: {_plain(heard.says)}"
    lines = "\n".join(f"> {_plain(line)}" for line in heard.says.splitlines())
    head = ":warning: The documentation could not be read as planned; I answer from what I have."
    return f"{head}\n{lines}"


def sync_failed(error: errors.DocentError) -> str:
    """Why a sync failed, for admins: in docent's words and in the error's own."""
    return f"{sentence(error)}\n> {_plain(str(error))}"


def status(now: IndexStatus) -> str:
    """What the index holds and how fresh it is."""
    if now.revision is None:
        last = f"• last sync: {moment(now.last_sync)}{_failed(now.last_error)}"
        return f"{NO_INDEX_YET}\n{last}\n• next sync: {moment(now.next_sync)}"
    return "\n".join(
        (
            f"I know {now.documents} pages in {now.chunks} chunks.",
            f"• revision `{now.revision[:7]}` in collection `{now.collection}`",
            f"• model {_plain(str(now.model))}",
            f"• last sync: {moment(now.last_sync)}{_failed(now.last_error)}",
            f"• next sync: {moment(now.next_sync)}",
        )
    )


def _failed(error: str | None) -> str:
    return f", it failed: {_plain(error)}" if error else ""


def moment(when: datetime | None) -> str:
    """A moment in the reader's own time zone, as Slack formats it."""
    if when is None:
        return "never"
    fallback = f"{when:%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _plain(text: str) -> str:
    """Words from outside, as Slack shows them unread: no mention, no link."""
    text = " ".join(text.split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
