"""Follow-up questions without an LLM: which lean on their thread, and the words they lack."""

# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_core.types import Question, Turn

_QUESTIONS = 2  # of the thread give topic words; titles of cited pages made it worse
_TOPIC_WORDS = 12
_SHORT = 2  # a question with so few words of its own may be a follow-up

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
    """A question that leans on the thread with the thread's topic words behind it; others as is."""
    if not needs_context(question.text):
        return question.text
    own = {word.casefold() for word in _WORD.findall(question.text)}
    words = [word for word in _collect_topic_words(question.history) if word.casefold() not in own]
    return " ".join([question.text, *words[:_TOPIC_WORDS]])


def needs_context(text: str) -> bool:
    """Whether a question looks as if it could not be understood alone."""
    words = [word.casefold() for word in _WORD.findall(text)]
    own = [word for word in words if word not in _STOPWORDS]
    # Chinese and Japanese write no spaces: two characters are about a word.
    if sum(len(word) // 2 if _CJK.match(word) else 1 for word in own) <= _SHORT:
        return True
    return bool(_OPENER.match(text) or _CHINESE_PRONOUN.search(text) or _PRONOUNS & set(words))


def _collect_topic_words(history: Sequence[Turn]) -> list[str]:
    """Content words of the last questions, each once, the latest question first."""
    asked = [turn.text for turn in history if turn.role == "user"][-_QUESTIONS:]
    words = [word for text in reversed(asked) for word in _WORD.findall(text)]
    first = {word.casefold(): word for word in reversed(words)}  # spelt as where it comes first
    order = dict.fromkeys(word.casefold() for word in words)
    return [first[word] for word in order if word not in _STOPWORDS]
