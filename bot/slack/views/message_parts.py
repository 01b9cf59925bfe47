"""Message parts: an answer as messages that Slack takes, and the plainer forms of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject, SectionBlock

from bot.markup import splitting
from bot.markup.mrkdwn import render_pieces
from bot.markup.tables import flatten_tables, split_at_tables
from bot.slack.views.answer_blocks import build_text_block, render_preview

MESSAGE_LIMIT = 12_500
"""Most characters in all blocks of a message, names of fields and addresses counted.

Slack refuses more than about 13,200: https://github.com/slackapi/bolt-js/issues/2509
"""

TEXT_LIMIT = 3_800
"""Most characters in a message without blocks; an edit takes 4,000."""

BLOCKS_LIMIT = 50
_SMALLEST = 1_000  # characters below which a text is not divided because it is too long
_PUNCTUATION = 6  # characters that JSON puts around a field

Form = Literal["blocks", "sections", "text"]
_BUTTONS = ("actions", "context_actions")


@dataclass(frozen=True, slots=True)
class MessagePart:
    """One message.

    Attributes:
        text: Markdown, or `mrkdwn` in the form `text`.
        tail: the blocks below the text.
        form: `blocks` has a Markdown block, `sections` the older kind, `text` none.
    """

    text: str = ""
    tail: tuple[Block, ...] = ()
    form: Form = "blocks"

    def build_blocks(self) -> list[Block]:
        """Build the blocks of the message; empty in the form `text`."""
        if self.form == "text":
            return []
        if self.form == "sections":
            return [*map(_build_section, render_pieces(self.text)), *self.tail]
        return [*([build_text_block(self.text)] if self.text else []), *self.tail]

    def render_text(self) -> str:
        """Render the text beside the blocks, or instead of them."""
        if self.form == "text":
            return self.text
        return render_preview(self.text or _render_tail(self.tail).replace("*", "")) or "…"

    @property
    def fits(self) -> bool:
        """True if docent's own limits, and those of slack_sdk's models, allow the message."""
        if self.form == "text":
            return len(self.text) <= TEXT_LIMIT
        if self.form == "blocks" and len(self.text) > splitting.MARKDOWN_LIMIT:
            return False
        blocks = self.build_blocks()
        try:
            return len(blocks) <= BLOCKS_LIMIT and measure_blocks(blocks) <= MESSAGE_LIMIT
        except SlackObjectFormationError:  # sending it raises the same, so a plainer form follows
            return False


def build_parts(text: str, tail: Sequence[Block] = ()) -> list[MessagePart]:
    """Divide an answer into messages.

    Args:
        text: Markdown of any length.
        tail: the blocks below it.

    Returns:
        The messages in their order; the tail stands in the last, or in messages of its own.
    """
    parts = [MessagePart(part) for part in splitting.split(text)]
    if tail and parts:
        parts[-1] = replace(parts[-1], tail=tuple(tail))
    elif tail:
        parts = [MessagePart(tail=tuple(tail))]
    return [fitting for part in parts for fitting in _fit(part)]


def list_plainer(part: MessagePart, *, is_too_long: bool) -> list[MessagePart]:
    """Return the next plainer form of a message that Slack refused.

    Args:
        part: the message.
        is_too_long: whether Slack said that it is too long.

    Returns:
        One message or more in its place; none if there is no plainer form.
    """
    if is_too_long and (smaller := _halve(part)):
        return smaller
    for simplify in _SIMPLIFICATIONS:
        if plainer := simplify(part):
            return [fitting for each in plainer for fitting in _fit(each)]
    return []


def add_note(parts: Sequence[MessagePart], note: str) -> list[MessagePart]:
    """Put a sentence above the first message.

    Put it before that message if it does not fit.
    """
    if not parts:
        return [MessagePart(note)]
    first = replace(parts[0], text=f"{note}\n\n{parts[0].text}".strip())
    if first.fits and len(first.text) <= splitting.MARKDOWN_LIMIT:
        return [first, *parts[1:]]
    return [MessagePart(note), *parts]


def measure_blocks(blocks: Sequence[Block]) -> int:
    """Count the characters of blocks as Slack may count them."""
    return sum(_measure(block.to_dict()) for block in blocks)


def _measure(node: Any) -> int:
    if isinstance(node, dict):
        return sum(len(key) + _PUNCTUATION + _measure(value) for key, value in node.items())
    if isinstance(node, list):
        return sum(map(_measure, node))
    return len(str(node))


def _fit(part: MessagePart) -> Iterator[MessagePart]:
    """Yield the message, divided until each part keeps to docent's own limits."""
    halves = [] if part.fits else _halve(part)
    if not halves:
        yield part
    for half in halves:
        yield from _fit(half)


