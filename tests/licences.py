"""The licences of all installed distributions, for `make audit`: `python -m tests.licences`.

Each is read from the distribution's own metadata. Copyleft licences and unknown ones are marked, so
that a person looks at them before a release.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import Literal

Kind = Literal["permissive", "copyleft", "unknown"]

_COPYLEFT = re.compile(
    r"\b(A?L?GPL|MPL|EPL|CDDL|EUPL|OSL|CC-BY-SA|SSPL|BUSL)|GNU|Mozilla|Eclipse|share.?alike",
    re.IGNORECASE,
)
_PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python|Zlib|Unlicense|Public Domain|CC0|HPND|Boost|BSL-1)",
    re.IGNORECASE,
)

OWN_NAMES = {"docent", "docent-bot"}
"""docent's distribution, and what it was called before in an environment that was kept."""


@dataclass(frozen=True, order=True)
class Licence:
    """The licence of a distribution, as its metadata says it."""

    name: str
    version: str
    text: str

    @property
    def kind(self) -> Kind:
        """Copyleft if any part of it is; a choice counts by its freest part."""
        parts = re.split(r"\bOR\b", self.text.replace("(", " ").replace(")", " "))
        if parts and all(_COPYLEFT.search(part) for part in parts):
            return "copyleft"
        if "AND" in self.text and _COPYLEFT.search(self.text.partition(" OR ")[0]):
            return "copyleft"
        return "permissive" if any(map(_PERMISSIVE.search, parts)) else "unknown"

    def __str__(self) -> str:
        mark = "" if self.kind == "permissive" else f"  <- {self.kind}: look at it"
        return f"{self.name} {self.version}: {self.text or 'says nothing'}{mark}"


def read_licences() -> list[Licence]:
    """Read the licence of each installed distribution but docent's own."""
    found = set()
    for each in distributions():
        if each.name.lower() not in OWN_NAMES:
            found.add(Licence(each.name, each.version, _read_text(each.metadata)))
    return sorted(found, key=lambda licence: licence.name.lower())


def _read_text(metadata) -> str:
    """The expression; else the classifiers, one of which may be chosen; else the first line."""
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [each for each in metadata.get_all("Classifier") or [] if "License ::" in each]
    if names := [each.rpartition("::")[2].strip() for each in classifiers]:
        return " OR ".join(names)
    return next(iter((metadata.get("License") or "").strip().splitlines()), "")


def main() -> None:
    """Print a line for each distribution, those to look at once more at the end."""
    licences = read_licences()
    print(*licences, sep="\n")  # noqa: T201 - a command
    marked = [each for each in licences if each.kind != "permissive"]
    print(f"\n{len(licences)} distributions, {len(marked)} to look at:", *marked, sep="\n")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
