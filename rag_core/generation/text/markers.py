"""Markers: the forms in which LLMs cite passages, as they stand in a text."""

# ruff: noqa: RUF001  (brackets, dashes and words of other languages)

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import regex

REQUESTED_FORM = "【{}】"
"""The form that the prompt asks for: prose seldom holds these brackets."""

SHOWN_FORM = "[{}]"
"""The form that readers see."""

PARENTHESES = "(（"
"""Signs that open a parenthesis."""

_MOST_NUMBERS = 12  # in one marker; the range of a marker is no longer either
_AND = r"(?:[,;，、；] ?(?:and|und|or|oder)|[,;，、；&]|and|und|et|y|и|和|与|と)"
_NUMBERS = (
    r"\d{1,6}(?:\s?[-–—]\s?\d{1,6})?"
    rf"(?:\s?{_AND}\s?\d{{1,6}}(?:\s?[-–—]\s?\d{{1,6}})?){{0,{_MOST_NUMBERS}}}"
)
_NOUN = (
    r"(?:passages?|sources?|documents?|docs?|refs?|references?|citations?|cite|chunks?"
    r"|quellen?|passagen?|abschnitte?|dokumente?|fuentes?|pasajes?"
    r"|источники?|фрагменты?|отрывки?|пассажи?|документы?"
    r"|来源|段落|文档|出处|引用|资料|片段|出典|資料|文書|ソース)"
)
_SEE = r"(?:(?:see|siehe|cf\.|vgl\.|см\.|voir|véase|参见|参考|见)\s?)"
_BRACKETED = rf"\[{_NUMBERS}\](?:\s?{_AND}\s?\[{_NUMBERS}\]){{0,9}}"
_NAMED = rf"(?:{_NOUN}[\s:#]{{0,3}}){{1,2}}\^?(?:{_NUMBERS}|{_BRACKETED})"
_ALL_NAMED = rf"\s?{_SEE}?{_NAMED}(?:\s?{_AND}\s?{_NAMED}){{0,9}}\s?"
_TARGET = r"\([^()\s<>]{1,1000}(?:[ ]\"[^\"\n]{0,200}\")?\)"
_MARK = (
    rf"(?P<requested>【\s?(?:\d{{1,4}}:)?{_NUMBERS}\s?(?:†[^】\n]{{0,80}})?】)"
    rf"|(?P<named>\[{_ALL_NAMED}\]|【{_ALL_NAMED}】|［{_ALL_NAMED}］|[(（]{_ALL_NAMED}[)）])"
    rf"|(?P<note>\[[\^#]{_NUMBERS}\^?\]|\[{_NUMBERS}(?:\^|†[^\]\n]{{0,80}})\])"
    rf"|(?P<raised>\^\[{_NUMBERS}\]\^|<sup>\s?\[{_NUMBERS}\](?:{_TARGET})?\s?</sup>"
    rf"|\$\^\{{?\[{_NUMBERS}\]\}}?\$)"
    rf"|(?P<linked>\[\[{_NUMBERS}\]\](?:{_TARGET})?|\[\^?{_NUMBERS}\]{_TARGET})"
    rf"|(?P<sign>\[cite_(?:start|end)\])"
    rf"|(?P<power>[¹²³⁴⁵⁶⁷⁸⁹]|<sup>\d{{1,2}}</sup>|\$\^\{{?\d{{1,2}}\}}?\$)"
    rf"|(?P<plain>\\?[\[［〔]\s?{_NUMBERS}\s?\\?[\]］〕])"
)
_AMONG = (
    r"(?:[ ]?[,;，、；]?[ ]?|,?[ ](?:and|und|et|y|&|or|oder|sowie|и|или)[ ]"
    r"|[ ]?(?:和|与|及|以及|、|と|や)[ ]?)"
)
MARKERS = regex.compile(
    rf"(?:(?P<paren>[(（]{_SEE}?)|(?P<star>\*{{1,2}}))?"
    rf"(?P<marks>(?:{_MARK})(?:{_AMONG}(?:{_MARK})){{0,30}})"
    r"(?(paren)[)）])(?(star)(?P=star))",
    regex.IGNORECASE,
)
"""Markers that follow each other, with the brackets or stars around them."""

CONTINUATION = regex.compile(rf"{_AMONG}(?:{_MARK})|{_TARGET}", regex.IGNORECASE)
"""The text that would make a group longer."""

BEGINNING = regex.compile(
    r"[\[【［〔(（¹²³⁴⁵⁶⁷⁸⁹]|<sup>|\^\[|\$\^|\\\[|\*{1,2}(?=\\?[\[【［〔])|!\[", regex.IGNORECASE
)
"""The beginning of a marker or a link."""

_EACH = regex.compile(_MARK, regex.IGNORECASE)
_RANGE = regex.compile(r"(\d+)(?:\s?[-–—]\s?(\d+))?")
_NAME = regex.compile(r"[a-zа-я]\d", regex.IGNORECASE)
_POWERS = {sign: number for number, sign in enumerate("¹²³⁴⁵⁶⁷⁸⁹", start=1)}


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker.

    Attributes:
        form: the name of its form; `plain` is a number in brackets, which prose holds too.
        start: its place in the group.
        end: the place behind it.
        numbers: of passages; empty for a sign that is never shown, or a range that is none.
        is_list: True if it has several numbers, as in `[1, 2]` or `[1-3]`.
        is_name: True if its noun and number are one word, as in `[doc1]`.
    """

    form: str
    start: int
    end: int
    numbers: tuple[int, ...]
    is_list: bool
    is_name: bool


def list_markers(group: regex.Match[str]) -> list[Marker]:
    """List the markers of a match of `MARKERS`, in their order."""
    return [_build_marker(each) for each in _EACH.finditer(group["marks"])]


def _build_marker(match: regex.Match[str]) -> Marker:
    form = str(match.lastgroup)
    text = match[0].partition("†")[0].rpartition("](")[0] or match[0].partition("†")[0]
    ranges = [range(int(first), int(last or first) + 1) for first, last in _RANGE.findall(text)]
    numbers = [number for each in ranges for number in each[:_MOST_NUMBERS]]
    if form == "power" and match[0] in _POWERS:
        numbers = [_POWERS[match[0]]]
    if form == "requested" and ":" in text:
        numbers = numbers[1:]
    if any(not each or len(each) > _MOST_NUMBERS for each in ranges):
        numbers = []
    is_name = form == "named" and _NAME.search(match[0]) is not None
    return Marker(form, match.start(), match.end(), tuple(numbers), len(numbers) > 1, is_name)


def is_ascending(numbers: tuple[int, ...]) -> bool:
    """Return True if each number is higher than the one before it."""
    return all(first < second for first, second in pairwise(numbers))
