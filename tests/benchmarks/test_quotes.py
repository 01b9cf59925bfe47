from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.quotes import (
    DOMAINS,
    DRAWN,
    KINDS,
    READ,
    Asked,
    draw,
    find_kinds,
    main,
    measure,
    split_quotations,
)
from rag_core.types import Answer, Timings
from tests.rag_core.fakes import make_passage

CODE = "```sh\nls logs\n```"


def asked(key: str, text: str, page: str = "a.md") -> Asked:
    passages = tuple(make_passage(path=path) for path in ("en/b.md", f"en/{page}"))
    status = "answered" if text else "not_found"
    answer = Answer(text, (), passages, status, (), "r1", None, Timings())
    return Asked(key, DOMAINS[0], "Why?", frozenset({"a.md"}), answer)


def test_quotations_are_read_without_their_headings_and_citations():
    text = "> **Is it [fast]?** [1]\n>\n> Yes.\n>\n> It is.\n\n> Text.\n>\n> [3]"
    assert split_quotations(text) == ["Yes.\n\nIt is.", "Text."]
    assert split_quotations("") == []


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("It is so.", []),
        ("Do it like so:\n\n" + CODE, []),
        ("See [the guide](https://a.example).", ["pointer"]),
        ("This guide explains how to run it. For more, see B.", ["pointer"]),
        ("It is so. Do as follows:", ["lead_in"]),
        ("Is it fast?", ["question", "faq_question"]),
        ("It is fast. Or is it?", ["question"]),
        ("| a | b |\n| - | - |", ["head_alone"]),
        ("**Title**", ["head_alone"]),
        ("| a | b |\n| - | - |\n| 1 | 2 |", []),
        (CODE, ["code_alone"]),
        ("Don't call it so:\n\n" + CODE, ["wrong_way"]),
        ("Don't call it so:\n\n" + CODE + "\n\nCall it like this.", []),
        ("Open [it](page.md) now and here.", ["raw_link"]),
        ("Call `x[0](page.md)` now.", []),
        ("Do it so now:\n\n```sh\nls", ["torn"]),
        ("| 1 | 2 |\n| 3 | 4 |\n\nThat is a row.", ["torn"]),
    ],
)
def test_every_bad_kind_is_found(body: str, kinds: list[str]):
    assert find_kinds(body) == kinds


def test_kinds_and_verdicts_are_counted():
    good, bad = asked("1", "> **A** [1]\n>\n> It is so."), asked("2", "> **A** [1]\n>\n> Do so:")
    silent = asked("3", "")
    rows = {
        "1": {"verdict": "answers", "hash": good.hash},
        "2": {"verdict": "not", "hash": "another text"},
    }
    found = measure([good, bad, silent], rows)
    assert (found["questions"], found["answered"], found["quotations"]) == (3, 2, 2)
    assert found["bad_first"] == found["bad"] == dict.fromkeys(KINDS, 0) | {"lead_in": 1}
    assert found["bad_share"] == 0.5
    assert found["read"]["milvus"] == {"answers": 1, "unread": 1}
    assert found["read"]["unread"] == ["2"]


def test_only_answers_with_the_right_page_are_drawn():
    right = [asked(f"r{number}", "> It is so.") for number in range(DRAWN + 5)]
    wrong = [asked(f"w{number}", "> It is so.", page="c.md") for number in range(9)]
    silent = [asked(f"s{number}", "") for number in range(9)]
    drawn = draw([*right, *wrong, *silent])
    assert len(set(drawn)) == DRAWN
    assert all(key.startswith("r") for key in drawn)
    assert drawn == draw([*silent, *wrong, *reversed(right)])


def test_sixty_answers_were_read():
    rows = [json.loads(line) for line in READ.read_text().splitlines()]
    assert len({row["_id"] for row in rows}) == len(rows) == DRAWN
    assert {row["verdict"] for row in rows} <= {"answers", "partly", "not"}
    assert all(bool(row.get("reason")) == (row["verdict"] != "answers") for row in rows)
    assert {row["domain"] for row in rows} == {domain.name for domain in DOMAINS}


def test_help_names_the_folder_of_indexes(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--indexes" in capsys.readouterr().out
    assert Path(READ).exists()
