from __future__ import annotations

import doctest
import json
from pathlib import Path

import pytest

from ingest.errors import SourceEmptyError, SourceFormatError, SourceNotFoundError
from ingest.formats import is_wanted
from ingest.sources import Downloads, Source, parse_sources, read_source, select_sources
from rag_core.errors import SettingsError
from tests.ingest.fakes import make_folder, make_zip


def here(path: str) -> str:
    return str(Path.cwd() / path)


def test_uris_are_separated_by_white_space():
    assert parse_sources("docs\n  https://example.com/v2/guide.zip ") == (
        Source("docs", here("docs")),
        Source("guide", "https://example.com/v2/guide.zip"),
    )


def test_nothing_is_nothing():
    assert parse_sources(" \n") == ()


def test_json_objects_carry_options():
    text = json.dumps(
        [{"uri": "docs", "name": "handbook", "url": "https://x.io/{path_stem}.html"}, "b.zip"]
    )
    first, second = parse_sources(text)
    assert first.name == "handbook"
    assert first.build_page_url("faq/a b.md", "-") == "https://x.io/faq/a%20b.html"
    assert second == Source("b", here("b.zip"))


def test_one_place_has_one_spelling(tmp_path: Path):
    spellings = {parse_sources(uri)[0] for uri in ("docs", "./docs/", f"{tmp_path}/docs")}
    assert spellings == {Source("docs", here("docs"))}
    assert parse_sources("file:///srv/the%20docs")[0].uri == "/srv/the docs"


def test_two_places_with_one_name_are_told_apart():
    first, second = parse_sources("a/docs b/docs")
    assert first.name == "docs"
    assert second.name.startswith("docs-")
    assert second == parse_sources("a/docs b/docs")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not valid JSON"),
        ("[1]", "needs a `uri`"),
        ('[{"name": "x"}]', "needs a `uri`"),
        ('[{"uri": "x", "colour": "red"}]', "`colour`"),
        ('[{"uri": "x", "name": 3}]', "`name`"),
        ('[{"uri": "x", "url": "https://x.io/{page}"}]', "{path}"),
        ('[{"uri": "x", "url": "https://x.io/"}]', "{path}"),
        ('[{"uri": "x", "url": "https://x.io/{path"}]', "template"),
        ('[{"uri": "a", "name": "n"}, {"uri": "b", "name": "n"}]', "named n"),
    ],
)
def test_wrong_settings_are_said(text: str, said: str):
    with pytest.raises(SettingsError, match=said):
        parse_sources(text)


def test_unknown_scheme():
    with pytest.raises(SourceFormatError, match=r"ftp://x/y\.zip"):
        parse_sources("ftp://x/y.zip")


def test_words_pick_configured_sources_with_their_options():
    configured = parse_sources('[{"uri": "docs", "name": "handbook", "url": "https://x/{stem}"}]')
    assert select_sources([], configured) == configured
    assert select_sources(["handbook"], configured) == configured
    assert select_sources(["./docs"], configured) == configured
    assert select_sources(["my docs.zip"], configured) == (Source("my docs", here("my docs.zip")),)


def test_a_misspelt_name_is_told_with_the_names_there_are(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    configured = parse_sources('[{"uri": "docs", "name": "milvus"}, {"uri": "b", "name": "ray"}]')
    with pytest.raises(
        SettingsError,
        match=r"^There is no source, file or .* named milvsu: DOCENT_SOURCES has milvus, ray\.$",
    ):
        select_sources(["milvsu"], configured)
    with pytest.raises(SettingsError, match=r"^There is no source, file or directory named aaa"):
        select_sources(["a" * 300], configured)
    assert select_sources(["~"], configured)[0].uri == str(Path.home())
    (tmp_path / "milvsu").mkdir()
    assert select_sources(["milvsu"], configured) == (Source("milvsu", here("milvsu")),)


def test_nothing_to_index():
    with pytest.raises(SettingsError, match="DOCENT_SOURCES"):
        select_sources([], ())


def test_secrets_in_an_address_are_not_shown():
    source = parse_sources("https://me:secret@example.com/a/docs.zip?token=s3")[0]
    assert source.redacted_uri == "https://example.com/a/docs.zip"
    assert source.name == "docs"


def test_one_relative_path_from_two_folders_is_two_sources(tmp_path, monkeypatch):
    named = []
    for folder in ("a", "b"):
        (tmp_path / folder / "docs").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / folder)
        named.append(parse_sources("docs")[0].uri)
    assert named == [str(tmp_path / "a" / "docs"), str(tmp_path / "b" / "docs")]


