"""Variants of code: of the same in several programming languages, one is quoted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from rag_core.generation.quotations.markdown_blocks import Block, find_tab

_LANGUAGES = {
    name: names[0]
    for names in (
        ("python", "py", "python3"),
        ("java",),
        ("javascript", "js", "node", "nodejs", "node.js", "typescript", "ts"),
        ("go", "golang"),
        ("c++", "cpp"),
        ("c#", "csharp"),
        ("rust",),
        ("ruby",),
        ("php",),
        ("kotlin",),
        ("scala",),
        ("swift",),
    )
    for name in names
}
_WORD = re.compile(r"[\w+#.]*[\w+#]")


def choose_variants(blocks: Sequence[Block], question: str) -> list[Block]:
    """Leave out what says the same in another programming language.

    Of code in several languages, under the names of the languages or without them, the one that
    the question names stays, or the first.
    """
    asked = {_find_language(word) for word in _WORD.findall(question)} - {""}
    chosen: list[Block] = []
    for is_variant, run in itertools.groupby(
        _label_languages(blocks), key=lambda pair: bool(pair[0])
    ):
        variants = list(run)
        if is_variant:
            languages = [language for language, _ in variants]
            kept = next((language for language in languages if language in asked), languages[0])
            variants = [pair for pair in variants if pair[0] == kept]
        chosen += [block for _, block in variants]
    return chosen


def _label_languages(blocks: Sequence[Block]) -> Iterator[tuple[str, Block]]:
    """Yield each block with the programming language it is in, or ''."""
    named = ""
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        if tab := find_tab(block):
            is_name = following is not None and (following.is_code or following.kind == "missing")
            named = _find_language(tab) if is_name else ""
            yield named, block
        elif named:
            yield named, block
            named = ""
        else:
            yield _find_language(block.language), block


def _find_language(word: str) -> str:
    """Return one name for all names of a language; else ''."""
    return _LANGUAGES.get(word.lower(), "")
