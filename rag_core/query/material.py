"""Material of a question: quoted messages, alerts and logs."""

from __future__ import annotations

import re

from rag_core.query.follow_up import list_content_words
from rag_core.query.segments import count_questions, split_message

MATERIAL_CHARACTERS = 3_000
"""Characters that the LLM reads to understand what a question asks."""

_TOPIC_CHARACTERS = 240
"""Characters of the material that are searched for: about as many as a long question has."""

_LINE_CHARACTERS = 160
_FAILURE = re.compile(
    r"error|exception|fail|fatal|panic|traceback|caused by|denied|refused|invalid|unable|can't"
    r"|cannot|timed? ?out|not found|fehler|ошибк|не удалось|失败|错误|异常|失敗|エラー|例外",
    re.IGNORECASE,
)
# Times, addresses, ids and counters: in a log they stand on each line, and no page has them.
_NOISE = re.compile(r"(?:\D*\d){2}|[0-9a-f]{8,}\Z|\W+\Z")
_CODED = re.compile(r"(?:error|code|status|http|errno|exit|sqlstate)\W*", re.IGNORECASE)
_CODE = re.compile(r"-?\d{2,5}\W*")
_LOG = re.compile(
    r"""[\[{<]|\d{2,4}[-:/.]\d|\d{9,}|[A-Z]{4,8}\b|[IWEF]\d{4}\b
        |[A-Z][a-z]{2}\s+\d+\s+\d+:\d  # as syslog begins
        |(?:t|ts|time|level|lvl)=""",
    re.VERBOSE,
)
_BRACKETS = re.compile(r"[{}\[\]()<>=|\"`]+")
_READ_CHARACTERS = 400  # of each line


def cut_middle(text: str, characters: int) -> str:
    """Cut the middle out of a long text, and say so.

    Head and tail tell the most: a log begins with what was started, and ends with what failed.
    """
    if len(text) <= characters:
        return text
    half = characters // 2
    head, tail = text[:half], text[-half:]
    head = head[: head.rfind("\n") + 1] or head
    tail = tail[tail.find("\n") + 1 :] or tail
    return f"{head.rstrip()}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{tail}"


def find_topic(material: str) -> str:
    """Return the telling lines of material, as one line.

    Lines that ask or that tell of a failure come before others.
    """
    lines = [" ".join(line[:_READ_CHARACTERS].split()) for line in material.splitlines()]
    distinct = {_strip_noise(line).casefold(): line for line in reversed(lines) if line}
    first_come = list(reversed(distinct.values()))
    ranked = sorted(range(len(first_come)), key=lambda at: (-_rate_line(first_come[at]), at))
    chosen: list[int] = []
    room = _TOPIC_CHARACTERS
    for at in ranked:
        words = _shorten_line(first_come[at])
        if words and (not chosen or len(words) <= room):
            chosen.append(at)
            room -= len(words)
    return " ".join(_shorten_line(first_come[at]) for at in sorted(chosen))


def _rate_line(line: str) -> int:
    """Rate how much a line says about the subject."""
    if not list_content_words(line):
        return 0
    return 1 + 2 * _is_question(line) + bool(_FAILURE.search(line))


def _shorten_line(line: str) -> str:
    is_shortened = len(line) > _LINE_CHARACTERS or (_is_log(line) and not _is_question(line))
    words = _strip_noise(line) if is_shortened else line
    return words[:_LINE_CHARACTERS].strip(" :;,-")


def _strip_noise(line: str) -> str:
    """Return the words of a line that a page may have."""
    words = _BRACKETS.sub(" ", line).split()
    return " ".join(
        word
        for before, word in zip(["", *words], words, strict=False)
        if not _NOISE.match(word[:_LINE_CHARACTERS]) or _is_code(before, word)
    )


def _is_code(before: str, word: str) -> bool:
    """Return True for an error's number, which a page may explain."""
    return bool(_CODED.fullmatch(before) and _CODE.fullmatch(word))


def _is_question(line: str) -> bool:
    return count_questions(split_message(line)) > 0


def _is_log(line: str) -> bool:
    """Return True for a line that begins like a log or alert."""
    return _LOG.match(line) is not None
