"""Answers without an LLM: bad kinds of quotations, and answers that a person has read.

    python -m benchmarks.quotes --json

Asks the English questions of `milvus_user_dev`, `fastapi_dev` and `ray_dev` with the starter
profile, without an LLM, and counts the quotations of each bad kind (`KINDS`). The detectors look
at the Markdown alone and share no rule with the quoting. `--indexes FOLDER` keeps the indexes in
`FOLDER/<domain>/milvus.db`, and asks those that are there already.

`quotes_read.jsonl` holds what a reader found, by the rubric of docs/quality.md, for 60 questions
whose right page was among the first three. A verdict counts while the answer's text is the one
that was read, by its hash. `--read` prints what is still to be read of such a draw instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from benchmarks.harness.question_sets import SHARED, open_corpus
from rag_core.pipeline import Pipeline
from rag_core.types import Answer, Question

HERE = Path(__file__).parent
READ = HERE / "quotes_read.jsonl"
DRAWN = 60
SEED = 14


@dataclass(frozen=True)
class Domain:
    """A corpus, the questions about it, and the folder of its pages."""

    name: str
    corpus: str
    questions: str
    root: str = ""


DOMAINS = (
    Domain("milvus", "milvus_docs_2.4.x_en.zip", "milvus_user_dev", "en/"),
    Domain("fastapi", "fastapi_docs_2026-08-19.zip", "fastapi_dev", "docs/en/docs/"),
    Domain("ray", "ray_docs_2023-09-04.zip", "ray_dev"),
)


@dataclass(frozen=True)
class Asked:
    """A question with its answer; `pages` are the right ones."""

    id: str
    domain: Domain
    question: str
    pages: frozenset[str]
    answer: Answer

    @property
    def is_found(self) -> bool:
        """Whether a right page is among the first three."""
        first = (passage.chunk.path for passage in self.answer.passages)
        found = list(dict.fromkeys(path.removeprefix(self.domain.root) for path in first))
        return not self.pages.isdisjoint(found[:3])

    @property
    def hash(self) -> str:
        """Changes with the answer's text."""
        return hashlib.sha256(self.answer.text.encode()).hexdigest()[:16]


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object, or what there is to read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form of figures.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")
    parser.add_argument("--read", action="store_true", help="Print the answers to be read.")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        asked = [one for each in DOMAINS for one in ask(each, chosen.indexes or Path(folder))]
    if chosen.read:
        drawn = set(draw(asked))
        fresh = (one for one in asked if _verdicts().get(one.id, {}).get("hash") != one.hash)
        print("\n\n".join(_printed(one) for one in fresh if one.id in drawn))
    else:
        print(json.dumps(measure(asked, _verdicts()), indent=2))


def ask(domain: Domain, folder: Path) -> list[Asked]:
    """Ask every English question of a domain, and index its pages if that is still to be done."""
    with open_corpus(domain.name, f"corpus/{domain.corpus}", folder) as bench:
        return list(_answers(domain, bench.pipeline))


def _answers(domain: Domain, pipeline: Pipeline) -> Iterator[Asked]:
    folder = SHARED / "eval" / domain.questions
    pages: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        query, page, _ = line.split("\t")
        pages.setdefault(query, set()).add(page)
    for line in (folder / "queries.jsonl").read_text().splitlines():
        query = json.loads(line)
        if query["lang"] == "en":
            text, key = query["text"], query["_id"]
            yield Asked(key, domain, text, frozenset(pages[key]), pipeline.answer(Question(text)))


def draw(asked: Sequence[Asked]) -> list[str]:
    """The questions to read: of all in a seeded order, the first whose right page was found.

    Where retrieval changes, nearly all of the draw stays.
    """
    order = sorted(asked, key=lambda one: one.id)
    random.Random(SEED).shuffle(order)
    return [one.id for one in order if one.is_found and one.answer.text][:DRAWN]


def _verdicts() -> dict[str, dict[str, str]]:
    lines = READ.read_text().splitlines() if READ.exists() else []
    return {row["_id"]: row for row in map(json.loads, lines)}


def _printed(one: Asked) -> str:
    head = f"{one.domain.name} {one.id} {one.hash}\n{one.question}"
    return f"{'=' * 80}\n{head}\n\n{one.answer.text}"


