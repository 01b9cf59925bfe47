"""The handbook's pictures show docent's blocks and lines as they are now."""

from __future__ import annotations

import re

import pytest

from tests.handbook import PAGES
from tests.pictures.block_kit import draw_mrkdwn
from tests.pictures.catalog import IMAGES, SCENES, digest, draw_pages, read_digests

LARGEST = 250_000  # bytes

_SOURCE = re.compile(r'(?:src|srcset)="([^"]+)"')


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return draw_pages()


@pytest.mark.parametrize("name", [f"{scene}{dark}" for scene in SCENES for dark in ("", "-dark")])
def test_no_picture_is_older_than_its_blocks(name: str, pages: dict[str, str]):
    assert digest(pages[name]) == read_digests()[name], "run `python -m tests.pictures`"
    picture = (IMAGES / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < LARGEST


def test_no_picture_is_left_from_earlier(pages: dict[str, str]):
    assert {path.stem for path in IMAGES.glob("*.png")} == set(pages) == set(read_digests())


def test_a_page_is_drawn_alike_each_time(pages: dict[str, str]):
    assert draw_pages() == pages


@pytest.mark.parametrize("scene", SCENES)
def test_each_picture_is_in_the_handbook_in_both_colours(scene: str):
    """With words for those who can't see it, and a dark one beside the light one."""
    shown = rf'srcset="[\w/]*images/{scene}-dark\.png">\s*<img src="[\w/]*images/{scene}\.png"'
    assert any(re.search(shown + r'[^>]* alt="[^"]{15,}"', page.read_text()) for page in PAGES)


def test_every_picture_that_a_page_shows_is_there():
    shown = [(page, source) for page in PAGES for source in _SOURCE.findall(page.read_text())]
    assert shown
    assert [source for page, source in shown if not (page.parent / source).exists()] == []


def test_slacks_markup_becomes_html():
    text = '*docs* `a < b` <https://a.b|here> <@U1> &lt;!here&gt; "'
    shown = draw_mrkdwn(text)
    assert "<b>docs</b>" in shown
    assert "<a>here</a>" in shown
    assert "<a>@U1</a>" in shown
    assert "&lt;!here&gt;" in shown
    assert "&quot;" in shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("<!date^1772506800^{ago}|2026-03-03>", "6 hours ago"),
        ("<!date^1772506800^{date_short_pretty} {time}|2026-03-03>", "Today 3:00 AM"),
        ("at <!date^1772420400^{date_short_pretty} {time}|2026-03-02>", "at yesterday 3:00 AM"),
        ("<!date^1772334000^{date_short_pretty} {time}|2026-03-01>", "Mar 1, 2026 3:00 AM"),
    ],
)
def test_moments_are_those_of_a_reader_of_that_day(moment: str, shown: str):
    assert draw_mrkdwn(moment) == shown
