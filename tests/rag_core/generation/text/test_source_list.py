"""The LLM's own list of sources is left out, and nothing else."""

# ruff: noqa: RUF001  (words of other languages)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.source_list import SourceListFilter
from tests.rag_core.fakes import make_passage

PASSAGES = [
    make_passage("Data.", headings=("Data",)),
    make_passage("Logs.", title="Logs", position=1),
]
URL = PASSAGES[0].chunk.url
TOKENS = [
    "Sources:",
    "## References",
    "- ",
    "[1]",
    "【2】",
    " ",
    "\n",
    "\n\n",
    "---",
    "Logs",
    "```",
    "It is.",
]
TOKENS += [
    "[1]: https://docs.example/x",
    "https://docs.example/x",
    "**",
    "[^1]: ",
    "Quellen",
    "[a](b)",
]


def strip(pieces) -> tuple[str, tuple[int, ...]]:
    sources = SourceListFilter(PASSAGES)
    return "".join(map(sources.feed, pieces)) + sources.flush(), sources.numbers


@pytest.mark.parametrize(
    ("listed", "numbers"),
    [
        ("Sources:\n- [1] Storage\n- [2] Logs\n", (1, 2)),
        ("---\n**Sources**\n\n1. [Storage](https://docs.example/other)\n", ()),
        (f"## References\n\n* [Storage]({URL})\n* Logs\n", (1, 2)),
        ("### Sources cited:\n[1]: https://docs.example/x\n【2】 Logs", (2,)),
        ("Sources: [1], [2]", (1, 2)),
        ("*Source: [2]*", (2,)),
        ("Source: https://docs.example/x\n", ()),
        ("Citations:\n- Passage 1: Storage > Data\n- Passage 2\n", (1, 2)),
        ("Quellen:\n【1】 Storage\n", (1,)),
        ("Источники:\n1. [2] Журналы\n", (2,)),
        ("参考来源：\n- [1] 存储\n- [2] 日志\n", (1, 2)),
        ("**出典**\n[1] ログ", (1,)),
        ("[1] https://docs.example/x\n[2] [Logs](https://docs.example/y)\n", (1, 2)),
        ("[^2]: Logs\n", (2,)),
        ("[1] Storage\n[2] Logs\n", (1, 2)),
        ("Sources:\n1. Storage\n2. [Logs](https://elsewhere.example/logs)\n", (1,)),
        ("[^1]: Storage, section 2.\n[^2]: Logs > Brokers.\n", (1, 2)),
        ('[1]: https://docs.example/x\n[2]: <en/logs.md> "Logs"\n', ()),
    ],
)
def test_a_list_of_sources_is_left_out(listed, numbers):
    text = f"It is kept.\n\n{listed}"
    for pieces in ([text], text):
        shown, found = strip(pieces)
        assert (shown.strip(), found) == ("It is kept.", numbers)
    assert strip([f"{text}\n\nAsk me more."])[0].replace("\n", "") == "It is kept.Ask me more."


@pytest.mark.parametrize(
    "text",
    [
        "Sources:\n- [1] is all that there is",  # nothing stands before the list
        "It has sources:\n- `git`: a repository\n- `zip`: an archive\n",
        "It reads\n\nSources:\n- git, as a bare repository [1].\n- zip and tar.\n",
        "Set them.\n\n## References\n\nThe page refers to others [1].\n",
        "Set them.\n\nReferences are kept [1].\n",
        "So:\n\n```md\nSources:\n- [1] Storage\n[2]: https://docs.example/x\n```\n",
        "docent reads these.\n\n## Sources\n\n- Storage\n- Logs\n",
        "Set them so.\n\nSources:\n1. Storage\n2. Logs\n\nThen restart.",
        "Pick one.\n\n[1] Storage\n[2] Logs\n[3] Disk\n",
        "Pick one.\n\n[2] Storage\n[1] Logs\n",
        "Sources are these.\n\nSources:\n- [1] Storage\n- Disk, which is no page\n",
        "It is a graph.\n\nReferences:\n- [HNSW](https://papers.example/hnsw)\n",
        "It prints:\n\n[1] 4242\n[2] 4243\n",
        "It is so.\n\n[0]: 5\n[1]: 6\n",
        "It is so.\n\n[^1]: Only in 2.4, and not before.\n",
        "One\n\n---\n\nTwo\n\n\n",
        "It is so.\n\nSources:",
        "",
    ],
)
def test_everything_else_stays(text):
    assert strip([text])[0] == text
    assert strip(text)[0] == text


def test_the_targets_of_definitions_are_kept():
    sources = SourceListFilter(PASSAGES)
    sources.feed(
        'See [it][Guide].\n\n[Guide]: <https://docs.example/g> "The guide"\n[2]: logs.md\n'
    )
    assert sources.targets == {"guide": "https://docs.example/g", "2": "logs.md"}


@given(st.lists(st.sampled_from(TOKENS), max_size=20).map("".join))
def test_a_text_in_pieces_reads_as_in_one(text):
    assert strip(text) == strip([text])


def test_text_is_shown_at_once_unless_it_may_be_a_list():
    sources = SourceListFilter(PASSAGES)
    assert sources.feed("It is") == "It is"
    assert sources.feed(" kept.\n\nSour") == " kept.\n"
    assert sources.feed("ly") == "\nSourly"
