"""Finished parts: whole or not there, found again by what went into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.documents import HardPageError, Page, PageError, WaitingPageError
from ingest.engine.parts import Part, Parts, ReadPage, build_page_key
from ingest.errors import IngestError
from ingest.loading.chunker import Chunker
from ingest.loading.reading_process import read_page
from rag_core.types import hash_content
from tests.ingest.fakes import HashEmbedder

PAGE = Page("docs", "a.md", "https://x.test/a", b"# A\n\n## B\n\nText.", version="2")
OUTCOME = read_page(PAGE, Chunker(HashEmbedder()))
KEY = build_page_key(PAGE)


def make_part(outcome=OUTCOME, text: str = "text") -> Part:
    vectors = HashEmbedder().embed_passages([text])
    return Part({KEY: ReadPage.of(outcome, PAGE)}, (hash_content(text),), vectors, truncated=1)


def test_a_part_is_found_again(tmp_path: Path):
    Parts(tmp_path, "recipe").add(make_part())
    parts = Parts(tmp_path, "recipe")
    assert KEY in parts
    assert parts.truncated == 0
    assert parts.read_page(KEY).parse(PAGE) == OUTCOME
    assert parts.truncated == 1
    assert np.array_equal(parts.find_vector("text"), HashEmbedder().embed_passages(["text"])[0])
    assert parts.find_vector("other") is None


def test_parts_of_another_recipe_are_removed(tmp_path: Path):
    Parts(tmp_path, "recipe").add(make_part())
    assert KEY not in Parts(tmp_path, "another")
    assert KEY not in Parts(tmp_path, "recipe")


@pytest.mark.parametrize("name", ["pages.json", "vectors.npy"])
@pytest.mark.parametrize("size", [0, 20, 90])
def test_a_part_that_a_crash_cut_off_is_removed(tmp_path: Path, name: str, size: int):
    Parts(tmp_path, "recipe").add(make_part())
    (file,) = tmp_path.rglob(name)
    file.write_bytes(file.read_bytes()[:size])
    parts = Parts(tmp_path, "recipe")
    assert KEY not in parts
    assert parts.find_vector("text") is None
    assert not file.parent.exists()


def test_a_part_that_was_never_renamed_is_removed(tmp_path: Path):
    Parts(tmp_path, "recipe").add(make_part())
    (file,) = tmp_path.rglob("pages.json")
    file.parent.rename(file.parent.with_suffix(".new"))
    assert KEY not in Parts(tmp_path, "recipe")


@pytest.mark.parametrize(
    ("outcome", "is_kept"),
    [
        (PageError("is broken"), False),
        (WaitingPageError("had no turn"), False),
        (HardPageError("took longer than 20 seconds to read"), True),
    ],
)
def test_a_page_that_may_be_read_next_time_is_read_again(tmp_path: Path, outcome, is_kept: bool):
    parts = Parts(tmp_path, "recipe")
    parts.add(make_part(outcome))
    read = parts.read_page(KEY).parse(PAGE)
    assert (type(read), str(read)) == (type(outcome), str(outcome))
    assert (KEY in Parts(tmp_path, "recipe")) == is_kept


def test_a_page_has_another_key_when_anything_of_it_changes():
    changed = [
        Page("docs", "a.md", "https://x.test/a", b"# A\n\n## B\n\nText!", version="2"),
        Page("docs", "a.md", "https://x.test/b", PAGE.data, version="2"),
        Page("docs", "a.md", "https://x.test/a", PAGE.data, version="3"),
        Page("more", "a.md", "https://x.test/a", PAGE.data, version="2"),
        Page("docs", "a.md", PAGE.url, PAGE.data, version="2", links={"b.md": "https://x.test/b"}),
    ]
    assert len({KEY, *map(build_page_key, changed)}) == 6


def test_a_full_disk_is_one_sentence(tmp_path: Path):
    (tmp_path / hash_content("recipe")).write_text("a file stands where the folder should be")
    with pytest.raises(IngestError, match=r"can't be written to .*: Not a directory"):
        Parts(tmp_path, "recipe").add(make_part())
