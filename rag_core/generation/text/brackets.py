"""Brackets: told apart into citations and the answer's own text, by what stands around them."""

# ruff: noqa: RUF001  (signs of other languages)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import regex

from rag_core.generation.text.bracket_words import (
    ABBREVIATIONS,
    ARTICLES,
    BEFORE_LABELS,
    BEFORE_VALUES,
    CJK_CONJUNCTIONS,
    CJK_PLURALS,
    CJK_VALUES,
    CONJUNCTIONS,
    LABELS,
    NAMES,
    PLURALS,
    REFERENCE,
    SOURCE_HEAD,
)
from rag_core.generation.text.markers import Marker, is_ascending
from rag_core.generation.text.prose import ProseTail

Verdict = Literal["citation", "reference", "text"]
"""`reference` is a citation that its sentence needs as a word: "according to [1]"."""

FOLLOWING = 40
"""Characters behind a marker that decide what it is."""

_FEW = 60  # last characters of a line, in which a word or a phrase is looked for
_INVENTED = 20  # the highest number that an LLM may have invented, in plain brackets
_HIGHEST = 99  # a higher number in the requested form is a year or a name
_CLOSERS = r"[*_~\"'”’»›)\]】」』）］]{0,6}"
_OPENERS = regex.compile(r"[*_~\"'“„‘«‹「『]+\Z")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}ー々]"
)
# What ends a clause behind a marker: the end of its line or cell, punctuation, a conjunction, a
# dash. In the second pattern the end of the text is none, since more text may follow.
_CLAUSE_END, _CLAUSE_END_FOR_SURE = (
    regex.compile(
        rf"{_CLOSERS}(?:[ \t]*\n|[ \t]*(?:\||<br|\(|（|[–—])|[ \t]*[。，、；：！？…।۔،؛؟]"
        rf"|[ \t]?(?:\.\.\.|[.,;:!?](?=[\s*_)\]\"'”’»|】」』）。，]{end}))|[ \t]+--?[ \t]"
        rf"|(?<=[*_])[ ]|[ \t]+(?:{CONJUNCTIONS})(?=\W{end})|[ ]?(?:{CJK_CONJUNCTIONS})"
        rf"{all_of_it})",
        regex.IGNORECASE,
    )
    for end, all_of_it in ((r"|\Z", r"|\s*\Z"), ("", ""))
)
_LINE_MARK = regex.compile(r"(?:[ \t>]*(?:[-*+•]|\d{1,9}[.)]|#{1,6})[ \t]+|[ \t>]+)*(?:[*_]{1,3})?")
_SENTENCE_END = regex.compile(
    r"(?:(?:\w\w|\d|[)\]`%*])[*_\"”)]*[.!?…]|[。！？…])[*_\"”’»)」』）]*\Z"
)
_BEHIND_SENTENCE = regex.compile(rf"{_CLOSERS}(?:\Z|[\s|<(]|{_UNSPACED.pattern})")
_OPTION = regex.compile(r"(?:\s|\A)--?\w[\w-]*\Z")  # of a command line
_LAST_WORD = regex.compile(r"[^\W_](?:[\w'’.-]*[^\W_])?\.?(?=\W*\Z)")
_CALL = regex.compile(r"[\w\]]\([^()\s]*\)\Z")
_CODE_ALONE = regex.compile(r"`[^`]+`")
_LANGUAGE = regex.compile(r"\w[+#]{1,2}\Z")  # C++, C#
_BEHIND_REFERENCE = regex.compile(r"(?!\w|[ ](?:in|on|at|as)\b)")
_NO_PLACE = frozenset("=<>+/\\@#&^~∈∪∩→←⇒≤≥≠≈×·|$({[-_:")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of a group of markers.

    Attributes:
        before: the prose up to the group.
        is_attached: True if no space stands before the group.
        is_parenthesis: True if the group is in parentheses.
        following: the text behind it; a backtick for code, '' for the end.
    """

    before: ProseTail
    is_attached: bool
    is_parenthesis: bool
    following: str

    @property
    def stands_alone(self) -> bool:
        """True if the group is all of its line, or of a cell for sources."""
        line, following = self.before.line, self.following.lstrip(" \t")[:1]
        if "|" in line:
            cells = self.before.head.strip().strip("|").split("|")
            column = line.strip().removeprefix("|").count("|")
            head = cells[column] if column < len(cells) else ""
            is_source = not head.strip() or SOURCE_HEAD.search(head) is not None
            return following in {"", "|", "\n"} and bool(self.before.head) and is_source
        before = self.before.line_before.rstrip()
        is_promised = before.endswith((":", "："))
        is_whole = following in {"", "\n"} and not line.strip("*_ \t")
        return is_whole and bool(before) and not is_promised

    @property
    def ends_clause(self) -> bool:
        """True if a clause ends behind the group."""
        return _CLAUSE_END.match(self.following) is not None


def is_decided(following: str) -> bool:
    """Return True if more text behind a marker changes nothing."""
    end = _CLAUSE_END_FOR_SURE.match(following, partial=True)
    is_read = bool(following.strip(" \t")) and not (end and end.partial)
    return is_read or len(following) >= FOLLOWING


class BracketJudge:
    """Tells citations from brackets that are an answer's own.

    A number in plain brackets is a citation only where one can stand, behind a sentence, a clause,
    a list item or a cell, and only if no word before it asks for a value. An answer that uses the
    requested form has no plain citations. A word before a bracket that is certainly the answer's
    own asks for a value in the rest of the answer. A small number of no passage is a citation too,
    of none, if the answer cites in plain brackets.

    Args:
        passages: how many can be cited.
    """

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._own_words: set[str] = set()
        self._uses_requested = self._uses_plain = False

    def judge(self, markers: Sequence[Marker], around: Surroundings) -> Verdict:
        """Judge a group of one form by what stands around it."""
        if markers[0].form in {"plain", "power"}:
            verdict = self._judge_plain(markers, around)
            self._uses_plain |= verdict == "citation"
            return verdict
        verdict = self._judge_other(markers, around)
        is_known = any(1 <= number <= self._passages for number in _list_numbers(markers))
        is_requested = markers[0].form == "requested" and is_known
        self._uses_requested |= is_requested and verdict == "citation"
        return verdict

    def _judge_plain(self, markers: Sequence[Marker], around: Surroundings) -> Verdict:
        before = around.before.line
        if not (self._is_possible(markers) or self._is_invented(markers)):
            self._own_words.add(_find_last_word(before))
            return "text"
        if self._uses_requested and markers[0].form == "plain":
            return "text"
        content = _OPENERS.sub("", _strip_line_mark(before)).rstrip()
        if not content or content.endswith("|"):
            return "citation" if around.stands_alone else "text"
        if _is_sentence_end(content):
            return "citation" if _BEHIND_SENTENCE.match(around.following) else "text"
        if markers[0].form == "power" or not _can_stand_behind(content, around):
            return "text"
        return self._judge_in_sentence(content, markers, around)

    def _judge_in_sentence(
        self, content: str, markers: Sequence[Marker], around: Surroundings
    ) -> Verdict:
        following = around.following
        if REFERENCE.search(content[-_FEW:]):
            return "reference" if _BEHIND_REFERENCE.match(following) else "text"
        is_emphasised = around.before.line.rstrip().endswith(("*", "_"))
        is_label = (
            following.startswith(":") and " " not in content and not is_emphasised
        )  # as "In [1]:" of a notebook
        if is_label or not around.ends_clause or self._is_value(content, markers):
            return "text"
        return "citation"

    def _judge_other(self, markers: Sequence[Marker], around: Surroundings) -> Verdict:
        """Judge a group whose form is unusual in prose."""
        form, numbers, before = markers[0].form, _list_numbers(markers), around.before.line
        is_first = not _strip_line_mark(before)
        if not numbers:
            return "citation"  # a sign such as [cite_start], which is not shown
        if min(numbers) > _HIGHEST or _is_own_text(form, around, is_first=is_first):
            return "text"
        if is_first and form != "named":
            following = around.following.lstrip(" \t")[:1]
            return "citation" if following in {"", "\n", "|"} else "text"
        if is_first or REFERENCE.search(before[-_FEW:]):
            return "reference"
        return "text" if self._is_code(markers, around) else "citation"

    def _is_code(self, markers: Sequence[Marker], around: Surroundings) -> bool:
        """Return True for code such as `data[doc1]` or `[^1-3]`."""
        form, content = markers[0].form, _OPENERS.sub("", _strip_line_mark(around.before.line))
        content = content.rstrip()
        if form not in {"named", "note"} or not content or _is_sentence_end(content):
            return False
        is_several = len(_list_numbers(markers)) > 1
        is_attached = markers[0].is_name and not _can_stand_behind(content, around)
        is_value = is_several and self._is_value(content, markers)
        is_range = form == "note" and is_several and not around.ends_clause
        return is_attached or is_value or is_range or content[-1] in "=<>+@"

    def _is_possible(self, markers: Sequence[Marker]) -> bool:
        """Return True if the numbers are such as a citation has."""
        numbers = _list_numbers(markers)
        valid = [1 <= number <= self._passages for number in numbers]
        is_chain = len(markers) > 1 and len(numbers) == len(markers)
        lists = [marker.numbers for marker in markers if marker.is_list]
        is_one_list = not lists or len(markers) == 1
        is_known = any(valid) if is_chain else all(valid)
        return bool(numbers) and is_known and is_one_list and all(map(is_ascending, lists))

    def _is_invented(self, markers: Sequence[Marker]) -> bool:
        """Return True for a citation of no passage, among plain citations.

        It is not shown, since its reader would look for a source.
        """
        numbers = _list_numbers(markers)
        is_single = len(numbers) == len(markers)
        return self._uses_plain and is_single and all(1 <= each <= _INVENTED for each in numbers)

    def _is_value(self, content: str, markers: Sequence[Marker]) -> bool:
        """Return True if a value stands behind the words before the markers."""
        is_list = any(marker.is_list for marker in markers)
        word = _find_last_word(content)
        earlier = _find_last_word(content[: len(content) - len(word)].rstrip("*_`\"' "))
        is_name = word in NAMES and earlier in ARTICLES
        is_label = word in LABELS and (is_list or not earlier or earlier in BEFORE_LABELS)
        is_values = word in PLURALS and (is_list or len(markers) > 1)
        is_cjk = CJK_VALUES.search(content[-_FEW:]) or (
            is_list and CJK_PLURALS.search(content[-_FEW:])
        )
        return bool(
            word in BEFORE_VALUES | ABBREVIATIONS | self._own_words
            or (is_list and (word == "in" or _CODE_ALONE.fullmatch(content)))
            or (is_name or is_label or is_values or is_cjk)
            or _OPTION.search(content[-_FEW:])
        )


def _is_own_text(form: str, around: Surroundings, *, is_first: bool) -> bool:
    """Return True if an unusual marker is the answer's own text."""
    before = around.before.line
    match form:
        case "linked":
            return not around.ends_clause
        case "named":
            return around.is_parenthesis and not (around.ends_clause or is_first)
        case "note":  # a character class, as in "the pattern [^1]"
            return _find_last_word(before) in PLURALS
        case _:  # as in 输入【1】选择
            is_chosen = _UNSPACED.match(around.following) and CJK_VALUES.search(before[-_FEW:])
            return form == "requested" and bool(is_chosen)


def _can_stand_behind(content: str, around: Surroundings) -> bool:
    """Return True if a plain marker can stand behind this text."""
    last = content[-1]
    if last in ",;，；、":
        return around.is_attached
    if not around.is_attached:
        return last not in _NO_PLACE or _LANGUAGE.search(content[-_FEW:]) is not None
    is_word = last.isalnum() and not _UNSPACED.match(last)
    is_code = last in _NO_PLACE or last in "]}'." or _CALL.search(content[-_FEW:])
    return not (is_word or is_code)


def _list_numbers(markers: Sequence[Marker]) -> list[int]:
    return [number for marker in markers for number in marker.numbers]


def _strip_line_mark(line: str) -> str:
    match = _LINE_MARK.match(line)
    return line[match.end() :].strip() if match else line.strip()


def _is_sentence_end(content: str) -> bool:
    is_abbreviation = _find_last_word(content) in ABBREVIATIONS
    return not is_abbreviation and _SENTENCE_END.search(content[-_FEW:]) is not None


def _find_last_word(text: str) -> str:
    match = _LAST_WORD.search(text[-_FEW:])
    return match[0].lower() if match else ""
