from __future__ import annotations

import inspect
import re

import pytest

from rag_core import errors

CLASSES = dict(inspect.getmembers(errors, inspect.isclass))


def drawn() -> dict[str, str | None]:
    """Each error in the tree of the module's docstring, and its parent."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"^([│├└─ ]*)([A-Z]\w*Error)\b", line)
        if found and (found.group(1) or not parents):
            depth = len(found.group(1)) // 4
            path[depth:] = [found.group(2)]
            parents[found.group(2)] = path[depth - 1] if depth else None
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert drawn() == {
        name: None if cls.__base__ is Exception else cls.__base__.__name__
        for name, cls in CLASSES.items()
    }


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
def test_every_error_says_in_one_sentence_when_it_is_raised(cls):
    assert re.fullmatch(r"[A-Z][^.\n]*\.", cls.__doc__)


def test_every_error_can_be_caught_as_one():
    assert all(issubclass(cls, errors.DocentError) for cls in CLASSES.values())
