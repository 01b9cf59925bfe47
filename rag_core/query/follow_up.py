"""Follow-up questions without an LLM: they are detected, and get topic words of the thread."""

# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_core.types import Question, Turn

_QUESTIONS = 2  # the last ones, which give topic words; titles of cited pages made it worse
_TOPIC_WORDS = 12
_FEW_WORDS = 2  # a question with so few words of its own counts as a follow-up

_WORD = re.compile(r"[^\W_](?:[\w.+#-]*[^\W_])?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PRONOUNS = _split_words(
    """
    it its itself they them their theirs these those this one ones there he she
    er sie es ihn ihm ihr ihre ihren deren dessen dies diese dieser dieses dafür damit darin dazu
    davon daran
    он она оно они его её ее их им ей нём нем ней них это этот эта эти этого этой этих этом там
    тогда
    """
)
_STOPWORDS = _PRONOUNS | _split_words(
    """
    a about all also am an and any are as at be been but by can cannot could did do does doesn't
    don't else for from get had has have how i if in instead into is isn't just like make me my no
    not of on only or other our out please same should so some such than that the then to too up
    use used using want was way we well were what when where which while who why will with without
    would you your
    aber als am an auch auf aus bei bin bitte das dass dem den der des die doch du durch ein eine
    einem einen einer eines für gibt hat habe haben ich im in ist ja kann kein können man mein
    meine mich mir mit muss nach nicht noch nur oder ohne sich sind so über um und uns von vor war
    warum was welche welcher wenn wer werden wie wieder wir wird wo zu zum zur
    а без бы был была было быть в во вот все всё где да для до если есть ещё еще же за и из или к
    как какая какие какой когда кто ли мне можно мой мы на надо не нет но о об от по почему при с
    со так такой тоже то ты у уже что чтобы я
    """
)
_OPENER = re.compile(
    r"""\s*(?:
        (?:and|but|so|or|also|then|what\ about|how\ about|what\ if|same
        |und|aber|auch|oder|was\ ist\ mit|wie\ ist\ es\ mit
        |и|а|но|или|тоже|также)\b
        |那么?|还有)""",
    re.IGNORECASE | re.VERBOSE,
)
_CHINESE_PRONOUN = re.compile(r"[它她他]|[这那](?:个|些|里|样|种)|其中|呢[？?]?\s*$")


def add_topic_words(question: Question) -> str:
    """Append the thread's topic words to a follow-up; return other questions unchanged."""
    if not needs_context(question.text):
        return question.text
    own = {word.casefold() for word in _WORD.findall(question.text)}
    words = [word for word in _collect_topic_words(question.history) if word.casefold() not in own]
    return " ".join([question.text, *words[:_TOPIC_WORDS]])


def needs_context(text: str) -> bool:
    """Return whether a question seems to need its thread to be understood."""
    words = [word.casefold() for word in _WORD.findall(text)]
    own = [word for word in words if word not in _STOPWORDS]
    # Chinese and Japanese have no spaces between words: two characters are about a word.
    if sum(len(word) // 2 if _CJK.match(word) else 1 for word in own) <= _FEW_WORDS:
        return True
    return bool(_OPENER.match(text) or _CHINESE_PRONOUN.search(text) or _PRONOUNS & set(words))


def _collect_topic_words(history: Sequence[Turn]) -> list[str]:
    """Collect the content words of the last questions, the latest question first."""
    questions = [turn.text for turn in history if turn.role == "user"][-_QUESTIONS:]
    words = [word for text in reversed(questions) for word in _WORD.findall(text)]
    # Each word once, in the spelling of its first occurrence.
    spellings = {word.casefold(): word for word in reversed(words)}
    order = dict.fromkeys(word.casefold() for word in words)
    return [spellings[word] for word in order if word not in _STOPWORDS]
