"""`docent eval` as it is typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bot import cli
from rag_core.settings import DEFAULT_LLM

DOCUMENTS = {
    "storage": "Inserted data is kept in object storage such as MinIO or S3.",
    "users": "Users have roles, and a role has privileges for collections.",
    "logs": "The log broker keeps the newest changes until they are flushed.",
}
QUESTIONS = {"q1": "Where is data kept?", "q2": "What may a user do?", "q3": "Who is the pope?"}
GRADES = [("q1", "storage", 2), ("q2", "users", 1)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCENT_PROFILE", "starter")

    def invoke(*args: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["docent", *map(str, args)])
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return invoke


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    rows = {
        "corpus": [{"_id": f"{n}.md", "title": n, "text": text} for n, text in DOCUMENTS.items()],
        "queries": [{"_id": key, "text": text, "lang": "en"} for key, text in QUESTIONS.items()],
        "unanswerable": [{"_id": "u1", "text": "What does a <b>pizza</b> cost?"}],
    }
    found = {}
    for name, lines in rows.items():
        found[name] = tmp_path / f"{name}.jsonl"
        found[name].write_text("".join(json.dumps(line) + "\n" for line in lines))
    found["qrels"] = tmp_path / "qrels.tsv"
    graded = "".join(f"{q}\t{d}.md\t{grade}\n" for q, d, grade in GRADES)
    found["qrels"].write_text(f"query-id\tcorpus-id\tscore\n{graded}")
    return found


@pytest.fixture
def asked(files: dict[str, Path]) -> list[str | Path]:
    return ["eval", "--queries", files["queries"], "--qrels", files["qrels"]]


@pytest.fixture
def _index(run, tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "en"
    folder.mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (folder / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    assert run("index", folder.parent)[0] == 0


def test_a_corpus_is_indexed_for_the_occasion(run, files, asked, tmp_path: Path):
    unanswerable = ("--unanswerable", files["unanswerable"])
    code, out, _ = run(*asked, "--corpus", files["corpus"], *unanswerable, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["questions"], found["level"], found["chunks"]) == (2, "page", 3)
    assert set(found["methods"]) == {"bm25", "dense", "hybrid", "reranked", "tutorial"}
    assert found["methods"]["reranked"]["ndcg@10"]["value"] == 1.0
    assert found["methods"]["reranked"]["hit@3"]["value"] == 1.0
    assert found["abstention"][0]["name"] == "unanswerable.jsonl"
    assert found["abstention"][0]["auroc"]["value"] == 1.0
    assert found["milliseconds"]["retrieval and rerank"][0] > 0
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("_index")
def test_the_live_index_by_page(run, asked):
    code, out, _ = run(*asked)
    assert code == 0
    assert "2 questions by page; 3 chunks, all-MiniLM-L6-v2" in out
    assert "ndcg@10" in out
    assert "tutorial" in out


@pytest.mark.usefixtures("_index")
def test_the_live_index_by_chunk(run, files, asked):
    _, out, _ = run("search", "object storage", "--json")
    key = json.loads(out)["passages"][0]["id"]
    files["qrels"].write_text(f"query-id\tcorpus-id\tscore\nq1\t{key}\t1\n")
    code, out, _ = run(*asked, "--level", "chunk", "--json")
    assert code == 0
    assert json.loads(out)["methods"]["dense"]["ndcg@10"]["value"] == 1.0


@pytest.mark.usefixtures("_index")
def test_the_report(run, files, asked, tmp_path: Path):
    page = tmp_path / "report.html"
    run(*asked, "--unanswerable", files["unanswerable"], "--html", page)
    assert "<svg" in page.read_text()
    assert "http" not in page.read_text()


@pytest.mark.usefixtures("_index")
def test_a_fit_lies_beside_the_index_and_is_used(run, files, asked, tmp_path: Path):
    many = "\n".join(json.dumps({"_id": f"u{n}", "text": f"Pizza {n}?"}) for n in range(20))
    files["unanswerable"].write_text(many)
    again = "\n".join(
        json.dumps({"_id": f"q{n}", "text": f"Where is data kept in version {n}?"})
        for n in range(20)
    )
    files["queries"].write_text(again)
    files["qrels"].write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\tstorage.md\t1\n" for n in range(20))
    )
    asked = [*asked, "--unanswerable", files["unanswerable"]]
    assert json.loads(run(*asked, "--json")[1])["abstention"][0]["seen"] is None
    code, out, _ = run(*asked, "--fit")
    assert code == 0
    assert "milvus.calibration.json" in out
    assert "The fit used 40 of these questions." in out
    files["queries"].write_text(again.replace("kept in version 1?", "kept in version one?"))
    told = json.loads(run(*asked, "--json")[1])
    assert (told["abstention"][0]["seen"], told["fitted"]) == (39, None)
    told = json.loads(run(*asked, "--fit", "--json")[1])
    assert told["fitted"].endswith("milvus.calibration.json")
    assert (tmp_path / "data" / "milvus.calibration.json").exists()
    found = json.loads(run("ask", "Pizza 3?", "--json")[1])
    assert found["status"] == "not_found"
    assert len(found["passages"]) == 3
    assert "The closest pages:" in run("ask", "Pizza 3?")[1]
    assert json.loads(run("ask", "Where is data kept?", "--json")[1])["status"] == "answered"


@pytest.mark.usefixtures("_index")
def test_the_judge_says_which_it_is(run, asked, monkeypatch, openai_server):
    monkeypatch.setenv("OPENAI_API_KEY", openai_server.api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)

    def reply(messages):
        judging = messages[0]["content"].startswith("You judge")
        return '{"faithful": true, "answering": false}' if judging else "In storage [1]."

    openai_server.reply = reply
    _, out, _ = run(*asked, "--judge", "--json")
    judged = json.loads(out)["judged"]
    assert (judged["model"], judged["prompt"], judged["answers"]) == (DEFAULT_LLM, "2", 2)
    assert (judged["faithful"]["value"], judged["answering"]["value"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("qrels", "query-id\tscore\nq1\t1\n", "has no column corpus-id"),
        ("qrels", "query-id\tcorpus-id\tscore\n", "no judgements in"),
        ("qrels", "query-id\tcorpus-id\tscore\nq9\tusers.md\t1\n", "name a question q9"),
        ("qrels", "query-id\tcorpus-id\tscore\nq1\tgone.md\t1\n", "has the id gone.md"),
        ("queries", "why?", "is not a JSON object"),
        ("corpus", '{"_id": "1"}', "has no text"),
    ],
)
def test_what_is_wrong_is_one_sentence(run, files, asked, name, text, words):
    files[name].write_text(text)
    code, out, err = run(*asked, "--corpus", files["corpus"])
    assert (code, out) == (1, "")
    assert words in err.strip().splitlines()[-1]
    assert "Traceback" not in err


def test_a_judge_needs_an_llm_and_a_fit_the_live_index(run, files, asked):
    code, _, err = run(*asked, "--judge")
    assert (code, "--judge needs an LLM" in err) == (1, True)
    assert run(*asked, "--fit", "--corpus", files["corpus"])[0] == 2
    assert run(*asked, "--judge-model", "gpt-6-luna")[0] == 2


@pytest.mark.usefixtures("_index")
def test_too_few_questions_to_fit(run, files, asked):
    code, _, err = run(*asked, "--unanswerable", files["unanswerable"], "--fit")
    assert code == 1
    assert "at least 20 questions" in err


def test_only_one_language(run, files, asked):
    code, _, err = run(*asked, "--corpus", files["corpus"], "--language", "de")
    assert (code, "No question" in err) == (1, True)
