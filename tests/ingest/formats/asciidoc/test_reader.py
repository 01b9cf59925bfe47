from __future__ import annotations

import pytest

from ingest.documents import Document, PageError
from ingest.formats.asciidoc import reader as reader_module
from tests.ingest.formats import reading
from tests.ingest.formats.reading import blocks, kinds, outline, text


def read(content: str) -> Document:
    return reading.read(content, "a.adoc")


def test_headings_have_the_anchors_of_asciidoctor():
    headings = {
        "Install & `run` it!": "_install_run_it",
        'A "quoted" heading -- with dash': "_a_quoted_headingwith_dash",
        "C++ / .NET 2.0: what's new?": "_c_net_2_0_whats_new",
        "Überblick über ß": "_überblick_über_ß",
        "日本語 見出し": "_日本語_見出し",
        "snake_case_name and v1.2.3": "_snake_case_name_and_v1_2_3",
        "Twice": "_twice",
    }
    page = "= Title\n\n" + "".join(f"== {heading}\n\n" for heading in headings)
    anchors = [anchor for _, anchor in outline(read(f"{page}== Twice\n\n== Twice\n"))]
    assert anchors == ["", *headings.values(), "_twice_2", "_twice_3"]


@pytest.mark.parametrize(
    ("settings", "anchor"),
    [
        (":idprefix:\n:idseparator: -", "a-b-c"),
        (":idprefix: sec-", "sec_a_b_c"),
        (":idseparator:", "_abc"),
        (":sectids!:", ""),
    ],
)
def test_the_page_can_change_the_rule(settings: str, anchor: str):
    assert outline(read(f"= T\n{settings}\n\n== A b, c\n"))[-1][1] == anchor


def test_explicit_anchors_and_levels():
    page = "= T\n\n[#one]\n== A\n\n[[two]]\n=== B\n\n== C [[three]]\n\n[discrete#four]\n==== D\n"
    document = read(page)
    assert outline(document) == [
        ("T", ""),
        ("A", "one"),
        ("B", "two"),
        ("C", "three"),
        ("D", "four"),
    ]
    assert document.sections[2].headings == ("T", "A", "B")
    assert document.title == "T"


def test_the_header_is_no_text():
    page = "// c\n= T\nJane Doe <a@b.co>\nv1.0, 2026-01-01\n:name: Acme\n\nThe {name}.\n"
    assert text(read(page)) == "The Acme."


def test_a_key_is_no_page():
    assert read("-----BEGIN PGP SIGNATURE-----\n\niQ\n").sections == ()


def test_kinds_of_blocks():
    page = "....\na\n....\n\n|===\n|a\n|===\n\n____\na\n____\n\n* a\n\na\n"
    assert kinds(read(page)) == ["fence", "table", "quote", "list", "paragraph"]


def test_the_limit(monkeypatch):
    monkeypatch.setattr(reader_module, "MAX_CHARS", 10)
    with pytest.raises(PageError, match="is larger than"):
        read("a" * 11)


def test_a_table_that_is_divided_repeats_its_head():
    table = blocks(read("[%header]\n|===\n|Plan |Mails\n\n|Free |1\n|===\n"))[0]
    assert table.head == "| Plan | Mails |\n| --- | --- |"


def test_no_word_of_a_plain_page_is_lost():
    words = [f"w{number}" for number in range(40)]
    page = "\n".join(
        f"{sign}{word}\n"
        for sign, word in zip(
            ["", "* ", ". ", "NOTE: ", "== ", " ", ".T\n", "t:: "] * 5, words, strict=True
        )
    )
    document = read(page)
    headings = [heading for section in document.sections for heading in section.headings]
    shown = " ".join([text(document), *headings])
    assert [word for word in words if word not in shown] == []
