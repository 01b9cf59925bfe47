"""Anchors of the headings of a page, by the rule of the maker of its site."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.documents import MAX_TITLE
from ingest.formats.slugs import SLUGS, SlugRule
from ingest.formats.structure import parse_inline

_NUMBERED = re.compile(r"(.*)_([0-9]+)", re.DOTALL)
_MAX_HEADING = 10_000
_MAX_DIGITS = 9


class AnchorMaker:
    """Makes the anchors of one page, heading by heading.

    Args:
        name: name of the rule, a key of `SLUGS`.
    """

    def __init__(self, name: str) -> None:
        self._rule = SLUGS[name]
        self._taken = set[str]()
        self._next = dict[str, int]()

    @property
    def has_html(self) -> bool:
        """True if headings in HTML get anchors."""
        return self._rule is not None and self._rule.has_html

    @property
    def has_emoji(self) -> bool:
        """True if codes of emoji count by their names."""
        return self._rule is None or self._rule.has_emoji

    @property
    def names_all(self) -> bool:
        """True if a heading that names an anchor has its own besides."""
        return self._rule is not None and self._rule.names_all

    def reserve(self, anchors: Iterable[str]) -> None:
        """Remember the anchors that the headings of the page name."""
        if self._rule is not None and self._rule.keeps_named == "all":
            self._taken.update(anchors)

    def take(self, anchor: str) -> None:
        """Remember the anchor that the next heading names."""
        if self._rule is not None and self._rule.keeps_named != "none":
            self._taken.add(anchor)

    def make(self, written: str, shown: str, level: int) -> str:
        """Return the anchor of the next heading.

        Args:
            written: its Markdown without the anchor that it may name.
            shown: its Markdown with what readers see of roles, tags and links.
            level: its level, from 1.

        Returns:
            the anchor; empty if the maker gives it none.
        """
        rule = self._rule
        if rule is None or level not in rule.levels:
            return ""
        if rule.is_written:
            text = written
        else:
            parts = parse_inline(shown[:_MAX_HEADING], has_alt=rule.has_alt)
            text = "".join(part if code else rule.typeset(part) for part, code in parts)
        text = text.encode(errors="replace").decode()
        slug = rule.slugify(text[:MAX_TITLE])
        if rule.numbers == "automatic":
            return self._name(slug)
        if rule.numbers == "counted":
            return self._count_on(slug)
        return self._number(slug, rule) if slug else ""

    def _name(self, slug: str) -> str:
        """Return the slug, or the next name such as `id1` if it is empty or taken."""
        while not slug or slug in self._taken:
            number = self._next.get("", 1)
            self._next[""] = number + 1
            slug = f"id{number}"
        self._taken.add(slug)
        return slug

    def _count_on(self, slug: str) -> str:
        """Return the slug, with a number that counts on from its own if it is taken."""
        match = _NUMBERED.fullmatch(slug)
        stem, number = (match[1], int(match[2][-_MAX_DIGITS:]) + 1) if match else (slug, 1)
        number = max(number, self._next.get(slug, 1))
        unique = slug
        while not unique or unique in self._taken:
            unique, number = f"{stem}_{number}", number + 1
        self._next[slug] = number
        self._taken.add(unique)
        return unique

    def _number(self, slug: str, rule: SlugRule) -> str:
        """Return the slug, with a number from the second on.

        `_next` has the next number of each slug, since a page may have a hundred thousand
        headings with one text: trying all numbers would take too long.
        """
        unique, number = slug, self._next.get(slug, rule.first)
        if rule.numbers == "next":
            unique = f"{slug}{rule.separator}{number}" if slug in self._next else slug
            self._next[slug] = number + (slug in self._next)
            return unique
        while unique in self._taken:
            unique, number = f"{slug}{rule.separator}{number}", number + 1
        self._next[slug] = number
        self._taken.add(unique)
        return unique
