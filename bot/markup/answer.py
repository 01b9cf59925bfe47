"""An answer's Markdown for Slack: mentions notify no one, and formulas are readable."""

from __future__ import annotations

from bot.markup.latex import split_formulas
from bot.markup.markdown import (
    break_live_mentions,
    break_mentions,
    cut_open_mention,
    split_code,
)
from rag_core.generation.text.links.link_guard import keep_links


def render_answer(text: str, *, last: bool = True) -> str:
    """Render an answer's text for a message.

    Code stays as it is. With `last` false, the text is the beginning of a longer one: what more
    text can change is left out. The result is the beginning of the final result, and grows as the
    text does.
    """
    text = text.lstrip()  # Slack strips it, and what stood as code must not become prose there
    parts = split_code(text, last=last)
    rendered = [
        part if is_code else _render_prose(part, last=last or number < len(parts))
        for number, (part, is_code) in enumerate(parts, start=1)
    ]
    return break_live_mentions(keep_links("".join(rendered).strip(), text.strip()))


def _render_prose(prose: str, *, last: bool) -> str:
    has_formulas = "$" in prose or "\\" in prose
    pieces = split_formulas(prose, last=last) if has_formulas else [(prose, False)]
    shown = "".join(
        break_mentions(piece) if not is_code and "<" in piece else piece
        for piece, is_code in pieces
    )
    return shown if last or "<" not in shown else cut_open_mention(shown)