@pytest.mark.parametrize("text", ['[{"uri": ""}]', '[" "]'])
def test_an_empty_source_is_not_the_working_directory(text):
    with pytest.raises(SettingsError, match="empty"):
        parse_sources(text)
    with pytest.raises(SettingsError, match="empty"):
        select_sources([""], ())


def test_a_path_that_fell_to_pieces(tmp_path: Path):
    downloads = Downloads(tmp_path)
    for source in parse_sources("My Docs"):
        with pytest.raises(SourceNotFoundError, match="spaces needs the JSON form"):
            read_source(source, downloads, is_wanted=is_wanted)
    (single,) = parse_sources("MyDocs")
    with pytest.raises(SourceNotFoundError, match=r"MyDocs\.$"):
        read_source(single, downloads, is_wanted=is_wanted)


def test_a_scheme_that_is_not_read_shows_no_secret():
    with pytest.raises(SourceFormatError, match=r"^ftp://x/y\.zip is not") as caught:
        parse_sources("ftp://me:secret@x/y.zip?token=s3")
    assert "s3" not in str(caught.value)


def test_the_example_of_a_source_is_right():
    (example,) = doctest.DocTestFinder(recurse=False).find(Source, "Source")
    result = doctest.DocTestRunner().run(example)
    assert result.attempted > 0
    assert result.failed == 0


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"


@pytest.mark.parametrize("way", ["folder", "zip"])
def test_a_pointer_of_git_lfs_is_no_page(tmp_path: Path, way: str):
    files = {"a.md": "# A", "manual.pdf": POINTER, "notes.md": POINTER}
    made = make_folder if way == "folder" else make_zip
    place = made(tmp_path / f"docs.{way}", files)
    (source,) = parse_sources(str(place))
    found = read_source(source, Downloads(tmp_path), is_wanted=is_wanted)
    assert [file.path for file in found.files] == ["a.md"]
    assert found.unread == ("manual.pdf", "notes.md")
    assert found.failures[1] == "notes.md: is kept in Git LFS, which docent does not read"


def test_a_source_of_nothing_but_pointers(tmp_path: Path):
    (source,) = parse_sources(str(make_folder(tmp_path / "docs", {"a.md": POINTER})))
    with pytest.raises(SourceEmptyError, match=r"that can be read: a\.md: is kept in Git LFS"):
        read_source(source, Downloads(tmp_path), is_wanted=is_wanted)


def test_lines_without_end_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingest.sources.MAX_FAILURES", 2)
    files = {"a.md": "# A", **{f"aux.{n}.md": "# B" for n in range(5)}}
    (source,) = parse_sources(str(make_zip(tmp_path / "docs.zip", files)))
    found = read_source(source, Downloads(tmp_path), is_wanted=is_wanted)
    assert len(found.failures) == 3
    assert found.failures[-1] == "docs: 3 further files left out"


def test_what_is_excluded_is_not_included_either(tmp_path: Path):
    make_folder(tmp_path, {"a.md": "a", "x.py": "x", "no/y.py": "y", "z.py": POINTER})
    source = Source("docs", str(tmp_path), include=("*.md",), exclude=("no/",))
    found = read_source(source, Downloads(tmp_path), is_wanted=is_wanted)
    assert found.read_others(["x.py", "no/y.py", "z.py"]) == {"x.py": b"x"}
