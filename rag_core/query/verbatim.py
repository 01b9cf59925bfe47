"""Verbatim lines of a message: code, logs and tracebacks, in which nothing is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LEVEL = r"(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|PANIC|CRITICAL|SEVERE)"
_CERTAIN = re.compile(
    rf"""\s*(?:
        Traceback\ \(|File\ ".{{1,200}}",\ line\ \d|at\ [\w.$<>/]+\(|Caused\ by:|\.{{3}}\ \d+\ more
        |goroutine\ \d|panic:|[\w.]*(?:Error|Exception|Warning|Failure)\s*[:(]|[EWIF]\d{{4}}\s
        |\W{{0,2}}(?:[A-Z][a-z]{{2}}\ +)?\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}[T\ ,]+\d\d?:\d\d
        |\W{{0,2}}(?:[A-Z][a-z]{{2}}\ +\d\d?\ +)?\d\d:\d\d:\d\d
        |\W{{0,2}}{_LEVEL}\b\W|.{{0,80}}\[{_LEVEL}\]|.{{0,80}}\b(?:level|lvl|msg|err)=
        |\((?:[\w.]+,?\ )?(?:pid|ip)=
        |@\w[\w.]*(?:\(|\s*$)|(?:async\ )?def\ \w+\(|class\ \w+.{{0,80}}[:{{]\s*$
        |from\ [\w.]+\ import\b|(?:const|let|var|final|public|private|static|func)\ [\w<].*[;={{(]
        |[\w.]+(?:\[[^\]\n]*\])?(?:\s?:\s?\w+)?\s?[-+*/|:]?=\s?[^=\s]
        |(?:await\ |return\ |raise\ |print\ )?[\w.]+\([^\n]*\)\s*;?\s*$
        |\$\ \w|>>>|\#!|//|</?[A-Za-z][^>\n]*>|"[\w.-]+"\s*:|\|.*\|\s*$|-{{3,}}\s*$
        |[\]}})]+[;,)]*\s*$|\S+(?:\ {{2,}}\S+){{2,}}
        |(?:sudo\ )?[a-z][\w.-]*\ (?:[^\s-]\S*\ ){{0,6}}--?[A-Za-z][\w-]*(?:[=\ ]|$)
        |[^\n]*(?:\)\s*;|\{{)\s*$
    )""",
    re.VERBOSE,
)
# Beside a line that is certain, these are of its kind.
_LIKELY = re.compile(
    r"""(?:\ {2}|\t)\s*\S|\S[^\n]*\S\ {2,}\S
        |\s*(?:import|return|raise|assert|del|yield|if|for|while|with|except)\ \S
        |\s*(?:else|try|finally|pass|break|continue)\b:?\s*$|\s*[a-z][\w.-]*:(?:\s|$)|\s*\#""",
    re.VERBOSE,
)


def mark_verbatim(lines: Sequence[str]) -> list[bool]:
    """Return which lines are code or a log; blank ones are not.

    A line that is only likely needs one beside it that is certain, or a chain of likely ones.
    """
    marked = [bool(_CERTAIN.match(line)) for line in lines]
    likely = [bool(_LIKELY.match(line)) for line in lines]
    for places in (range(1, len(lines)), range(len(lines) - 2, -1, -1)):
        step = -1 if places.step > 0 else 1
        for place in places:
            marked[place] = marked[place] or (likely[place] and marked[place + step])
    return marked
