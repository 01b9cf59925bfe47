"""Detection of questions among messages that do not mention docent."""

# ruff: noqa: RUF001  (letters of many alphabets)

from __future__ import annotations

import re

from bot.conversation.small_talk import is_small_talk

_QUESTION_MARK = re.compile(r"[?？؟](?=[\s)\]\"'»”’]|$)")
_WHO = r"(?:i|we|you|he|she|it|they|there|any\w*|some(?:one|body)|ich|wir|man|du|ihr|sie|er|es)"
_WHAT = r"(?:this|that|these|those|the|an?|der|die|das|eine?|dies\w*)"
# Chats begin with these words too: they ask only before a pronoun or noun, as in "is it".
_OPENING = re.compile(
    rf"""\W*(?:(?:and|but|so|ok(?:ay)?|hi|hello|hey|und|aber|et|y|e|en|och|i|a|ve|а|и|но)[,\s]+)*(?:
        how|what(?!\s+an?\b)|where|when(?!\s+{_WHO}\b)|why|who|whose|which
        |(?:can|could|does|is|are|was|were|will|would|should|may|has)\s+(?:{_WHO}|{_WHAT})
        |(?:do|did|have)\s+{_WHO}
        |any(?:one|body)\s+know|show|explain|give|tell|describe|list|compare|elaborate|clarify
        |define|provide|summari[sz]e|more\s+(?:details?|info\w*|examples?)|(?:i|we)?\s*need\s+an?
        |(?:i|we)\s+(?:want|need|would\s+like|wonder)|an?\s+example|examples?
        |wie|wo|wann|warum|wieso|wer|welche[rsnm]?|zeig\w*|erklär\w*
        |was\s+(?:bedeutet|für|genau|heißt|ist|kann|macht|muss|passiert|sind|soll|tun|wird)
        |(?:kann|können|kannst|könntest|könnt|gibt|geht|ist|sind|lässt)\s+(?:{_WHO}|{_WHAT}|sich)
        |как|что|где|когда|почему|зачем|кто|какой|какая|какие|можно|есть\s+ли|покажи\w*|объясни\w*
        |дай\w*|расскажи\w*|нужен|нужна|нужно|чем|сколько|куда|який|як|чому|де|коли
        |comment|pourquoi|où|quand|quels?|quelles?|combien|qu['’]est|est-ce|peut-on|puis-je
        |montre\w*|donne\w*|explique\w*
        |cómo|qué|cuál\w*|dónde|cuándo|cuánt\w*|por\s+qué|puedo|se\s+puede|muéstra\w*|explica\w*
        |como|qual|quais|onde|quanto|por\s+que|posso|mostre|come(?!\s+(?:back|on|in|to|and|here|with|by|over|up|down)\b)|quale|dove|perché|mostra\w*|spiega\w*
        |hoe|wat|waar|waarom|welke|kan\s+ik|hur|vad|varför|vilken|hvordan|hvad|hva|hvorfor|miten|mitä
        |jak|dlaczego|gdzie|kiedy|jaki\w*|czy|proč|kde|kdy|jaký|hogyan|miért|hol|nasıl|neden|nerede
        |cum|ce|unde|de\s+ce|bagaimana|mengapa|apa|làm\s+sao|làm\s+thế\s+nào|tại\s+sao
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CHINESE = re.compile(
    r"什么|怎么|怎样|如何|为什么|为何|哪|多少|是否|能不能|可以吗|吗|请|麻烦|給我|给我|怎麼|什麼|嗎"
)
_JAPANESE = re.compile(
    r"どう|なぜ|何|いつ|どこ|どれ|どの|どちら|ですか|ますか|教えて|ください|下さい|お願い|するには|方法|たい"
)
_KOREAN = re.compile(r"어떻게|왜|어디|언제|무엇|뭐|어떤|나요|까요|습니까|주세요|방법")
_REQUEST = re.compile(
    r"""\b(?:please|pl[sz]|bitte|пожалуйста|будь\s+ласка|por\s+favor|s['’]il\s+(?:te|vous)\s+pla[iî]t
        |per\s+favore|alsjeblieft|snälla|proszę|prosím|lütfen|tolong|vui\s+lòng)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_REPORT = re.compile(
    r"""\b(?:errors?|exceptions?|traceback|stack\s*trace|crash(?:e[sd]|ing)?|fails?|failing
        |(?:does|do|did)(?:n['’]t|\s+not)\s+work|not\s+working|no\s+luck
        |fehler\w*|absturz|stürzt|geht\s+nicht|klappt\s+nicht|funktioniert\s+nicht
        |ошибк\w*|исключени\w+|не\s+работает|не\s+получается|не\s+помогло|падает
        |erreurs?|ne\s+(?:marche|fonctionne)\s+pas|no\s+funciona|não\s+funciona|non\s+funziona
        |errore|errores|erro|błąd|hata|foutmelding|fel|fejl|feil|hiba|lỗi)\b
        |错误|报错|失败|无法|異常|異常|崩溃|エラー|失敗|できません|動きません|動かない|오류|에러|안\s*됩니다|안\s*돼""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE = re.compile(r"```|^\s+at\s\S+\(|^\s*File \"[^\"]+\", line \d", re.MULTILINE)
"""Code and traces, which people write to be helped, in any language."""


def is_question(text: str) -> bool:
    """Return True for a question, a request or a reported error.

    Its marks and words decide. In doubt it returns False: people can always mention docent.
    """
    if is_small_talk(text):
        return False
    patterns = (_QUESTION_MARK, _CHINESE, _JAPANESE, _KOREAN, _REQUEST, _REPORT, _CODE)
    return bool(_OPENING.match(text) or any(pattern.search(text) for pattern in patterns))