def measure(asked: Sequence[Asked], verdicts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Count the bad kinds among first and all quotations, and the verdicts that still hold."""
    first: Counter[str] = Counter()
    every: Counter[str] = Counter()
    count = answered = 0
    for one in asked:
        quotations = split_quotations(one.answer.text)
        answered += bool(quotations)
        for number, body in enumerate(quotations):
            kinds = find_kinds(body)
            every.update(kinds)
            first.update(kinds if number == 0 else ())
            count += 1
    return {
        "questions": len(asked),
        "answered": answered,
        "quotations": count,
        "bad_first": {kind: first[kind] for kind in KINDS},
        "bad": {kind: every[kind] for kind in KINDS},
        "bad_share": round(sum(every.values()) / max(count, 1), 4),
        "characters": _spread([len(one.answer.text) for one in asked]),
        "read": _count_verdicts(asked, verdicts),
    }


def _count_verdicts(asked: Sequence[Asked], verdicts: dict[str, dict[str, str]]) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {domain.name: Counter() for domain in DOMAINS}
    changed = []
    for one in asked:
        if row := verdicts.get(one.id):
            is_same = row["hash"] == one.hash
            counts[one.domain.name][row["verdict"] if is_same else "unread"] += 1
            changed += [] if is_same else [one.id]
    total = sum(counts.values(), Counter())
    return (
        {"all": dict(total)}
        | {name: dict(each) for name, each in counts.items()}
        | {"unread": changed}
    )


def _spread(lengths: Sequence[int]) -> dict[str, int]:
    ordered = sorted(lengths) or [0]
    return {"median": ordered[len(ordered) // 2], "longest": ordered[-1]}


def split_quotations(text: str) -> list[str]:
    """The quotations of an answer, without their marks and the line of heading and citation."""
    quotations: list[list[str]] = []
    is_open = False
    for line in text.splitlines():
        if not line.startswith(">"):
            is_open = False
            continue
        if not is_open:
            quotations.append([])
            is_open = True
        quotations[-1].append(line[1:].removeprefix(" "))
    return [_HEAD.sub("", "\n".join(lines)).strip() for lines in quotations]


_HEAD = re.compile(r"\A(?:\*\*.*\*\* )?\[\d+\]\n|\n\[\d+\]\Z")
_FENCED = re.compile(
    r"^( *)(`{3,}|~{3,})[^\n]*\n.*?(?:^ *\2[`~]*[ ]*$|\Z)", re.DOTALL | re.MULTILINE
)
_ROWS = re.compile(r"^ *\|.*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
_REFERS = re.compile(
    r"^\W*(?:see|refer|read|check|visit|learn|for (?:more|further|details)|to (?:learn|see|know)"
    r"|more info|please (?:see|refer|read|check|visit)"
    r"|this (?:guide|page|topic|section|tutorial|document|article|chapter)\b.*"
    r"(?:explains?|describes?|shows?|introduces?|covers?|lists?|walks?|demonstrates?))\b",
    re.IGNORECASE,
)
_WARNS = re.compile(
    r"(?:instead of|\bdon['\u2019]t\b|do not\b.*|deprecated|not recommended|wrong|anti-pattern)"
    r"[^.]*:?\W*$",
    re.IGNORECASE,
)
_DEAD_LINK = re.compile(
    r"\]\((?!<?(?:https?|mailto):)[^)\s]+\)|\]\[[\w-]*\]|^\[[^\]]+\] ?<?https?:", re.MULTILINE
)


def _prose(body: str) -> str:
    return _ROWS.sub("", _FENCED.sub("", body))


def _sentences(body: str) -> list[str]:
    parts = (part.strip() for part in _SENTENCE.split(_prose(body)))
    return [part for part in parts if re.search(r"\w", part) and not _is_title(part)]


def _is_title(line: str) -> bool:
    return (
        bool(re.fullmatch(r"(?:\*\*|__)?[^.!?:]{1,60}(?:\*\*|__)?", line)) and len(line.split()) < 8
    )


def _last(body: str) -> str:
    return "" if body.rstrip().endswith(("```", "~~~")) else re.sub(r"[\s*_\"')\]]+$", "", body)


def _is_pointer(body: str) -> bool:
    sentences = _sentences(body)
    return bool(sentences) and not _FENCED.search(body) and all(map(_REFERS.match, sentences))


def _is_faq_question(body: str) -> bool:
    sentences = _sentences(body)
    return bool(sentences) and all(part.rstrip("*_ ").endswith("?") for part in sentences)


def _is_bare_head(body: str) -> bool:
    tables = [token for token in MarkdownIt().enable("table").parse(body) if token.type[:1] == "t"]
    heads = sum(token.type == "thead_open" for token in tables)
    bodies = sum(token.type == "tbody_open" for token in tables)
    return heads > bodies or not (_sentences(body) or _FENCED.search(body) or bodies)


def _is_bare_code(body: str) -> bool:
    return bool(_FENCED.search(body)) and not any(
        len(part.split()) >= 3 for part in _sentences(body)
    )


def _is_wrong_way(body: str) -> bool:
    sentences = _sentences(body)
    return bool(sentences) and bool(_WARNS.search(sentences[-1])) and len(sentences) < 2


def _is_torn(body: str) -> bool:
    marks = re.findall(r"^ *(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})", body, re.MULTILINE)
    loose_rows = re.search(r"\A *\|[^\n]*\n(?! *\|? *:?-)", _FENCED.sub("", body).strip())
    return len(marks) % 2 == 1 or bool(loose_rows)


KINDS: dict[str, Callable[[str], bool]] = {
    "pointer": _is_pointer,
    "lead_in": lambda body: _last(body).endswith((":", "\uff1a")),
    "question": lambda body: _last(body).endswith(("?", "\uff1f")),
    "head_alone": _is_bare_head,
    "faq_question": _is_faq_question,
    "code_alone": _is_bare_code,
    "wrong_way": _is_wrong_way,
    "raw_link": lambda body: bool(
        _DEAD_LINK.search(re.sub(r"`[^`\n]*`", "", _FENCED.sub("", body)))
    ),
    "torn": _is_torn,
}
"""What a quotation must not be, each with its detector."""


def find_kinds(body: str) -> list[str]:
    """The bad kinds that a quotation is of."""
    return [name for name, is_kind in KINDS.items() if is_kind(body)]


if __name__ == "__main__":
    main()
