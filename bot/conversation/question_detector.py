"""Detection of questions among messages that do not mention docent."""

# ruff: noqa: RUF001  (letters of many alphabets)

from __future__ import annotations

import re

from bot.conversation.history import shorten_middle
from bot.conversation.small_talk import is_greeting, is_small_talk

_QUESTION_MARK = re.compile(r"[?？؟](?=[\s)\]\"'»”’]|$)")
_WHO = r"(?:i|we|you|he|she|it|they|there|any\w*|some(?:one|body)|ich|wir|man|du|ihr|sie|er|es)"
_WHAT = r"(?:this|that|these|those|the|an?|der|die|das|eine?|dies\w*)"
_WORDS = rf"""
    how|what(?!\s+an?\b)|where|when(?!\s+{_WHO}\b)|why|who|whose|which
    |(?:can|could|does|is|are|was|were|will|would|should|may|has)\s+(?:{_WHO}|{_WHAT})
    |(?:do|did|have)\s+{_WHO}|any(?:one|body)\s+know
    |wie|wo|wann|warum|wieso|weshalb|wer|wem|wen|woran|womit|wofür|welche[rsnm]?
    |was\s+(?:bedeutet|für|genau|heißt|ist|kann|macht|mache|muss|passiert|sind|soll|tun|wird)
    |(?:kann|können|kannst|könntest|könnt|gibt|geht|ist|sind|lässt)\s+(?:{_WHO}|{_WHAT}|sich)
    |как|что|где|когда|почему|зачем|кто|какой|какая|какие|каким|можно|есть\s+ли|чем|сколько|куда
    |який|як|чому|де|коли|можна
    |comment|pourquoi|où|quand|qui|quoi|quels?|quelles?|combien|qu['’]est|est-ce|peut-on|puis-je
    |que\s+(?:faire|signifie|veut|se\s+passe)|c['’]est\s+quoi|y\s+a-t-il
    |cómo|qué|cuál\w*|dónde|donde|cuándo|cuánt\w*|quién\w*|por\s+qué|puedo|se\s+puede|es\s+posible
    |como|qual|quais|onde|quantos?|quantas?|quem|quando(?!\s+(?:eu|tu|io|você|voltar|torno|ho)\b)
    |por\s+que|o\s+que|posso|dá\s+para
    |come(?!\s+(?:back|on|in|to|and|here|with|by|over|up|down)\b)|quale|quali|dove|perché|chi|cosa
    |che\s+cosa|si\s+può
    |hoe|wat|waar|waarom|welke|kan\s+ik|hur|vad|varför|vilken|hvordan|hvad|hva|hvorfor|miten|mitä
    |jak|dlaczego|gdzie|kiedy|jaki\w*|czy|proč|kde|kdy|jaký|hogyan|miért|hol|nasıl|neden|nerede
    |cum|ce|unde|de\s+ce|bagaimana|mengapa|apa|làm\s+sao|làm\s+thế\s+nào|tại\s+sao
    |πώς|πως|γιατί|πού|πότε|τι|كيف|لماذا|أين|متى|هل|איך|למה|איפה|מתי|מה|האם|कैसे|क्यों|कहाँ|कब"""
"""Words that ask, at the beginning of a sentence."""

_REQUESTS = r"""
    show|explain|give|tell|describe|list|compare|elaborate|clarify
    |define|provide|summari[sz]e|more\s+(?:details?|info\w*|examples?)|(?:(?:i|we)\s+)?need\s+an?
    |(?:i|we)\s+(?:want|need|would\s+like|wonder)|an?\s+example|examples?
    |zeig\w*|erklär\w*|покажи\w*|объясни\w*|дай\w*|расскажи\w*|нужен|нужна|нужно
    |montre\w*|donne\w*|explique\w*|muéstra\w*|explica\w*|mostre|mostra\w*|spiega\w*"""
_AND = r"""(?:
    (?:and|but|so|also|then|ok(?:ay)?|hi|hello|hey|und|aber|et|mais|y|pero|e|mas|ma|en|och|i|a|ve
    |но|а|и)[,\s]+)"""
# Behind a comma, other words begin a clause that asks nothing: "the node, which", "ich weiß, wie".
_MID_WORDS = r"""how|why|what\s+(?:about|if|is|are|does|do|should)
    |comment|pourquoi|cómo|qué|dónde|cuándo|cuánt\w*|por\s+qué|warum|wieso|почему|зачем|perché"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_OPENING = re.compile(rf"\W*{_AND}*(?:{_WORDS}|{_REQUESTS})(?!\w)", _FLAGS)
_ASKING = re.compile(rf"\W*{_AND}*(?:{_WORDS})(?!\w)", _FLAGS)
_ASKING_BEHIND_COMMA = re.compile(rf"\W*(?:{_AND}+(?:{_WORDS})|{_MID_WORDS})(?!\w)", _FLAGS)
_BREAK = re.compile(r"([,،、，]|[:;.!؛。：；！…](?=\s)|[。：；！]|\s[-–—]\s|—|\n)")
_COMMAS = frozenset(",،、，")
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
_CODE = re.compile(r"```|^ at \S+\(|^ ?File \"[^\"\n]+\", line \d", re.MULTILINE)
"""Code and traces, which people write to be helped, in any language."""

_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"(?: ?\n)+")
_MOST_CHARACTERS = 4_000
"""Of a longer message, the beginning and the end are looked at."""

_COURTESY_CHARACTERS = 80


def is_question(text: str) -> bool:
    """Return True for a question, a request or a reported error.

    Its marks and words decide. In doubt it returns False: people can always mention docent.
    """
    if is_small_talk(text):
        return False
    # Patterns try anew at each space, so long runs of them would take very long.
    text = shorten_middle(_EMPTY_LINES.sub("\n", _SPACES.sub(" ", text)), _MOST_CHARACTERS)
    patterns = (_QUESTION_MARK, _CHINESE, _JAPANESE, _KOREAN, _REQUEST, _REPORT, _CODE)
    if _OPENING.match(text) or any(pattern.search(text) for pattern in patterns):
        return True
    return _has_asking_clause(text)


def _has_asking_clause(text: str) -> bool:
    """Return True if a later clause begins with a word that asks."""
    first, *rest = _BREAK.split(text)
    before = first
    for sign, clause in zip(rest[::2], rest[1::2], strict=True):
        is_weak = sign in _COMMAS and not _is_courtesy(before)
        if (_ASKING_BEHIND_COMMA if is_weak else _ASKING).match(clause):
            return True
        before += sign + clause
    return False


def _is_courtesy(text: str) -> bool:
    """Return True for thanks and greetings, behind which a sentence begins."""
    return len(text) <= _COURTESY_CHARACTERS and (is_small_talk(text) or is_greeting(text))
