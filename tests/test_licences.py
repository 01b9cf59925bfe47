"""`make audit` lists every licence, and marks what a person must look at."""

from __future__ import annotations

from importlib.metadata import distributions

import pytest

from tests import licences
from tests.licences import Licence, read_licences

KINDS = {
    "MIT": "permissive",
    "Apache-2.0": "permissive",
    "BSD License": "permissive",
    "MIT OR Apache-2.0": "permissive",
    "LGPL-3.0-only": "copyleft",
    "GPL-2.0-or-later": "copyleft",
    "AGPL-3.0": "copyleft",
    "Mozilla Public License 2.0 (MPL 2.0)": "copyleft",
    "MPL-2.0 AND MIT": "copyleft",
    "MPL-2.0 AND (Apache-2.0 OR MIT)": "copyleft",
    "Public Domain OR BSD License OR GNU General Public License (GPL)": "permissive",
    "": "unknown",
    "Proprietary": "unknown",
    "Copyright 2001 Some People": "unknown",
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_what_a_person_must_look_at(text: str, kind: str):
    licence = Licence("thing", "1.0", text)
    assert licence.kind == kind
    assert ("look at it" in str(licence)) == (kind != "permissive")


def test_every_distribution_is_listed(capsys):
    names = {each.name for each in distributions()} - licences.OWN_NAMES
    assert {each.name for each in read_licences()} == names
    licences.main()
    out = capsys.readouterr().out
    assert all(f"{name} " in out for name in names)
    assert f"{len(names)} distributions, " in out


def test_what_docent_runs_with_is_known():
    # Another one is no fault of a test's: look at it, then write it down here.
    copyleft = {each.name for each in read_licences() if each.kind == "copyleft"}
    assert copyleft <= {
        "certifi",  # MPL-2.0: a file of certificates, unchanged
        "hypothesis",  # MPL-2.0, for tests
        "orjson",  # MPL-2.0 for parts of it, unchanged
        "pathspec",  # MPL-2.0, unchanged
        "psycopg",  # LGPL-3.0, imported and not part of docent
        "psycopg-binary",
        "tqdm",  # MPL-2.0 for parts of it, unchanged
    }
    assert [each.name for each in read_licences() if each.kind == "unknown"] == []
