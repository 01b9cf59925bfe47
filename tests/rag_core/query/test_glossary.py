"""The team's glossary: its file, where its terms occur, and what the search gets."""

# ruff: noqa: RUF001  (signs and letters of other scripts)

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import SettingsError
from rag_core.query import glossary
from rag_core.query.glossary import (
    MAX_CHARACTERS,
    MAX_EXPANSION,
    MAX_LINE,
    MAX_LISTED,
    NO_GLOSSARY,
    Glossary,
    GlossaryEntry,
)


def build(*lines: str) -> Glossary:
    """A glossary of such lines, without a file."""
    entries = []
    for line in lines:
        terms, _, meanings = line.partition(" = ")
        entries.append(GlossaryEntry(tuple(terms.split(", ")), tuple(meanings.split(", "))))
    return Glossary(tuple(entries))


def read(tmp_path: Path, text: str | bytes) -> Glossary:
    path = tmp_path / "glossary.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Glossary.read(path)


TEAM = build(
    "WAL = write-ahead log",
    "the console = Attu",
    "K8S = Kubernetes",
    "C = C language",
    ".NET = dotnet",
    "2.4 = two four",
    "query node, QN = worker",
    "控制台 = Attu",
    "コンソール = Attu",
    "콘솔 = Attu",
    "консоль = Attu",
    "Straße = road",
    "नमूना = sample",
    "คอนโซล = Attu",
)


# The file


def test_a_file_is_read(tmp_path):
    lines = (
        "\ufeff# ours",
        "",
        "WAL = write-ahead log\r",
        "  the  console,UI=Attu , the web page ",
        "#x=y",
    )
    text = "\n".join(lines)
    assert read(tmp_path, text).entries == (
        GlossaryEntry(("WAL",), ("write-ahead log",)),
        GlossaryEntry(("the console", "UI"), ("Attu", "the web page")),
    )


def test_signs_of_other_scripts_separate_too(tmp_path):
    assert read(tmp_path, "控制台，面板＝Attu、网页界面").entries == (
        GlossaryEntry(("控制台", "面板"), ("Attu", "网页界面")),
    )


def test_the_first_equals_sign_divides(tmp_path):
    assert read(tmp_path, "flag = --mode=fast").entries[0].meanings == ("--mode=fast",)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet"])
def test_a_file_without_entries_is_no_error(tmp_path, text):
    assert read(tmp_path, text) == NO_GLOSSARY


@pytest.mark.parametrize(
    "line", ["WAL", "WAL: log", "= log", "WAL =", "WAL, = log", "WAL = log,", "=", ", = ,"]
)
def test_a_malformed_line_is_named_with_its_file(tmp_path, line):
    with pytest.raises(SettingsError, match=r"glossary\.txt, line 3 .*`term = meaning`"):
        read(tmp_path, f"# ours\nA = b\n{line}\n")


def test_a_line_that_is_too_long_is_named(tmp_path):
    longest = "a = " + "b" * (MAX_LINE - 4)
    assert read(tmp_path, longest).entries
    with pytest.raises(SettingsError, match=r"line 2 has 301 characters, .* at most 300"):
        read(tmp_path, f"# ours\n{longest}b")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xff\xfe\x00 = x", "is not UTF-8"), (b"#" * (MAX_CHARACTERS + 1), "more than 100,000")],
)
def test_a_file_that_is_no_text_or_too_long(tmp_path, content, reason):
    with pytest.raises(SettingsError, match=rf"DOCENT_GLOSSARY: .*glossary\.txt .*{reason}"):
        read(tmp_path, content)


