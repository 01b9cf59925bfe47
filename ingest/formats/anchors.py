"""Anchors of the headings of a page, by the rule of the maker of its site."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.documents import MAX_TITLE
from ingest.formats.slugs import SLUGS, SlugRule
from ingest.formats.structure import parse_inline

_NUMBERED = re.compile(r"(.*)_([0-9]+)", re.DOTALL)
_NUMBERS = re.compile(r"(?:-\d+)+$")
_ENTITY = re.compile(r"&(?=#?\w+;)")
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
        self._automatic = 1

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

    def skip(self, count: int) -> None:
        """Skip some of the names that are made without a heading's text."""
        self._automatic += count

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
        text = written if rule.is_written else _extract_text(shown[:_MAX_HEADING], rule)
        slug = rule.slugify(text[:MAX_TITLE].encode(errors="replace").decode())
        if not slug and not rule.numbers_empty:
            return ""
        number = {
            "automatic": self._name,
            "counted": self._count_on,
            "stem": self._count_stem,
            "next": self._count,
            "free": self._number,
        }[rule.numbers]
        return rule.finish(number(slug, rule))

    def _name(self, slug: str, rule: SlugRule) -> str:
        """Return the slug, or if taken, the next automatic name."""
        while not slug or slug in self._taken:
            slug = f"{rule.automatic}{self._automatic}"
            self._automatic += 1
        self._taken.add(slug)
        return slug

    def _count_on(self, slug: str, rule: SlugRule) -> str:
        """Return the slug; if taken, its number counts on."""
        match = _NUMBERED.fullmatch(slug)
        stem, number = (match[1], int(match[2][-_MAX_DIGITS:]) + 1) if match else (slug, 1)
        number = max(number, self._next.get(slug, 1))
        unique = slug
        while not unique or unique in self._taken:
            unique, number = f"{stem}{rule.separator}{number}", number + 1
        self._next[slug] = number
        self._taken.add(unique)
        return unique

    def _count(self, slug: str, rule: SlugRule) -> str:
        """Return the slug, numbered from the second on."""
        number = self._next.get(slug, rule.first - 1)
        self._next[slug] = number + 1
        return f"{slug}{rule.separator}{number}" if number >= rule.first else slug

    def _count_stem(self, slug: str, rule: SlugRule) -> str:
        """Return the slug, numbered if its stem was there before."""
        stem = self._next.get(_NUMBERS.sub("", slug.lower()), 0)
        number = self._next.get(slug.lower(), 0) + 1
        self._next[slug.lower()] = number
        has_number = number >= rule.first or stem > rule.first
        return f"{slug}{rule.separator}{number}" if has_number else slug

    def _number(self, slug: str, rule: SlugRule) -> str:
        """Return the slug, with the first number that makes it unique.

        `_next` has the next number of each slug, since a page may have a hundred thousand
        headings with one text: trying all numbers would take too long.
        """
        unique, number = slug, self._next.get(slug, rule.first)
        while unique in self._taken:
            unique, number = f"{slug}{rule.separator}{number}", number + 1
        self._next[slug] = number
        self._taken.add(unique)
        return unique


def _extract_text(shown: str, rule: SlugRule) -> str:
    if rule.has_entities and "`" not in shown:
        shown = _ENTITY.sub("&amp;", shown)
    parts = parse_inline(shown, has_alt=rule.has_alt)
    return "".join(part if is_code else rule.typeset(part) for part, is_code in parts)
