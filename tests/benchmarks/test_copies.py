from __future__ import annotations

from benchmarks.copies import measure
from tests.rag_core.fakes import make_chunk

STEPS = (
    "Backups are enabled by default, and the server writes a snapshot of each of its volumes every "
    "six hours, keeps ten of them for a week, and removes the oldest one before the next is "
    "written. To restore one, stop the server, choose the snapshot by its time, wait until all of "
    "its files are back in their folders, and start the server again with the option for a check."
)
TEXTS = [STEPS, f"**{STEPS}**", STEPS.replace("enabled", "disabled"), "Something else."]


def test_pairs_of_two_pages_by_either_rule():
    chunks = [make_chunk(text, path=f"{n}.md") for n, text in enumerate(TEXTS)]
    found = measure(chunks, show=3)
    assert (found["chunks"], found["copies"], found["both"]) == (4, 1, 1)
    assert found["similar"] == 3
    assert found["only_copies"] == []
    assert len(found["only_similar"]) == 2


def test_a_page_has_no_pairs():
    found = measure([make_chunk(STEPS, position=n) for n in range(2)])
    assert (found["copies"], found["similar"]) == (0, 0)
