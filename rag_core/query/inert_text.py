"""Inert text: no text within a prompt closes its block or looks like a passage or a role."""

from __future__ import annotations

from collections.abc import Iterable

import regex

_NAMES = (
    "passages",
    "quoted_material",
    "team_instructions",
    "channel_instructions",
    "team_glossary",
    "conversation",
)
"""The tags of docent's prompts."""

_ROLE_TAGS = (
    *("start_of_turn", "end_of_turn", "begin_of_text", "end_of_text"),
    *("beginning_of_sentence", "end_of_sentence", "bos", "eos", "sop", "eop"),
    *("tool_call", "tool_calls", "tool_response", "tool_results", "eoh", "eoa"),
)
"""Roles of LLMs, and what else ends a turn, between `<` and `>`."""

_ROLE_WORDS = (
    *("inst", "system_prompt", "available_tools", "tool_calls", "tool_results", "tool_content"),
    *("gmask", "smask"),
)
"""The same in square brackets."""

_CAPITAL_WORDS = ("BOS", "EOS", "THINK", "CALL_ID", "MODEL_SETTINGS")
"""The same, where small letters mean something else."""

_BAR_WORDS = ("system", "user", "assistant", "tool", "endofturn")
"""The same between `[|` and `|]`."""

_PREFIXED = ("bos", "eos", "sop", "eop", "pad", "think", "tool_call", "tool_calls", "tool_response")
"""The same behind a name and a colon, such as `<seed:bos>`."""

_NOUNS = ("passage", "source", "document", "doc", "reference", "ref", "citation", "cite", "chunk")
_OTHER_NOUNS = (
    "quelle|passage|abschnitt|dokument|fuente|pasaje|источник|фрагмент|отрывок|пассаж|документ"
    "|来源|段落|文档|出处|引用|资料|片段|出典|資料|文書|ソース"
)
_AND = "and|und|or|oder|или|и|和|与|と"
"""Words that a citation may hold beside its number."""

# Invisible characters, wide signs and letters that only look alike do not hide a tag from an LLM.
_HIDDEN = r"[\p{Cf}\p{Mn}]*+"
_GAP = r"[\s\p{Cf}\p{Mn}]*+"
_OPENERS = "<\uff1c\ufe64\u2039\u3008\u27e8\u276e"
_CLOSERS = ">\uff1e\ufe65\u203a\u3009\u27e9\u276f"
_SLASHES = "/\uff0f\u2044\u2215"
_BARS = "|\uff5c\uffe8\u2502\u2223\u2758\u01c0"
_SQUARE_OPENERS, _SQUARE_CLOSERS = r"\[\uff3b", r"\]\uff3d"
_MARK_OPENERS, _MARK_CLOSERS = "\u3010\ufe3b\u3016", "\u3011\ufe3c\u3017"
_LOOKALIKES = {
    "a": "\u0430\u03b1",
    "c": "\u0441",
    "e": "\u0435",
    "g": "\u0261",
    "i": "\u0456\u0131\u03b9",
    "l": "\u04cf",
    "n": "\u0578",
    "o": "\u043e\u03bf",
    "p": "\u0440\u03c1",
    "s": "\u0455",
    "u": "\u057d",
    "v": "\u03bd",
    "y": "\u0443",
}


def _build_letter(letter: str) -> str:
    """Build the pattern of a letter, wide, circled and mathematical ones included."""
    place = ord(letter) - ord("a")
    forms = [chr(0xFF41 + place), chr(0x24D0 + place)]
    forms += [chr(0x1D400 + 26 * style + place) for style in range(26)]
    return f"[{letter}{''.join(forms)}{_LOOKALIKES.get(letter, '')}]"


def _build_name(name: str, gap: str = r"[_\u2581\uff3f]") -> str:
    letters = (gap if each == "_" else _build_letter(each) for each in name)
    return _HIDDEN.join(letters)


def _build_capitals(name: str) -> str:
    """Build the pattern of a name in capital letters, wide ones included."""
    letters = (
        "[_\uff3f]" if each == "_" else f"[{each}{chr(0xFF21 + ord(each) - ord('A'))}]"
        for each in name
    )
    return _HIDDEN.join(letters)


def _build_names(names: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(_build_name, names))})"


_OWN_TAGS = "|".join(_build_name(name, r"[\s_-]?") for name in _NAMES)


_TAG = regex.compile(
    rf"[{_OPENERS}](?={_GAP}[{_SLASHES}]?{_GAP}(?:{_OWN_TAGS})"
    rf"(?!{_HIDDEN}[\p{{L}}\p{{N}}_-]))",
    regex.IGNORECASE,
)

