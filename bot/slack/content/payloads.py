"""Payloads: the values of clicks and forms, which anyone may have written, within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_VALUE = 3_000
"""Slack takes 2,000 characters for a button, and 3,000 for metadata and for a typed text."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_ANSWER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_TS = re.compile(r"\d{1,12}\.\d{1,6}")


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def list_mappings(values: object) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; none of anything else."""
    values = values if isinstance(values, list) else []
    return [each for each in values if isinstance(each, Mapping)]


def read_number(value: object) -> int:
    """Return a whole number above zero; zero for anything else."""
    return value if isinstance(value, int) and value > 0 else 0


def read_value(value: object) -> str:
    """Return a text of Slack's length; empty for anything else."""
    return value if isinstance(value, str) and len(value) <= MAX_VALUE else ""


def read_id(value: object) -> str:
    """Return an id or a time stamp; empty for anything else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def is_answer_id(text: str) -> bool:
    """Return True for what may be an answer's id."""
    return _ANSWER_ID.fullmatch(text) is not None


def is_timestamp(text: str) -> bool:
    """Return True for what may be a message's time stamp."""
    return _TS.fullmatch(text) is not None
