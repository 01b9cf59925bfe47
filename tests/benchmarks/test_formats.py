from __future__ import annotations

from pathlib import Path

from benchmarks.formats import measure_trees

BUILT = """<html><body><nav>Menu</nav><main><h1 id="limits">Limits</h1><p>Five mails an hour.</p>
<h2 id="old_1">Old</h2><p>Gone.</p></main></body></html>"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_tree_is_measured_against_the_site_beside_it(tmp_path: Path):
    write(
        tmp_path,
        {
            "mail/docs/limits.md": "# Limits\n\nFive mails an hour. Extra\n\n## Old\n\nGone.\n",
            "mail/docs/empty.md": "---\ntitle: x\n---\n",
            "mail.site/limits/index.html": BUILT,
            "plain/a.md": "See [the plan][plan], not `[a][b]`.\n",
        },
    )
    found = measure_trees(tmp_path, {"mail": "mkdocs"}, show=5)
    assert list(found) == ["mail", "plain"]
    assert found["mail"] == {
        "pages": 2,
        "chunks": 1,
        "pages_without_text": 1,
        "unresolved_links": 0,
        "built_pages": 1,
        "recall": 1.0,
        "extra": 0.125,
        "anchors": 2,
        "wrong_anchors": 1,
        "wrong": ["docs/limits.md#old"],
    }
    assert found["plain"]["unresolved_links"] == 1
    assert "recall" not in found["plain"]
