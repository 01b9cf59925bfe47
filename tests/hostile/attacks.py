"""The corpus of attacks: a TOML file for each way in, an entry for each attack."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "attacks"

Attack = dict[str, Any]
"""Its `name`, and what the test of its file reads."""


def read_attacks(way_in: str) -> list[Attack]:
    """Return the attacks of a file of the folder `attacks`."""
    attacks = tomllib.loads((FOLDER / f"{way_in}.toml").read_text())["attack"]
    assert all(attack["name"] for attack in attacks)
    return attacks


def each_attack(way_in: str) -> pytest.MarkDecorator:
    """Run a test once for each attack of a file, as its argument `attack`."""
    attacks = read_attacks(way_in)
    return pytest.mark.parametrize("attack", attacks, ids=[each["name"] for each in attacks])
