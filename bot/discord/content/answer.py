"""An answer as the messages that Discord takes, and the draft that grows while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.discord.content.dialect import render_markdown
from bot.discord.content.tail import list_tail
from bot.markup.latex import split_formulas
from bot.markup.markdown import split_code
from bot.markup.splitting import split_rendered
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.generation.text.links.link_guard import keep_links
from rag_core.types import Answer

MESSAGE_LIMIT = 2_000
"""Most characters of a message."""

_MORE = "\n…"
_DRAFT_LENGTH = 3 * MESSAGE_LIMIT


def render_answer(answer: Answer, context: AnswerContext) -> tuple[str, ...]:
    """Return the texts of an answer's messages.

    The last has the sources and the footer.
    """
    texts = render_messages(answer.text) or [answers.NOT_FOUND]
    tail = list_tail(answer, context)
    joined = "\n\n".join([texts[-1], *tail])
    if len(joined) <= MESSAGE_LIMIT:
        return (*texts[:-1], joined)
    return (*texts, *pack_lines("\n\n".join(tail).split("\n")))


def render_draft(text: str) -> str:
    """Return the message of an answer that is being written.

    It is empty before the first word, and then the first message of the answer: where that is
    full, dots say that there is more.
    """
    # A draft is rendered again and again, so that no more is read than its message can hold.
    head = text[:_DRAFT_LENGTH]
    texts = _render(head, MESSAGE_LIMIT - len(_MORE))
    first = next(texts, "")
    has_more = len(text) > len(head) or next(texts, None) is not None
    return first + _MORE if first and has_more else first


def render_messages(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Return Markdown in Discord's dialect, in texts within the limit."""
    return list(_render(text, limit))


def pack_lines(lines: Iterable[str], limit: int = MESSAGE_LIMIT) -> Iterator[str]:
    """Yield lines together, in texts of at most `limit` characters."""
    packed = ""
    for line in lines:
        if packed and len(packed) + 1 + len(line) > limit:
            yield packed.strip("\n")
            packed = ""
        packed = f"{packed}\n{line}" if packed else line
    if packed:
        yield packed.strip("\n")


def _render(text: str, limit: int) -> Iterator[str]:
    text = text.strip()
    return split_rendered(keep_links(_show_formulas(text), text), render_markdown, limit)


def _show_formulas(text: str) -> str:
    """Write LaTeX outside of code in Unicode, as code."""
    if "$" not in text and "\\" not in text:
        return text
    return "".join(
        part if is_code else "".join(piece for piece, _ in split_formulas(part))
        for part, is_code in split_code(text, last=True)
    )
