"""A reader of Discord's dialect, made of the rules of its client: what a person sees of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# In the order in which the client tries them.
_RULES = {
    "code": re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE),
    "escape": re.compile(r"\\([^0-9A-Za-z\s])"),
    "autolink": re.compile(r"<([^: >]+:/[^ >]+)>"),
    "mention": re.compile(r"<(?:[@#:/]|t:|id:|a:)[^>]*>|@everyone|@here"),
    "emoji": re.compile(r":(?!\d+:)[\w+-]{1,40}:"),
    "address": re.compile(r"(?:https?|steam|discord)://[^\s<]+[^<.,:;\"'\]\s]"),
    "link": re.compile(
        r"\[((?:\[[^\]]*\]|[^\[\]]|\](?=[^\[]*\]))*)\]"
        r"\(\s*<?((?:[^\s\\]|\\.)*?)>?\)"
    ),
    "inline": re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)"),
    "spoiler": re.compile(r"\|\|([\s\S]+?)\|\|"),
    "strong": re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)"),
    "underline": re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)"),
    "em": re.compile(
        r"_((?:__|\\[\s\S]|[^\\_])+?)_(?!\w)"
        r"|\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)",
        re.ASCII,
    ),
    "strike": re.compile(r"~~([\s\S]+?)~~(?!_)"),
}  # fmt: skip
_LINE = re.compile(r" *(?:(#{1,3}|-#|[-*+]|\d+\.) +|(>>>|>) )(?=\S)")


@dataclass
class Seen:
    """What a person sees, and what the text sets off.

    Attributes:
        text: the words.
        kinds: the rules that were used.
        code: the contents of code blocks.
        links: the targets of links.
    """

    text: str = ""
    kinds: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def read(text: str) -> Seen:
    """Read a message as Discord's client does."""
    seen = Seen()
    _read(text, seen)
    return seen


def _read(text: str, seen: Seen) -> None:
    at = 0
    while at < len(text):
        is_start = at == 0 or text[at - 1] == "\n"
        if is_start and (line := _LINE.match(text, at)):
            seen.kinds.append("line")
            at = line.end()
            continue
        name, match = next(
            ((name, match) for name, rule in _RULES.items() if (match := rule.match(text, at))),
            ("", None),
        )
        if match is None:
            seen.text += text[at]
            at += 1
            continue
        seen.kinds.append(name)
        _show(name, match, seen)
        at = match.end()


def _show(name: str, match: re.Match[str], seen: Seen) -> None:
    match name:
        case "code":
            seen.code.append(match[2])
            seen.text += match[2]
        case "escape":
            seen.text += match[1]
        case "autolink" | "address":
            address = match[1] if name == "autolink" else match[0]
            seen.links.append(address)
            seen.text += address
        case "mention" | "emoji":
            seen.text += "\ufffc"
        case "link":
            seen.links.append(match[2])
            _read(match[1], seen)
        case "inline":
            seen.text += re.sub(r"^ (?= *`)|(?<=`) $", "", match[2])
        case _:
            _read(next(group for group in match.groups() if group), seen)
