"""Inspection of an LLM's rewriting: only questions about the same thing are searched for."""

# ruff: noqa: RUF001  (words and marks of other languages)

from __future__ import annotations

import re
import unicodedata

from rag_core.index.bm25_tokens import extract_terms
from rag_core.query.follow_up import list_content_words
from rag_core.query.history import truncate_history
from rag_core.query.material import MATERIAL_CHARACTERS, cut_middle
from rag_core.query.plan import MOST_PARTS
from rag_core.query.segments import split_message
from rag_core.reasoning import strip_reasoning
from rag_core.types import Question

ADDED_CHARACTERS = 500
"""Most characters that a rewriting adds; a longer text is an answer."""

_NEW_SHARE = 0.5  # of its content words, which a rewriting may take from elsewhere
_KEPT_SHARE = 0.7  # of its content words, which a statement must have from the thread
_TURN_CHARACTERS = 2_000  # of each turn, whose words a rewriting may have

_ITEM = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):]|>)\s+")
_AROUND = "\"'`*_“”„«»「」 \t"
_LABEL = re.compile(r"^[^\s:：?？]+(?:[ _-][^\s:：?？]+){0,5}\s?[:：]\s*")
# Marks of an answer: the LLM's own answers in the thread hold them too.
_MARKS = re.compile(
    r"""```|~~~|^\s*[\[{].*[\]}]\s*$|^\s*\{|\[\^?\d{1,3}(?:,\s?\d{1,3}){0,5}\]|【\d""",
    re.VERBOSE | re.DOTALL,
)
# What no question to search for holds, unless it was said in the thread.
_FOREIGN = re.compile(
    r"</?[a-z|][^<>\n]{0,100}>|\b[A-Z]{2,}(?:_[A-Z]+){2,}\b"
    r"|(?i:(?:https?|ftp)://|\bwww\.)[^\s<>\"'`]{0,2000}[\w/]"
)
# An LLM that will not rewrite; a person who "can't connect" asks what to do.
_REFUSAL = re.compile(
    r"""\b(?:can['’]?t|cannot|can\ not|(?:un|not\ )able\ to|won['’]?t|will\ not)\ (?:\w+\ ){0,2}
            (?:help|assist|answer|rewrite|rephrase|reformulate|respond|comply|fulfil\w*)\b
        |\bas\ an\ (?:AI|language\ model)\b|\bI\ apologi[sz]e|\bno\ (?:rewrit|rephras)\w+
        |\bich\ kann\ (?:\w+\ ){0,4}(?:helfen|beantworten|umschreiben|umformulieren)
        |\bя\ не\ могу\ (?:\w+\ ){0,2}(?:помочь|ответить|переписать)
        |\bje\ ne\ peux\ pas\ (?:\w+\ ){0,2}(?:aider|répondre|reformuler)
        |(?:无法|不能)(?:回答|改写|帮)|(?:お答え|書き換え)\w*できません""",
    re.IGNORECASE | re.VERBOSE,
)
# Such a line refuses only if it does not ask.
_REGRET = re.compile(
    r"""\b(?:I['’]?m|I\ am|we\ are|we['’]re)\ (?:sorry|afraid|not\ able|unable)\b|^sorry\b
        |\b(?:I|we)\ (?:can['’]?t|cannot|can\ not|do\ not\ have|don['’]t\ have)\b
        |\b(?:tut\ mir\ leid|entschuldig\w*|leider)\b|\bich\ kann\ (?:nicht|keine?n?)\b
        |извинит|к\ сожалению|\bя\ не\ могу\b|\bdésolée?\b|\bje\ ne\ peux\ pas\b
        |抱歉|对不起|我无法|我不能|申し訳|すみません|できません""",
    re.IGNORECASE | re.VERBOSE,
)


def inspect_rewriting(text: str, question: Question) -> tuple[str, ...]:
    """Return the questions that an LLM wrote, ready to be searched.

    Args:
        text: all that it wrote, reasoning included.
        question: what it was asked to rewrite, with the thread.

    Returns:
        One to three questions; none if the text is a refusal, an answer, or about other things.
    """
    turns = truncate_history(question.history, characters=_TURN_CHARACTERS)
    said = [cut_middle(question.material, MATERIAL_CHARACTERS), question.text]
    thread = "\n".join([*(turn.text for turn in turns), *said])
    own = "\n".join([*(turn.text for turn in turns if turn.role == "user"), *said])
    written = strip_reasoning(text).strip()
    if not written or _has_foreign(written, own, thread):
        return ()
    lines = [line for line in map(_strip_marks, written.splitlines()) if line]
    if len(lines) > 1 and lines[0].endswith((":", "：")):
        lines = lines[1:]  # "Here is the question:"
    lines = list(dict.fromkeys(_strip_label(line, thread) for line in lines))
    if not 1 <= len(lines) <= MOST_PARTS:
        return ()
    usable = all(_is_usable(line, question, thread) for line in lines)
    return () if not usable or any(_has_regret(line, own) for line in lines) else tuple(lines)


def _has_foreign(text: str, own: str, thread: str) -> bool:
    """Return True for tags, markers or a refusal of the LLM's own."""
    return any(
        match[0].strip() not in known
        for pattern, known in ((_MARKS, own), (_REFUSAL, own), (_FOREIGN, thread))
        for match in pattern.finditer(text)
    )


def _has_regret(line: str, own: str) -> bool:
    """Return True for a statement that refuses.

    A question says what a person can't do.
    """
    words = [match[0] for match in _REGRET.finditer(line) if match[0] not in own]
    return bool(words) and not _is_asking(line)


def _strip_marks(line: str) -> str:
    return _ITEM.sub("", line).strip(_AROUND)


def _strip_label(line: str, thread: str) -> str:
    """Strip a label such as "Rewritten question:".

    Keep what the person wrote.
    """
    match = _LABEL.match(line)
    if match is None or match.end() == len(line) or _read_words(match[0]) & _read_words(thread):
        return line
    return _strip_marks(line[match.end() :])


def _is_usable(line: str, question: Question, thread: str) -> bool:
    """Return True if a line asks about the same as the question."""
    if len(line) > len(question.text) + ADDED_CHARACTERS:
        return False
    words, known = _read_words(line), _read_words(thread)
    if not words & known:
        return not words and line.casefold() in thread.casefold()
    share = len(words & known) / len(words)
    if _is_asking(line):
        return share >= 1 - _NEW_SHARE
    # A statement where something was asked is an answer.
    return not _is_asking(question.text) and share >= _KEPT_SHARE


def _read_words(text: str) -> set[str]:
    """Read the content words of a text, stemmed, in any script."""
    text = unicodedata.normalize("NFKC", text)
    return {term for word in list_content_words(text) for term in extract_terms(word).split()}


def _is_asking(text: str) -> bool:
    """Return True for a question; "List the roles." is none."""
    if text.rstrip(_AROUND).endswith((".", "。", "!", "！")):
        return "?" in text or "？" in text
    return any(segment.asks for segment in split_message(text))