@pytest.mark.parametrize("name", ["missing.txt", ".", "~nobody-here/x.txt", "x" * 5_000, "a\0b"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(
        SettingsError, match=r"DOCENT_GLOSSARY names the file .*, which is not there"
    ):
        Glossary.read(tmp_path / name if not name.startswith("~") else Path(name))


# Where a term occurs


@pytest.mark.parametrize(
    ("question", "added"),
    [
        ("What is the WAL?", "write-ahead log"),
        ("WAL-based or not", "write-ahead log"),
        ("the (WAL)'s size", "write-ahead log"),
        ("如何配置WAL参数？", "write-ahead log"),
        ("ＷＡＬ", "write-ahead log"),
        ("WAL을 켜기", "write-ahead log"),
        ("Where is The Console?", "Attu"),
        ("the \n console", "Attu"),
        ("THE CONSOLE!", "Attu"),
        ("on K8S, please", "Kubernetes"),
        ("in C, please", "C language"),
        ("with C.", "C language"),
        ("use .NET here", "dotnet"),
        ("since 2.4.", "two four"),
        ("many Query Node", "worker"),
        ("控制台在哪里", "Attu"),
        ("サーバーコンソールを開く", "Attu"),
        ("콘솔을 열기", "Attu"),
        ("Где Консоль?", "Attu"),
        ("STRASSE", "road"),
        ("नमूना क्या है", "sample"),
        ("เปิดคอนโซลอย่างไร", "Attu"),
    ],
)
def test_a_term_is_found_as_whole_words(question, added):
    assert TEAM.expand(question) == f"{question} {added}"


@pytest.mark.parametrize(
    "question",
    [
        "what is a wal, or a Wal?",
        "WALs and SWAL and WAL_DIR and WAL2",
        "the consoles",
        "bathe console",
        "k8s",
        "C++, C# and ANSI_C",
        "ASP.NET",
        "2.4.1 and 12.4",
        "консольный",
        "नमूनाें",
        "WAL\u0301",
        "",
    ],
)
def test_what_only_looks_like_a_term_changes_nothing(question):
    assert TEAM.expand(question) == question
    assert TEAM.translate(question) == question
    assert TEAM.list_entries_for([question]) == ()


@given(st.text())
def test_the_question_always_stays_at_the_beginning(text):
    expanded = TEAM.expand(text)
    assert expanded.startswith(text)
    assert len(expanded) <= len(text) + MAX_EXPANSION + 20
    assert NO_GLOSSARY.expand(text) == NO_GLOSSARY.translate(text) == text


@given(st.text(min_size=1).map(str.strip).filter(lambda term: term and "=" not in term))
def test_any_term_is_found_when_it_is_the_whole_question(term):
    glossary = Glossary((GlossaryEntry((term,), ("meaning",)),))
    entries = glossary.list_entries_for([term])
    # A question that begins or ends with a mark or a sign such as `+` has no whole words there.
    assert entries in (glossary.entries, ())
    if term.isalnum():
        assert entries == glossary.entries


@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=100))
def test_any_glossary_can_be_searched(terms, question):
    usable = tuple(term for term in terms if term.strip())
    glossary = Glossary(tuple(GlossaryEntry((term,), (term[::-1],)) for term in usable))
    assert glossary.expand(question).startswith(question)
    assert isinstance(glossary.translate(question), str)


@pytest.mark.parametrize("lines", [1, 500])
def test_a_warm_glossary_compiles_nothing_more(monkeypatch, lines):
    team = build(*(f"WAL{number} = log" for number in range(lines)))
    team.warm_up()
    monkeypatch.setattr(glossary, "_compile_terms", pytest.fail)
    assert team.list_entries_for(["The WAL0?"]) == team.entries[:1]
    assert team.translate("The WAL0?") == "The log?"


def test_an_empty_glossary_can_be_warmed_up():
    NO_GLOSSARY.warm_up()
    assert NO_GLOSSARY.translate("The WAL?") == "The WAL?"


# What the search gets


def test_all_meanings_of_all_terms_are_added_each_once():
    glossary = build("UI, console = Attu, web page", "panel = Attu", "console = screen")
    assert glossary.expand("UI or panel or console") == (
        "UI or panel or console Attu web page screen"
    )


def test_a_meaning_that_the_question_has_already_is_not_added():
    assert TEAM.expand("Is the WAL the Write-Ahead  Log?") == "Is the WAL the Write-Ahead  Log?"


def test_of_overlapping_terms_the_longest_is_found():
    glossary = build("console = Attu", "console log = stdout")
    assert glossary.expand("the console log") == "the console log stdout"
    assert glossary.expand("console or console log") == "console or console log Attu stdout"


def test_the_addition_has_a_limit():
    glossary = build(*(f"T{n} = {'x' * 90}{n}" for n in range(9)))
    question = " ".join(f"T{n}" for n in range(9))
    assert glossary.expand(question) == f"{question} {'x' * 90}0 {'x' * 90}1"


@pytest.mark.parametrize(
    ("question", "translated"),
    [
        ("Where is the console?", "Where is Attu?"),
        ("QN or  query node", "worker or worker"),
        ("nothing of  ours", "nothing of  ours"),
    ],
)
def test_terms_are_replaced_by_their_first_meaning(question, translated):
    assert (
        build("the console = Attu, web page", "query node, QN = worker").translate(question)
        == translated
    )


# What the LLM gets


def test_entries_come_in_the_order_of_the_texts_each_once():
    texts = ["about the console", "WAL and the console", "a query node"]
    assert [entry.definition for entry in TEAM.list_entries_for(texts)] == [
        "the console = Attu",
        "WAL = write-ahead log",
        "query node, QN = worker",
    ]


def test_the_llm_gets_no_more_than_the_limit():
    glossary = build(*(f"T{n} = meaning {n}" for n in range(50)))
    entries = glossary.list_entries_for([" ".join(f"T{n}" for n in range(49, -1, -1))])
    assert entries == glossary.entries[: -MAX_LISTED - 1 : -1]
