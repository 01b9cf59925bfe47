"""English counts, for the command line and logs, which are in English only."""

from __future__ import annotations


def format_count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 page`, `1,205 pages`.

    Args:
        number: how many there are.
        noun: for one of them.
        plural: for several of them, if it is not the noun with an `s`.

    Returns:
        The number with commas, a space and the noun.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
