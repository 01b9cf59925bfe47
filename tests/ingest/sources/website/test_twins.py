from __future__ import annotations

import pytest

from ingest.sources.website.twins import TwinFinder


@pytest.mark.parametrize(
    ("pages", "probed", "twins"),
    [
        ({"/a": "/a", "/b": "/b"}, ["/a.md", "/b.md"], {"/c/d.md": "/c/d", "/c/index.md": "/c/"}),
        ({"/a": "/a/", "/b": "/b/"}, ["/a.md", "/b.md"], {"/c.md": "/c/", "/index.md": "/"}),
        ({"/a.html": "/a.html"}, ["/a.md"], {"/c.md": "/c.html"}),
        ({"/a.html": "/a.html"}, ["/a.html.md"], {"/c.html.md": "/c.html"}),
        ({"/a": "/a", "/b": "/"}, ["/a.md", "/b.md"], {"/a.md": ""}),
        ({"/a": "/a"}, ["/a.md", "/b.md"], {"/a.md": ""}),
        ({}, ["/a.md"], {"/a.md": ""}),
        ({"/b": "/b"}, ["/a", "/index.md", "/b.md"], {"/b.md": "/b", "/a": ""}),
    ],
)
def test_the_rule_of_a_site(pages: dict[str, str], probed: list[str], twins: dict[str, str]):
    known = {f"https://h{path}": f"https://h{target}" for path, target in pages.items()}
    finder = TwinFinder()
    finder.probe([f"https://h{path}" for path in probed], lambda each: known.get(each, ""))
    for path, twin in twins.items():
        assert finder.find(f"https://h{path}") == (f"https://h{twin}" if twin else "")


def test_few_pages_are_probed():
    asked: list[str] = []
    TwinFinder().probe(
        [f"https://h/{number}.md" for number in range(50)], lambda each: asked.append(each) or ""
    )
    assert len(asked) == 6
