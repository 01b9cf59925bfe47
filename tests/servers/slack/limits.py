"""Slack's rules for message content, stream chunks and views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.servers.slack.blocks import MARKDOWN, TASK_STATUSES, check_blocks, check_sources
from tests.servers.slack.store import SlackError

TEXT = 40_000
UPDATE_TEXT = 4_000
VIEW_BLOCKS = 100
SESSION_STATUSES = {"active", "processing", "suspended", "closed"}

# Required and optional fields of each stream chunk.
CHUNKS: dict[str, tuple[set[str], set[str]]] = {
    "markdown_text": ({"text"}, set()),
    "task_update": ({"id", "title", "status"}, {"details", "output", "sources"}),
    "plan_update": ({"title"}, set()),
    "blocks": ({"blocks"}, set()),
}
VIEWS: dict[str, tuple[set[str], set[str]]] = {
    "home": ({"blocks"}, set()),
    "modal": (
        {"title", "blocks"},
        {"submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"},
    ),
}
VIEW_FIELDS = {"private_metadata", "callback_id", "external_id"}


@contextmanager
def well_formed() -> Iterator[None]:
    """Turn what malformed content does to our own checks into a refusal."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SlackError("invalid_arguments", f"malformed: {error!r}") from error


def check_content(arguments: dict[str, Any], *, most_text: int = TEXT) -> None:
    """Refuse the content of a message: `text`, `markdown_text`, `blocks`, `attachments`."""
    text, markdown = arguments.get("text", ""), arguments.get("markdown_text")
    if markdown is not None and ("text" in arguments or "blocks" in arguments):
        raise SlackError("markdown_text_conflict", "markdown_text with text or blocks")
    shown = (text.strip(), markdown, arguments.get("blocks"), arguments.get("attachments"))
    if not any(shown):
        raise SlackError("no_text", "neither text nor blocks")
    if len(text) > most_text:
        raise SlackError("msg_too_long", f"text of {len(text)} characters, most {most_text}")
    if len(markdown or "") > MARKDOWN:
        raise SlackError("msg_too_long", f"markdown_text over {MARKDOWN} characters")
    check_blocks(arguments.get("blocks", []))


def read_markdown(arguments: dict[str, Any]) -> list[str]:
    """The Markdown of a message: its `markdown_text` and that of its blocks."""
    blocks = arguments.get("blocks", ())
    texts = [block["text"] for block in blocks if block["type"] == "markdown"]
    return [arguments.get("markdown_text", ""), *texts]


def check_chunks(chunks: Any) -> None:
    """Refuse chunks of a stream that Slack would refuse."""
    for number, chunk in enumerate(chunks):
        kind = chunk.get("type") if isinstance(chunk, dict) else None
        if kind not in CHUNKS:
            raise SlackError("invalid_chunks", f"chunks[{number}]: type {kind!r}")
        _check_fields(chunk, f"chunks[{number}]", CHUNKS[kind])
        if kind == "blocks":
            check_blocks(chunk["blocks"])
        if kind == "task_update":
            _check_task(chunk, f"chunks[{number}]")


def _check_fields(node: dict[str, Any], where: str, shape: tuple[set[str], set[str]]) -> None:
    required, optional = shape
    if missing := required - set(node):
        raise SlackError("invalid_chunks", f"{where}: missing {sorted(missing)}")
    if unknown := set(node) - required - optional - {"type"}:
        raise SlackError("invalid_chunks", f"{where}: unknown field {sorted(unknown)}")
    for key, value in node.items():
        if not isinstance(value, str) and key not in {"sources", "blocks"}:
            raise SlackError("invalid_chunks", f"{where}.{key}: not a string")


def _check_task(chunk: dict[str, Any], where: str) -> None:
    if chunk["status"] not in TASK_STATUSES:
        raise SlackError("invalid_chunks", f"{where}: status {chunk['status']!r}")
    if not chunk["title"]:
        raise SlackError("invalid_chunks", f"{where}: a task wants a title")
    check_sources(chunk.get("sources", ()), where)


def check_view(view: dict[str, Any], *, kind: str) -> None:
    """Refuse a view that is not a well-formed `kind` ("home" or "modal")."""
    if view.get("type") != kind:
        raise SlackError("invalid_arguments", f"view type {view.get('type')!r}, wants {kind!r}")
    required, optional = VIEWS[kind]
    missing = required - set(view)
    unknown = set(view) - required - optional - VIEW_FIELDS - {"type"}
    if missing or unknown:
        raise SlackError("invalid_arguments", f"view: missing {missing}, unknown {unknown}")
    if len(view.get("private_metadata", "")) > 3_000 or len(view.get("callback_id", "")) > 255:
        raise SlackError("invalid_arguments", "view: private_metadata or callback_id too long")
    for key in ("title", "submit", "close"):
        if len(view.get(key, {}).get("text", "")) > 24:
            raise SlackError("invalid_arguments", f"view: {key} over 24 characters")
    check_blocks(view["blocks"], most=VIEW_BLOCKS, surface=kind)


def check_prompts(prompts: list[Any]) -> None:
    """Refuse suggested prompts that are not 1 to 4 of `{title, message}`."""
    if not 1 <= len(prompts) <= 4 or any(set(p) != {"title", "message"} for p in prompts):
        raise SlackError("invalid_arguments", "prompts wants 1 to 4 of {title, message}")
