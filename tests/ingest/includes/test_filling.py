from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from ingest.includes import allowance, filling
from ingest.includes.filling import FilledPages, fill_includes
from tests.ingest.includes.samples import fill


def text(filled: FilledPages, path: str = "a.md") -> str:
    return filled.texts[path].decode()


def test_a_page_without_marks_is_not_touched():
    assert fill(**{"a.md": "# A\n\nimport x from y {a} {{b}} `<<<`"}).texts == {}


def test_other_files_are_read_when_a_page_asks_for_them():
    filled = fill({"src/a.py": "print(1)\n"}, **{"docs/a.md": "<<< ../src/a.py\n"})
    assert text(filled, "docs/a.md") == "```python\nprint(1)\n```\n"


def test_an_included_file_has_its_own_includes():
    filled = fill({"b.inc.md": '--8<-- "c.py"'}, **{"a.md": '--8<-- "b.inc.md"', "c.md": "c"})
    assert text(filled) == ""
    assert filled.failures == ('b.inc.md: its include "c.py" is not in the source',)
    filled = fill(
        {"b.txt": "b", "c.py": "c = 1"}, **{"a.md": '--8<-- "d.md"', "d.md": '--8<-- "c.py"'}
    )
    assert text(filled) == "c = 1"


def test_files_that_include_each_other():
    filled = fill(**{"a.md": 'A\n--8<-- "b.md"', "b.md": 'B\n--8<-- "a.md"'})
    assert text(filled, "a.md") == "A\nB"
    assert 'b.md: its include "a.md" leads back to itself' in filled.failures


def test_a_long_chain_ends():
    files = {f"{n}.md": f'{n}\n--8<-- "{n + 1}.md"' for n in range(30)} | {"30.md": "end"}
    filled = fill(**files)
    assert text(filled, "0.md").split() == [str(n) for n in range(9)]
    assert text(filled, "25.md").split() == ["25", "26", "27", "28", "29", "end"]
    assert any(line.endswith("is nested too deeply") for line in filled.failures)


def test_doubling_includes_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MAX_INCLUDES", 100)
    files = {f"{n}.md": f'--8<-- "{n + 1}.md"\n' * 10 for n in range(8)} | {"8.md": "end"}
    filled = fill(**files)
    assert text(filled, "0.md").count("end") < 100
    assert any("includes more than docent fills in" in line for line in filled.failures)


def test_a_page_can_not_include_without_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MAX_INCLUDED", 10)
    filled = fill(**{"a.md": "{{b.md}} " * 5, "b.md": "1234"})
    assert text(filled) == "1234 1234 " + "{{b.md}} " * 3


def test_the_includes_of_all_pages_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MAX_INCLUDED", 10)
    monkeypatch.setattr(allowance, "MAX_ALL_INCLUDED", 24)
    files = {f"{n}.md": "{{part.md}}" for n in range(5)}
    filled = fill(**files, **{"part.md": "12345678"})
    assert [*filled.texts] == ["0.md", "1.md", "2.md"]
    (line,) = filled.failures
    assert line.startswith("2.md: includes and variables of the source add more than")


def test_indentation_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MAX_INCLUDED", 60)
    filled = fill(**{"a.md": " " * 40 + '--8<-- "b.md"', "b.md": "1\n2\n3\n4\n"})
    assert filled.texts == {}
    assert "includes more than docent fills in" in filled.failures[0]


@pytest.mark.parametrize(
    "target",
    ["../b.md", "/etc/passwd", "x/../../b.md", "C:/b.md", "https://x.example/b.md", "..", "\\b.md"],
)
def test_no_file_outside_is_asked_for(target: str):
    asked = set[str]()

    def read_others(paths: Collection[str]) -> Mapping[str, bytes]:
        asked.update(paths)
        return {}

    page = f'--8<-- "{target}"\n<<< {target}\n<!--@include: {target}-->\n{{!{target}!}}\n'
    fill_includes({"a.md": page.encode()}, read_others, bytes.decode)
    assert all(not path.startswith(("/", "..")) and ":" not in path for path in asked)


def test_files_that_are_no_text_are_named():
    def read_others(paths: Collection[str]) -> Mapping[str, bytes]:
        return dict.fromkeys(paths, b"\x89PNG")

    filled = fill_includes({"a.md": b'--8<-- "b.png"'}, read_others, lambda _: None)
    assert filled.failures == ('a.md: its include "b.png" is not text',)


def test_the_lines_of_the_report_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(filling, "MAX_FAILURES", 3)
    filled = fill(**{"a.md": "".join(f'--8<-- "{n}.py"\n' for n in range(5))})
    assert len(filled.failures) == 4
    assert filled.failures[3] == "2 further includes not filled in"


def test_only_one_line_for_one_include():
    filled = fill(**{"a.md": '--8<-- "b.py"\n' * 3})
    assert filled.failures == ('a.md: its include "b.py" is not in the source',)


def test_pages_of_windows():
    filled = fill(**{"a.md": 'a\r\n--8<-- "b.md"\r\nc\r\n', "b.md": "b\r\nb\r\n"})
    assert text(filled) == "a\nb\nb\nc\n"


def test_a_large_file_is_searched_only_so_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allowance, "MAX_SEARCHED", 50_000)
    page = "".join(f'--8<-- "big.md:{n}:{n}"\n' for n in range(1, 50))
    filled = fill(**{"a.md": page, "big.md": "line\n" * 4_000})
    assert text(filled).count("line") == 3
    assert "the rest stays as it is" in filled.failures[0]
