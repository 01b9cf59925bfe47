"""Which pictures there are, their pages, and the digests that tell whether one is too old."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from tests.conftest import ROOT
from tests.pictures import slack_scenes, terminal_scenes
from tests.pictures.slack_window import draw_page

IMAGES = ROOT / "docs" / "images"
DIGESTS = IMAGES / "pictures.json"
"""The digest of the page that each picture shows, by the picture's name."""

SLACK: Mapping[str, Callable[[], str]] = {
    "answer": slack_scenes.draw_answer,
    "evidence": slack_scenes.draw_evidence,
    "why": slack_scenes.draw_why,
    "form": slack_scenes.draw_form,
    "report": slack_scenes.draw_report,
    "home": slack_scenes.draw_home_of_person,
    "home-admin": slack_scenes.draw_home_of_admin,
}
SCENES = (*SLACK, *terminal_scenes.SCENES)


def draw_pages() -> dict[str, str]:
    """The page of each picture in both colour schemes, by the picture's name."""
    return {
        f"{scene}{'-dark' if dark else ''}": _draw_page(scene, dark=dark)
        for scene in SCENES
        for dark in (False, True)
    }


def _draw_page(scene: str, *, dark: bool) -> str:
    if scene in SLACK:
        return draw_page(SLACK[scene](), dark=dark)
    inner = terminal_scenes.draw_terminal(scene, dark=dark)
    return draw_page(inner, dark=dark, style=terminal_scenes.STYLE)


def digest(page: str) -> str:
    """A short name for the content of a page."""
    return hashlib.sha256(page.encode()).hexdigest()[:16]


def read_digests() -> dict[str, str]:
    """The digests of the pages that were photographed."""
    stored: dict[str, str] = json.loads(DIGESTS.read_text())
    return stored
