"""The end of an answer that is longer than an answer may be: a clean place to cut it."""

from __future__ import annotations

import re

_KEPT = 0.6  # of the length, which a clean place must leave
_BEHIND = 30  # characters behind the limit, which tell whether a sentence ends before it
_FENCE = re.compile(r"[ \t>]{0,9}(`{3,}|~{3,})")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])(?:\[\d{1,2}\]){0,5}(?=\s|$)")  # noqa: RUF001
_OPEN_LINK = re.compile(r"!?\[[^\]\n]*(?:\](?:\([^)\s]*)?)?\Z|<?https?://\S*\Z|`[^`\n]*\Z")


def cut_cleanly(text: str, most: int) -> str:
    """Cut a text behind a block, a sentence or a word.

    Code that is cut keeps its closing fence, and no link or citation is cut in two.

    Args:
        text: Markdown.
        most: most characters.

    Returns:
        The beginning of the text. Only a closing fence may be longer than the limit.
    """
    if len(text) <= most:
        return text
    kept = text[:most]
    fence, block_ends = _read_lines(kept)
    least = int(_KEPT * most)
    if block_ends and block_ends[-1] >= least:
        return kept[: block_ends[-1]].rstrip()
    if fence:
        lines = kept.rpartition("\n")[0] or kept
        return f"{lines.rstrip()}\n{fence}"
    # Behind the last fence, so that no sentence is looked for in code.
    start = max(least, block_ends[-1] if block_ends else 0)
    ends = [match.end() for match in _SENTENCE_END.finditer(text, start, most + _BEHIND)]
    if ends := [end for end in ends if end <= most]:
        return kept[: ends[-1]].rstrip()
    return _cut_at_word(kept)


def _read_lines(text: str) -> tuple[str, list[int]]:
    """Return the open fence, and the ends of lines outside of fences."""
    fence, ends, position = "", list[int](), 0
    for line in text.splitlines(keepends=True):
        position += len(line)
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
            fence = ""
        if not fence and line.endswith("\n"):
            ends.append(position)
    return fence, ends


def _cut_at_word(text: str) -> str:
    """Cut behind the last word outside of links and code."""
    match = _OPEN_LINK.search(text)
    if match and match.start():
        return text[: match.start()].rstrip()
    head, space, _ = text.rpartition(" ")
    return head.rstrip() if space else text
