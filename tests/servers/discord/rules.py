"""The limits that Discord holds its callers to: fields, lengths, components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SENT = {
    "allowed_mentions",
    "attachments",
    "components",
    "content",
    "embeds",
    "enforce_nonce",
    "flags",
    "message_reference",
    "nonce",
    "tts",
}
EDITED = SENT - {"enforce_nonce", "message_reference", "nonce"}  # the client adds tts to each edit
THREAD = {"auto_archive_duration", "name", "rate_limit_per_user"}
MINUTES = {None, 60, 1_440, 4_320, 10_080}


class RefusedError(Exception):
    """A call that Discord refuses, with its status and its code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


def check_message(body: Mapping[str, Any], *, fields: set[str], is_new: bool) -> None:
    """Refuse a message that Discord would not take.

    Raises:
        RefusedError: a field is unknown or breaks a limit.
    """
    _check_fields(body, fields)
    content = body.get("content")
    if content is not None and len(content) > 2_000:
        raise _build_invalid("content", "Must be 2000 or fewer in length.")
    if is_new and not (content or body.get("embeds") or body.get("attachments")):
        raise RefusedError(400, 50006, "Cannot send an empty message")
    if len(str(body.get("nonce") or "")) > 25:
        raise _build_invalid("nonce", "Must be 25 or fewer in length.")
    if body.get("allowed_mentions", {}).get("parse") != []:
        raise AssertionError(f"this message may ping: {body}")
    check_components(body.get("components") or [])


def check_components(rows: list[dict[str, Any]]) -> None:
    """Refuse rows of buttons that break a limit.

    Raises:
        RefusedError: a row or a button breaks one.
    """
    if len(rows) > 5:
        raise _build_invalid("components", "Must be 5 or fewer in length.")
    ids = [str(each["custom_id"]) for each in _list_buttons(rows) if "custom_id" in each]
    if len(set(ids)) != len(ids) or not all(1 <= len(each) <= 100 for each in ids):
        raise _build_invalid("custom_id", "Must be unique, and between 1 and 100 in length.")
    for button in _list_buttons(rows):
        if len(button.get("label") or "") > 80 or len(button.get("url") or "") > 512:
            raise _build_invalid("components", "Label or URL is too long.")


def check_thread(body: Mapping[str, Any]) -> None:
    """Refuse a thread that Discord would not open.

    Raises:
        RefusedError: a field is unknown or breaks a limit.
    """
    _check_fields(body, THREAD)
    if not 1 <= len(body.get("name") or "") <= 100:
        raise _build_invalid("name", "Must be between 1 and 100 in length.")
    if body.get("auto_archive_duration") not in MINUTES:
        raise _build_invalid("auto_archive_duration", "Value must be one of 60, 1440, 4320, 10080.")


def _check_fields(body: Mapping[str, Any], fields: set[str]) -> None:
    if unknown := set(body) - fields:
        raise _build_invalid(", ".join(sorted(unknown)), "Unknown field.")


def _list_buttons(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row.get("type") != 1 or not 1 <= len(row["components"]) <= 5:
            raise _build_invalid("components", "A row takes one to five buttons.")
        yield from row["components"]


def _build_invalid(field: str, message: str) -> RefusedError:
    return RefusedError(400, 50035, f"Invalid Form Body: {field}: {message}")
