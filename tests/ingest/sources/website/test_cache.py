from __future__ import annotations

from pathlib import Path

import pytest

from ingest.sources.website.cache import CachedPage, PageCache

PAGE = CachedPage("https://h/a", "text/html", '"1"', "")


def kept(folder: Path) -> PageCache:
    cache = PageCache(folder)
    cache.put("https://h/a", PAGE, b"A")
    cache.put("https://h/b", PAGE, b"B")
    cache.save()
    return PageCache(folder)


def test_pages_are_there_the_next_time(tmp_path: Path):
    cache = kept(tmp_path)
    page = cache.get("https://h/a")
    assert page is not None
    assert cache.read_body(page) == b"A"
    assert page.headers == {"If-None-Match": '"1"'}
    assert cache.get("https://h/c") is None


def test_what_is_not_kept_is_deleted(tmp_path: Path):
    cache = kept(tmp_path)
    cache.keep_only({"https://h/b"})
    cache.save()
    assert len(list(tmp_path.glob("*.body"))) == 1
    assert PageCache(tmp_path).get("https://h/a") is None


def test_a_new_body_does_not_go_with_an_old_etag(tmp_path: Path):
    cache = kept(tmp_path)
    cache.put("https://h/a", CachedPage("https://h/a", "text/html", '"2"', ""), b"A2")
    again = PageCache(tmp_path)  # killed before it was saved
    page = again.get("https://h/a")
    assert page is not None
    assert (page.etag, again.read_body(page)) == ('"1"', b"A")


def test_a_body_that_is_lost_is_fetched_again(tmp_path: Path):
    cache = kept(tmp_path)
    for body in tmp_path.glob("*.body"):
        body.unlink()
    assert cache.get("https://h/a") is None


@pytest.mark.parametrize("index", ["", "[]", "{", '{"https://h/a": {"x": 1}}', '{"a": 3}'])
def test_a_broken_index_is_an_empty_one(tmp_path: Path, index: str):
    kept(tmp_path)
    (tmp_path / "pages.json").write_text(index)
    assert PageCache(tmp_path).get("https://h/a") is None
