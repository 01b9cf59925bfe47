"""The team's glossary: what its own words mean, for the search and for the LLM."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import regex

from rag_core.errors import SettingsError
from rag_core.settings import read_setting_file

MAX_CHARACTERS = 100_000
"""Most characters in a file."""

MAX_LINE = 300
"""Most characters in a line of the file."""

MAX_EXPANSION = 200
"""Most characters that the search gets in addition to a question."""

MAX_LISTED = 20
"""Most entries that the LLM reads with a question."""

_EQUALS = regex.compile(r"[=＝]")  # noqa: RUF001  (as it is typed in Chinese and Japanese)
_COMMA = regex.compile(r"[,，、]")  # noqa: RUF001

# Scripts that are written without spaces, and Hangul, whose particles follow a word without one.
_UNSPACED = "".join(
    rf"\p{{scx={script}}}"
    for script in (
        *("Han", "Hiragana", "Katakana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"),
    )
)
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]"
# A dot joins two words (`Node.js`), and signs belong to the word before them (`C++`, `C#`).
_BEFORE = rf"(?<!{_LETTER}\.?)"
_AFTER = rf"(?!\p{{M}}|\.?{_LETTER}|[+#]+(?!{_LETTER}))"


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    """One line of the glossary: terms that mean the same, and what they mean."""

    terms: tuple[str, ...]
    meanings: tuple[str, ...]

    @property
    def definition(self) -> str:
        """The entry as a line, as the LLM reads it."""
        return f"{', '.join(self.terms)} = {', '.join(self.meanings)}"


@dataclass(frozen=True)
class Glossary:
    """The entries of the team, in the order of the file; none by default.

    A term is found as whole words. One in capitals, such as WAL, is found in capitals only; of
    terms that begin at the same word, the longest is found.
    """

    entries: tuple[GlossaryEntry, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Glossary:
        """Read a file with a line `term = meaning` for each entry.

        Several terms or meanings are separated by commas. Empty lines and those that begin with `#`
        are left out.

        Raises:
            SettingsError: the file can't be read, or a line of it is not an entry.
        """
        text = read_setting_file("DOCENT_GLOSSARY", path, limit=MAX_CHARACTERS)
        entries = tuple(
            _parse_line(line, f"{path}, line {number}")
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.lstrip().startswith("#")
        )
        return cls(entries)

    def warm_up(self) -> None:
        """Compile the terms: thousands of them take a second."""
        _ = self._pattern, self._entries_by_key

    def expand(self, question: str) -> str:
        """Append the meanings of the terms in a question.

        Return the same text if it contains no term.
        """
        text = _normalise(question)
        added: list[str] = []
        for meaning in dict.fromkeys(
            meaning for entry in self._find_entries(text) for meaning in entry.meanings
        ):
            length = sum(map(len, added)) + len(meaning)
            if length <= MAX_EXPANSION and not _compile_terms([meaning]).search(text):
                added.append(meaning)
        return " ".join([question, *added])

    def translate(self, question: str) -> str:
        """Replace the terms in a question by the first meaning of each.

        It tells which words of the question the documentation could know.
        """
        text = _normalise(question)
        if not self.list_entries_for([text]):
            return question

        def find_meaning(match: regex.Match[str]) -> str:
            entries = self._list_entries_of(match.group())
            return entries[0].meanings[0] if entries else match.group()

        return str(self._pattern.sub(find_meaning, text))

    def list_entries_for(self, texts: Iterable[str]) -> tuple[GlossaryEntry, ...]:
        """Return the entries whose terms occur in texts; at most 20.

        They are in the order of the texts.
        """
        entries = (entry for text in texts for entry in self._find_entries(_normalise(text)))
        return tuple(dict.fromkeys(entries))[:MAX_LISTED]

    def _find_entries(self, text: str) -> Iterator[GlossaryEntry]:
        """Yield the entries whose terms occur in a normalised text."""
        if self.entries:
            for match in self._pattern.finditer(text):
                yield from self._list_entries_of(match.group())

    def _list_entries_of(self, term: str) -> list[GlossaryEntry]:
        keys = dict.fromkeys((term, term.casefold()))
        return [entry for key in keys for entry in self._entries_by_key.get(key, ())]

    @cached_property
    def _entries_by_key(self) -> dict[str, list[GlossaryEntry]]:
        entries: dict[str, list[GlossaryEntry]] = {}
        for entry in self.entries:
            for term in map(_normalise, entry.terms):
                key = term if term.isupper() else term.casefold()
                entries.setdefault(key, []).append(entry)
        return entries

    @cached_property
    def _pattern(self) -> regex.Pattern[str]:
        return _compile_terms(term for entry in self.entries for term in entry.terms)


NO_GLOSSARY = Glossary()


def _parse_line(line: str, place: str) -> GlossaryEntry:
    """Parse a line into an entry.

    Raises:
        SettingsError: the line is too long, or no `term = meaning`.
    """
    if len(line) > MAX_LINE:
        raise SettingsError(
            f"DOCENT_GLOSSARY: {place} has {len(line)} characters, but docent takes at most "
            f"{MAX_LINE}."
        )
    sides = _EQUALS.split(line, maxsplit=1)
    terms, *meanings = (
        tuple(" ".join(item.split()) for item in _COMMA.split(side)) for side in sides
    )
    if not meanings or not all((*terms, *meanings[0])):
        raise SettingsError(f"DOCENT_GLOSSARY: {place} is not of the form `term = meaning`.")
    return GlossaryEntry(terms, meanings[0])


def _normalise(text: str) -> str:
    """Unify the forms of characters, as BM25 does, and white space."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _compile_terms(terms: Iterable[str]) -> regex.Pattern[str]:
    """Compile a pattern that finds normalised terms as whole words, longest first."""
    longest_first = sorted(map(_normalise, terms), key=len, reverse=True)
    choices = "|".join(
        regex.escape(term) if term.isupper() else f"(?i:{regex.escape(term)})"
        for term in dict.fromkeys(longest_first)
    )
    flags = regex.VERSION1 | regex.FULLCASE
    return regex.compile(f"{_BEFORE}(?:{choices}){_AFTER}", flags)
