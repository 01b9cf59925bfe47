"""Detection of questions among messages that do not mention docent."""

# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)

from __future__ import annotations

import re

_QUESTION_MARK = re.compile(r"[?？؟](?=[\s)\]\"'»”’]|$)")
_WHO = r"(?:i|we|you|he|she|it|they|there|any\w*|some(?:one|body)|ich|wir|man|du|ihr|sie|er|es)"
_WHAT = r"(?:this|that|these|those|the|an?|der|die|das|eine?|dies\w*)"
# Chats begin with these words too: they ask only before a pronoun or noun, as in "is it".
_OPENING = re.compile(
    rf"""\W*(?:and\s+|but\s+|so\s+|ok(?:ay)?[,\s]+|hi[,\s]+|hello[,\s]+|und\s+|а\s+|и\s+)*(?:
        how|what(?!\s+an?\b)|where|when(?!\s+{_WHO}\b)|why|who|whose|which
        |(?:can|could|does|is|are|was|were|will|would|should|may|has)\s+(?:{_WHO}|{_WHAT})
        |(?:do|did|have)\s+{_WHO}
        |any(?:one|body)\s+know|show|explain|give|tell|describe|list|compare
        |wie|wo|wann|warum|wieso|wer|welche[rsnm]?|zeig\w*|erklär\w*
        |was\s+(?:bedeutet|für|genau|heißt|ist|kann|macht|muss|passiert|sind|soll|tun|wird)
        |(?:kann|können|gibt|ist|sind)\s+(?:{_WHO}|{_WHAT})
        |как|что|где|когда|почему|зачем|кто|какой|какая|какие|можно|есть\s+ли|покажи\w*|объясни\w*
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CHINESE = re.compile(r"什么|怎么|怎样|如何|为什么|为何|哪|多少|是否|能不能|可以吗|吗|请问")
_JAPANESE = re.compile(r"どう|なぜ|何|いつ|どこ|どれ|どの|どちら|ですか|ますか|教えて")


def is_question(text: str) -> bool:
    """Return True for a question or a request.

    Its marks and words decide. In doubt it returns False: people can always mention docent.
    """
    patterns = (_QUESTION_MARK, _CHINESE, _JAPANESE)
    return bool(_OPENING.match(text) or any(pattern.search(text) for pattern in patterns))
