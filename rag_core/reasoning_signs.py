"""Signs of reasoning without a tag: words of five languages that an answer begins with."""

# ruff: noqa: RUF001  (words and signs of other languages)

from __future__ import annotations

import regex

# An answer that begins with one of these words may be reasoning whose opening tag was in the
# prompt. With two points in its first characters it is held back until a closing tag or its end.
# Then it is shown late, but never lost.
FIRST_CHARACTERS = 100
FIRST_WORD = regex.compile(
    r"\W*(?:okay|ok|alright|hmm+|well|so|now|first(?:ly)?|let|wait|got|thinking|the|this|users?|we"
    r"|i|to|looking|based|here|given|from|question|need|passages?|step|also|nun|gut|zuerst|die|der"
    r"|ich|хорошо|ладно|итак|так|сначала|пользователь|вопрос|мне|нужно)\b|\W*[好嗯首现我用让问まさで]",
    regex.IGNORECASE,
)
_INTERJECTION = (
    r"\A\W*(?:okay|ok|alright|hmm+|well|so|now|first(?:ly)?|wait|got it|thinking|also|nun|gut"
    r"|zuerst|хорошо|ладно|итак|так|сначала)\b|\A\W*[好嗯首现まさ]"
)
# Reasoning speaks of what the asker wants. "The user can ..." and "用户可以..." begin answers.
_READER = (
    r"(?<!\b(?:when|if|once|after|before|while|until|what) )(?:\bthe |\bthis |\A\W*)users?"
    r"(?:(?: (?:is|was|has|have|been|just|also|now|likely|probably|seems|to|be)){0,4}"
    r" (?:asking|wondering|looking for|trying)|(?: (?:has|have|just|also|now|likely|probably)){0,3}"
    r" (?:asks|asked|wants|wanted|wonders|question|would like))\b"
    r"|\b(?:the|this|their|user's) question\b|\bthe query (?:asks|is (?:about|asking))\b"
    r"|\bthe passages?\b|\bpassages? \W?\d"
    r"|\b(?:be)?nutzer\w* (?:fragt|möchte|will|wollte|hat gefragt|sucht)\b"
    r"|\bfragt der (?:be)?nutzer\b|\bdie frage\b|\bpassagen\b"
    r"|\bпользовател\w* (?:\w+ )?"
    r"(?:спрашива|спросил|хочет|хотел|интересу|просит|задал|зада[её]т)\w*"
    r"|\bвопрос\w* пользовател\w*|\b(?:этот|данный) вопрос\b|\bвопрос (?:о|об|про|касается)\b"
    r"|(?:用户|使用者)(?:现在|正在|可能|似乎|应该|好像|又|还|也|是|在|刚才|想){0,3}"
    r"(?:询问|问(?![题答卷])|问题(?=是|关于)|提问|想(?:要)?(?:知道|了解|问)|知道|了解|要求我|的(?:问题|提问|意图))"
    r"|(?:回答|分析|理解|看看)(?:一下)?这个问题|(?:提供|给出|给定|检索|相关)的?(?:段落|上下文)|段落\s?\d"
    r"|ユーザー[^。]{0,30}(?:質問|尋ね|聞い|知りた|求めて)|(?<!ご)質問(?:は|に|を|者|内容)"
)
_THINKING = (
    r"(?:answer|find|look|check|see|explain|figure|determine|consider|cite|use|respond|reply"
    r"|identify|think|parse|read|be|say|give|focus|rely|provide)"
)
_PLAN = (
    r"\bI (?:need|should|must|have|can(?!['’]|not)|am|will|was)\b|\bI'(?:ll|m|ve)\b|\blet me\b"
    rf"|\bwe (?:need to|should|must|have to|are to|can) {_THINKING}\b"
    rf"|\blet(?:'s|’s| us) {_THINKING}\b"
    r"|\bich (?:muss|soll|werde)\b|\b(?:muss|soll) ich\b|\b(?:мне|нам) (?:нужно|надо|следует)\b"
    r"|(?<!让)我(?:需要|应该|要|来|得)|我们(?:需要|应该|要|来)(?:先)?(?:查|找|分析|理解|回答|思考|考虑)"
    r"|让我(?!们)|(?:答える|回答する|調べる|探す|考える|理解する|読む)必要がある"
)
_SIGNS = tuple(
    (points, regex.compile(pattern, regex.IGNORECASE))
    for points, pattern in ((1, _INTERJECTION), (2, _READER), (2, _PLAN))
)
_HOLDING_SCORE = 2


def is_like_reasoning(text: str) -> bool:
    """Return True if a text begins like reasoning."""
    beginning = text[:FIRST_CHARACTERS]
    score = sum(points for points, pattern in _SIGNS if pattern.search(beginning))
    return score >= _HOLDING_SCORE
