"""Follow-up questions without an LLM: the topic words of a thread, and signs of leaning on it.

The signs are weak evidence. The scores of the searches decide (`rag_core.retrieval.forms`).
"""

# ruff: noqa: RUF001  (Cyrillic letters, Chinese and Japanese marks)

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.index.stop_words import FUNCTION_WORDS, detect_latin_language
from rag_core.query.history import select_turns
from rag_core.types import Turn

_QUESTIONS = 2  # the last ones, which give topic words; titles of cited pages made it worse
_TOPIC_WORDS = 12
_UNSPACED = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
# A word of a spaced script, or a run of Han, katakana or hangul; hiragana is mostly grammar.
_RUN = re.compile(
    rf"[\u3400-\u4dbf\u4e00-\u9fff]+|[\u30a1-\u30fa\u30fc]+|[\uac00-\ud7af]+"
    rf"|(?![{_UNSPACED}])[^\W_](?:(?:(?![{_UNSPACED}])[\w.+#-])*(?![{_UNSPACED}])[^\W_])?[+#]*"
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
# Words that ask in Chinese and Japanese, and hold a phrase together.
_ASKING_HAN = re.compile(
    "什么是|是什么|什么|如何|怎么样|怎么|怎样|为什么|有没有|是否|可以|能否|能不能|哪些|哪个|多少|除了"
    "|支持|其他|[吗呢的了是有在中用和与把被我它她他这那何方法]"
)


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PRONOUNS = _split_words(
    """
    it its itself they them their theirs these those there
    er es sie ihn ihm ihr ihre ihren ihrer deren dessen dies diese dieser dieses dafür damit darin
    dazu davon daran dort
    он она оно они его её ее их им ей нём нем ней них это этот эта эти этого этой этих этом там
    elle elles ils celui celle ceux celles ça cela ceci lui leur leurs
    """
)
# In these, a pronoun stands for nothing that was said before.
_EXPLETIVE = re.compile(
    r"""\bthere\s+(?:is|are|was|were|will|would|can|could|should|must|may|might|has|have|be
            |seems?|exists?|'s)\b
        |\b(?:is|are|was|were|isn't|aren't|will|would|can|could|should|must|may|might)\s+there\b
        |\b(?:is|was|would|will|does|do|can|could|should|isn't|doesn't)\s+it\s+(?:be\s+)?
            (?:(?:really|also|ever|even|still|generally)\s+)?
            (?:possible|necessary|advisable|recommended|allowed|safe|make\s+sense|matter|take|rain
            |snow|better|worth|ok|okay|normal|required|useful|feasible|mandatory|(?:a\s+)?good|bad
            |best|true|common)\b
        |\bit\s+(?:is|was|would\s+be|rains|seems|looks|takes|appears)\b|\bit's\b
        |\bes\s+(?:gibt|ist|wird|erscheint|kommt|regnet|geht|muss|kann|scheint)\b
        |\b(?:gibt|gäbe|ist|wäre|geht|wird|kommt|kann|muss|soll|erscheint|regnet)\s+es\b
        |\bil\s+(?:n')?(?:y\s+a|faut|est|existe|pleut|semble)\b|\by\s+a-t-il\b
        |\b(?:est|faut|existe-t|semble-t|pleut)-il\b""",
    re.IGNORECASE | re.VERBOSE,
)
_DEMONSTRATIVE = re.compile(
    r"""\b(?:that|this)\b(?=\s*(?:[?.!,;]|$|(?:up|down|off|on|in|out|with|to|for|be|work|happen
            |mean|also|too|as|instead|again|automatically|possible)\b))
        |\b(?:is|was|does|do|can|why|like)\s+(?:that|this)\b
        |-(?:t-)?(?:il|elle|ils|elles|le|la|les)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASIAN_PRONOUN = re.compile(
    r"(?<![其の])[它她他](?![人にの])|[这那](?:个|些|里|样|种)|其中|呢[？?]?\s*$"
    r"|[それこあ](?:れ|こ|ちら)(?=[をはがもでにのへとや])|(?:その|この)(?!他|ほか)|場合は[？?]?\s*$"
)
_OPENER = re.compile(
    r"""\s*(?:
        (?:and|but|so|or|also|then|what\ about|how\ about|what\ if|same
        |und|aber|auch|oder|was\ ist\ mit|wie\ ist\ es\ mit
        |и|а|но|или|тоже|также|что\ нас[чщ][её]т|как\ нас[чщ][её]т
        |et|mais|ou|aussi|qu'en\ est-il|pero|también|qu[eé]\ tal)\b(?!-)
        |¿?y\b(?=\ (?:¿|c[oó]mo|qu[eé]|d[oó]nde|cu[aá]ndo|cu[aá]l|se|la|el|si|para|con)\b)
        |那(?!些|个|里)|还有|では|じゃあ|それで|それなら)\s*[,，、]?\s*""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class LeaningSigns:
    """Signs in a question's words that it leans on what was said before.

    Attributes:
        pronoun: True if it has a pronoun that may stand for something said before.
        opener: True if it begins like the rest of a sentence: "And ...", "What about ...".
        words: number of its content words.
        bare: True if it is nothing but content words, such as a name.
    """

    pronoun: bool
    opener: bool
    words: int
    bare: bool

    @property
    def values(self) -> tuple[float, float, float, float]:
        """The signs as numbers, in the order of the weights."""
        return float(self.pronoun), float(self.opener), math.log1p(self.words), float(self.bare)


def find_signs(text: str) -> LeaningSigns:
    """Find the signs that a question leans on what was said before."""
    rest = _EXPLETIVE.sub(" ", text)
    words = {word.casefold() for word in _RUN.findall(rest)}
    pronoun = words & _PRONOUNS or _DEMONSTRATIVE.search(rest) or _ASIAN_PRONOUN.search(text)
    content = list_content_words(text)
    return LeaningSigns(
        pronoun=bool(pronoun),
        opener=bool(_OPENER.match(text)),
        words=sum(max(1, len(word) // 2) if _HAN.match(word) else 1 for word in content),
        bare=bool(content) and len(content) == len(_RUN.findall(text)) and not _has_grammar(text),
    )


def strip_opener(text: str) -> str:
    """Strip a connective such as "And" from the beginning.

    Keep a text that is nothing else.
    """
    return text[match.end() :] or text if (match := _OPENER.match(text)) else text


def add_topic_words(text: str, history: Sequence[Turn]) -> str:
    """Append the topic words that a question lacks."""
    own = {word.casefold() for word in _RUN.findall(text)}
    words = [word for word in _collect_topic_words(history) if word.casefold() not in own]
    return " ".join([text, *words[:_TOPIC_WORDS]])


def list_content_words(text: str) -> list[str]:
    """List the words about a text's subject, in their order."""
    runs = [part for run in _RUN.findall(text) for part in _ASKING_HAN.split(run) if part]
    language = detect_latin_language(run.casefold() for run in runs)
    return [run for run in runs if not _is_function_word(run.casefold(), language)]


def _is_function_word(word: str, language: str) -> bool:
    if _CYRILLIC.search(word):
        return word in FUNCTION_WORDS["russian"] or word in _PRONOUNS
    # Questions are short: what is a pronoun in another language is none of their topics either.
    return word in FUNCTION_WORDS[language] or word in _PRONOUNS or word in _WEAK_WORDS


_WEAK_WORDS = _split_words(
    """
    a all any at can't doesn't don't else get how i if instead isn't like make mine much many no one
    ones please same still then up use used using want way what's yes
    auch bitte denn etwas für geht ja man wieder l'on d'un d'une
    """
)


def _has_grammar(text: str) -> bool:
    return bool(re.search("[\u3041-\u309f]", text) or _ASKING_HAN.search(text))


def _collect_topic_words(history: Sequence[Turn]) -> list[str]:
    """Collect the content words of the last questions and the first.

    The latest question comes first.
    """
    questions = [turn.text for turn in select_turns(history) if turn.role == "user"]
    first = questions[:1] if len(questions) > _QUESTIONS else []
    questions = [*first, *questions[-_QUESTIONS:]]
    words = [word for text in reversed(questions) for word in list_content_words(text)]
    # Each word once, in the spelling of its first occurrence.
    spellings = {word.casefold(): word for word in reversed(words)}
    return [spellings[word] for word in dict.fromkeys(word.casefold() for word in words)]