def _halve(part: MessagePart) -> list[MessagePart]:
    """Take the tail off, or divide what there is.

    Return an empty list if that is too little.
    """
    if part.text and part.tail:
        return [replace(part, tail=()), replace(part, text="")]
    if len(part.tail) > 1:
        middle = (len(part.tail) + 1) // 2
        return [replace(part, tail=part.tail[:middle]), replace(part, tail=part.tail[middle:])]
    if len(part.text) < _SMALLEST:
        return []
    halves = splitting.split(part.text, len(part.text) // 2 + 1)
    return [replace(part, text=half) for half in halves] if len(halves) > 1 else []


def _split_tables(part: MessagePart) -> list[MessagePart]:
    """Give each table a message of its own.

    Slack may take one table a message.
    """
    texts = split_at_tables(part.text) if part.form == "blocks" else []
    if len(texts) < 2:
        return []
    return [*(MessagePart(text) for text in texts[:-1]), replace(part, text=texts[-1])]


def _flatten_tables(part: MessagePart) -> list[MessagePart]:
    flat = flatten_tables(part.text) if part.form == "blocks" else part.text
    return [replace(part, text=flat)] if flat != part.text else []


def _to_sections(part: MessagePart) -> list[MessagePart]:
    return [replace(part, form="sections")] if part.form == "blocks" and part.text else []


def _drop_buttons(part: MessagePart) -> list[MessagePart]:
    kept = tuple(block for block in part.tail if block.type not in _BUTTONS)
    if len(kept) == len(part.tail) or not (kept or part.text):
        return []
    return [replace(part, tail=kept)]


def _to_text(part: MessagePart) -> list[MessagePart]:
    """Write the text and the tail as `mrkdwn`; buttons are left out."""
    if part.form == "text":
        return []
    texts = list(render_pieces(part.text, TEXT_LIMIT))
    for piece in _cut_lines(_render_tail(part.tail)):
        if texts and len(texts[-1]) + 2 + len(piece) <= TEXT_LIMIT:
            texts[-1] += f"\n\n{piece}"
        else:
            texts.append(piece)
    return [MessagePart(text, form="text") for text in texts]


_SIMPLIFICATIONS: tuple[Callable[[MessagePart], list[MessagePart]], ...] = (
    _split_tables,
    _flatten_tables,
    _to_sections,
    _drop_buttons,
    _to_text,
)
"""From the least to the greatest loss."""


def _build_section(text: str) -> Block:
    return SectionBlock(text=MarkdownTextObject(text=text))


def _render_tail(tail: Sequence[Block]) -> str:
    """Render the blocks below an answer as `mrkdwn`, without buttons."""
    texts: list[str] = []
    for block in tail:
        if isinstance(block, SectionBlock) and block.text is not None:
            texts.append(str(block.text.text))
        elif isinstance(block, ContextBlock):
            texts += [str(getattr(element, "text", "")) for element in block.elements]
    return "\n\n".join(text for text in texts if text)


def _cut_lines(text: str) -> Iterator[str]:
    """Yield pieces of whole lines.

    A line is a source, with its link.
    """
    piece = ""
    for line in text.splitlines():
        if piece and len(piece) + 1 + len(line) > TEXT_LIMIT:
            yield piece
            piece = ""
        piece = f"{piece}\n{line}" if piece else line
    if piece:
        yield piece
