from __future__ import annotations

import zipfile

import pytest

from benchmarks.harness.editions import edit_one_page, read_pages, write_edition


@pytest.fixture
def states(tmp_path):
    paths = []
    for name, pages in {
        "old": {"same.md": "Same.", "edited.md": "Before.", "gone.md": "Gone."},
        "later": {"same.md": "Same.", "edited.md": "After.", "new.md": "New."},
    }.items():
        paths.append(tmp_path / f"{name}.zip")
        with zipfile.ZipFile(paths[-1], "w") as written:
            for path, text in pages.items():
                written.writestr(path, text)
    return paths


@pytest.mark.parametrize("number", [0, 1])
def test_the_first_editions_are_the_states(states, tmp_path, number):
    write_edition(tmp_path / "edition.zip", *states, number)
    assert read_pages(tmp_path / "edition.zip") == read_pages(states[number])


def test_later_editions_change_the_pages_that_differ(states, tmp_path):
    editions = []
    for number in range(5):
        write_edition(tmp_path / "edition.zip", *states, number)
        editions.append(read_pages(tmp_path / "edition.zip"))
    assert {edition["same.md"] for edition in editions} == {"Same."}
    assert len({edition["edited.md"] for edition in editions}) == 5
    assert ["gone.md" in edition for edition in editions] == [True, False, True, False, True]


def test_one_page_is_edited(states, tmp_path):
    edit_one_page(tmp_path / "edited.zip", states[0])
    before, after = read_pages(states[0]), read_pages(tmp_path / "edited.zip")
    assert [path for path in before if before[path] != after[path]] == ["edited.md"]