_BAR = rf"[{_BARS}]{_HIDDEN}"
_IN_BARS = rf"{_BAR}[{_SLASHES}]?[\w\u2581][\w\u2581\p{{Cf}} .:/-]{{0,60}}{_BAR}"
# With one bar, as in `<|turn>` and `<turn|>`, a name is one word; `<a|b>` is a choice.
_WORD = rf"[{_SLASHES}]?[\w\u2581][\w\u2581\p{{Cf}}.-]{{0,60}}"
_BESIDE_BAR = rf"(?:{_BAR}{_WORD}|{_WORD}{_BAR})"
_PREFIX = rf"(?:[\w-]{{1,30}}{_HIDDEN}[:\uff1a]{_HIDDEN}{_build_names(_PREFIXED)})"
_NUMBERED = rf"(?:{_build_names(('special', 'reserved', 'extra_id'))}[_\uff3f]\p{{N}}{{1,4}})"
_IN_TAG = rf"[{_SLASHES}]?{_HIDDEN}(?:{_build_names(_ROLE_TAGS)}|{_PREFIX}|{_NUMBERED}){_HIDDEN}"
_IN_TWO = rf"[{_OPENERS}]{_HIDDEN}[{_SLASHES}]?{_HIDDEN}{_build_name('sys')}{_HIDDEN}[{_CLOSERS}]"
_IN_SQUARE = (
    rf"[{_SLASHES}]?{_HIDDEN}"
    rf"(?:{_build_names(_ROLE_WORDS)}|(?-i:{'|'.join(map(_build_capitals, _CAPITAL_WORDS))})"
    rf"|{_BAR}{_build_names(_BAR_WORDS)}{_HIDDEN}{_BAR})"
)
# Signs of one family each: `]~b]` and `[e~[`, and `<role>HUMAN`, where other roles are anyone's.
_IN_TILDES = rf"{_HIDDEN}[~\uff5e\u223c]{_HIDDEN}"
_BEGIN = rf"{_IN_TILDES}!?{_build_letter('b')}{_HIDDEN}[{_SQUARE_OPENERS}{_SQUARE_CLOSERS}]"
_END = rf"{_HIDDEN}{_build_letter('e')}{_IN_TILDES}[{_SQUARE_OPENERS}]"
_SPEAKER = (
    rf"{_build_name('role')}{_HIDDEN}[{_CLOSERS}]{_GAP}"
    r"(?-i:(?:SYSTEM|HUMAN|ASSISTANT|OBSERVATION)(?![\p{Lu}_]))"
)
# Some servers begin a turn with a small `<s>`; `List<S>` is a type.
_SENTENCE = rf"[{_SLASHES}]?{_HIDDEN}{_build_letter('s')}{_HIDDEN}[>\uff1e\ufe65]"
_ROLE = regex.compile(
    rf"[{_OPENERS}](?=(?P<rest>{_HIDDEN}(?:{_IN_BARS}|{_BESIDE_BAR}|{_IN_TAG}|{_IN_TWO})"
    rf"{_HIDDEN}[{_CLOSERS}]))"
    rf"|[{_OPENERS}](?=(?P<rest>{_HIDDEN}{_SPEAKER}))"
    rf"|[{_SQUARE_CLOSERS}](?=(?P<rest>{_BEGIN}))|[{_SQUARE_OPENERS}](?=(?P<rest>{_END}))"
    rf"|(?-i:[<\uff1c\ufe64](?=(?P<rest>{_HIDDEN}{_SENTENCE})))"
    rf"|[{_SQUARE_OPENERS}](?=(?P<rest>{_HIDDEN}{_IN_SQUARE}{_HIDDEN}[{_SQUARE_CLOSERS}]))",
    regex.IGNORECASE,
)
"""The first sign of what separates the roles of a conversation for servers of LLMs."""

_SIGN = rf"[^\p{{L}}\u2020{_MARK_OPENERS}{_MARK_CLOSERS}]"
_MARK = (
    rf"(?=[^{_MARK_OPENERS}{_MARK_CLOSERS}]{{0,80}}?\p{{N}})"
    rf"(?:(?:{_build_names(_NOUNS)}|{_OTHER_NOUNS})\p{{L}}{{0,2}}|{_AND}|{_SIGN}){{0,80}}+"
    rf"(?:\u2020[^{_MARK_OPENERS}{_MARK_CLOSERS}]{{0,80}})?"
)
_NUMBER = regex.compile(rf"[{_MARK_OPENERS}](?P<mark>{_MARK})[{_MARK_CLOSERS}]", regex.IGNORECASE)
# What is cut off here may go on in the text that follows.
_LOOSE_OPENER = regex.compile(
    rf"[{_MARK_OPENERS}](?={_SIGN}{{0,80}}?\p{{N}}(?:(?!\n){_SIGN}){{0,80}}(?:\n|\Z))"
)
_LOOSE_CLOSER = regex.compile(rf"(?<=\A{_SIGN}{{0,80}}\p{{N}}{_SIGN}{{0,80}})[{_MARK_CLOSERS}]")

_LINE_END = regex.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def escape_tags(text: str) -> str:
    """Escape the tags of docent's prompts.

    Then no text in a prompt can begin or end a part of it.
    """
    return str(_TAG.sub(lambda match: f"{match.group()} ", text))


def escape_roles(text: str) -> str:
    """Break the roles of chat templates by a blank."""
    return str(_ROLE.sub(lambda match: f"{match.group()} ", text))


def list_roles(text: str) -> list[str]:
    """Return what `escape_roles` breaks, in the order of the text."""
    return [match.group() + match["rest"] for match in _ROLE.finditer(text)]


def escape_numbers(text: str) -> str:
    """Put numbers that look like a passage's into square brackets.

    A year or a step, as in `【2024年】`, stays as it is.
    """
    text = _NUMBER.sub(r"[\g<mark>]", text)
    return str(_LOOSE_CLOSER.sub("]", _LOOSE_OPENER.sub("[", text)))


def neutralise_text(text: str) -> str:
    """Return a text without live tags, numbers and roles.

    Apart from a blank or a bracket, it stays as it is: a question or a page may be about tags.
    """
    return escape_numbers(escape_roles(escape_tags(text)))


def prefix_lines(text: str) -> str:
    """Indent all lines but the first.

    Then none of them begins like another message.
    """
    return str(_LINE_END.sub("\n  ", text))
