"""The robots.txt of a site, with bounds: it is checked for each page of a crawl."""

from __future__ import annotations

import re
from collections.abc import Iterator

from protego import Protego

from ingest.errors import SourceRefusedError
from ingest.sources.http.client import USER_AGENT

MAX_PATTERNS = 2_000
"""Most rules with `*` or `$`: each of them is compared with each address."""

_AGENT = re.compile(r"\s*user[- ]?agent\s*:?([^#]*)", re.IGNORECASE)
_RULE = re.compile(
    r"\s*(?:allow|di[a-z]+)\b([^#]*)", re.IGNORECASE
)  # the parser knows misspellings
_SITE_WIDE = re.compile(r"\s*(?:#|$|site-?maps?\b|host\b)", re.IGNORECASE)
_OTHERS = "User-agent: others"


def parse_robots(text: str, host: str) -> Protego:
    """Parse the rules of a host.

    Raises:
        SourceRefusedError: too many rules for docent are patterns.
    """
    return Protego.parse("\n".join(_unify_others(text, host)))


def _unify_others(text: str, host: str) -> Iterator[str]:
    """Yield the lines, with one name for all other programs.

    The parser gives each program of a group its own list of rules. A group of thousands of
    programs and thousands of rules would have millions.
    """
    is_ours, is_open, patterns = False, False, 0
    for line in text.splitlines():
        if agent := _AGENT.match(line):
            is_mine = _is_docent(agent[1])
            is_ours = is_mine or (is_ours and is_open)
            is_open = True
            yield line if is_mine else _OTHERS
            continue
        is_open = is_open and _SITE_WIDE.match(line) is not None
        patterns += is_ours and _is_pattern(line)
        if patterns > MAX_PATTERNS:
            raise SourceRefusedError(
                f"The robots.txt of {host} has more than {MAX_PATTERNS:,} rules with wildcards, "
                "which docent does not check."
            )
        yield line


def _is_pattern(line: str) -> bool:
    rule = _RULE.match(line)
    return rule is not None and ("*" in rule[1] or "$" in rule[1])


def _is_docent(agent: str) -> bool:
    """Return whether the parser may take a name for docent's."""
    name = agent.strip().lower()
    return name == "*" or USER_AGENT.startswith(name.replace("*", ""))
