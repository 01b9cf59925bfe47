"""The command line as a person meets it: output, JSON, exit codes, one sentence on failure."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from bot import cli
from bot.texts import answers
from rag_core.pipeline import MAX_QUESTION_CHARACTERS
from tests.conftest import ROOT

PAGE = """\
# Storage

## Where is data stored?

Inserted data is kept in object storage. Metadata is kept in etcd.

## How do I flush?

Call `flush()` after writing.

```python
client.flush("docs")
```
"""
QUESTION = "Where is the data stored?"


@dataclass
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOCENT_PROFILE", "starter")

    def invoke(*args: str) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["docent", *args])
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return invoke


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "storage.md").write_text(PAGE)
    return folder


def failed(ran: Ran, *words: str) -> None:
    """One sentence on stderr, nothing on stdout, exit code 1."""
    assert ran.code == 1
    assert ran.out == ""
    assert "Traceback" not in ran.err
    last = ran.err.strip().splitlines()[-1]
    assert last.startswith("docent: ")
    for word in words:
        assert word in last


class TestHelp:
    def test_names_every_command(self, run: Run):
        ran = run("--help")
        assert ran.code == 0
        for name in ("index", "ask", "search", "status", "serve"):
            assert name in ran.out

    @pytest.mark.parametrize("words", [(), ("-h",)])
    def test_a_bare_docent_and_h_are_the_same_help(self, run: Run, words: tuple[str, ...]):
        ran = run(*words)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.split() == run("--help").out.split()

    def test_each_command_has_the_short_option(self, run: Run):
        for name in typer.main.get_command(cli.app).commands:
            ran = run(name, "-h")
            assert (ran.code, "--help" in ran.out) == (0, True), name

    def test_a_wrong_choice_names_the_right_ones(self, run: Run):
        ran = run("index", "--engine", "nope")
        assert ran.code == 2
        assert re.search(r"--engine.*'local',\W+'ray'", ran.err, re.DOTALL)

    def test_broken_settings_are_one_sentence(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DOCENT_STATE_URL", "nowhere")
        failed(run("status"), "DOCENT_STATE_URL")
        monkeypatch.setenv("DOCENT_GOLDEN_MARGIN", "2")
        failed(run("status"), "DOCENT_GOLDEN_MARGIN is not valid")

    def test_a_question_comes_from_standard_input(
        self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        run("index", str(docs))
        for words in (("ask", "--json"), ("ask", "-", "--json"), ("search", "--json")):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(QUESTION.encode())))
            assert run(*words).json()["question"] == QUESTION

    def test_a_shell_completes_commands(self):
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_DOCENT_COMPLETE": "complete_bash",
            "COMP_WORDS": "docent ro",
            "COMP_CWORD": "1",
        }
        code = "import sys; sys.argv = ['docent']; from bot.cli import main; main()"
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=False
        )
        assert (ran.stdout, ran.stderr) == (b"rollback\n", b"")

    def test_says_its_version(self, run: Run):
        ran = run("--version")
        assert ran.code == 0
        assert re.fullmatch(r"docent \d+\.\d+\.\d+\n", ran.out)

    def test_wrong_usage_is_exit_code_2(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        assert run("ask").code == 2
        assert run("frobnicate").code == 2
        assert run("search", "x", "--limit", "0").code == 2
        monkeypatch.setattr(sys, "stdin", None)  # it was closed before docent was started
        assert run("ask", "-").code == 2


def _list_scores(rows: list[dict]) -> list[float]:
    return [row["score"] for row in rows]


class TestIndexAndAsk:
    def test_an_answer_quotes_with_sources_and_says_that_there_is_no_llm(
        self, run: Run, docs: Path
    ):
        assert run("index", str(docs)).code == 0
        ran = run("ask", QUESTION)
        assert ran.code == 0
        assert "> Inserted data is kept in object storage." in ran.out
        assert "Sources:\n  [1] Storage > Where is data stored?" in ran.out
        assert "#where-is-data-stored" in ran.out
        assert "No language model is set up" in ran.out

    def test_the_report(self, run: Run, docs: Path):
        first = run("index", str(docs), "--json").json()
        assert {key: first[key] for key in ("documents", "chunks", "added", "embedded")} == {
            "documents": 1,
            "chunks": 2,
            "added": 1,
            "embedded": 2,
        }
        again = run("index", str(docs), "--json").json()
        assert (again["embedded"], again["added"], again["changed"]) == (0, 0, 0)
        assert again["revision"] == first["revision"]
        assert set(first) == {
            "documents",
            "chunks",
            "added",
            "changed",
            "removed",
            "embedded",
            "reused",
            "seconds",
            "revision",
            "failures",
            "unchanged",
            "unread",
            "dropped",
            "golden",
            "truncated",
            "sites",
            "notes",
        }

    def test_a_changed_section_embeds_only_itself(self, run: Run, docs: Path):
        run("index", str(docs))
        page = docs / "storage.md"
        page.write_text(page.read_text().replace("in etcd", "in a database"))
        report = run("index", str(docs), "--json").json()
        assert (report["changed"], report["embedded"], report["reused"]) == (1, 1, 1)
        found = run("search", "metadata", "--json").json()["passages"]
        assert not any("etcd" in passage["text"] for passage in found)

    def test_json_of_an_answer(self, run: Run, docs: Path):
        run("index", str(docs))
        ran = run("ask", QUESTION, "--json")
        answer = ran.json()
        assert answer["status"] == "answered"
        assert answer["degraded"] == ["no_llm"]
        assert answer["citations"][0]["path"] == "storage.md"
        assert answer["timings"]["total_ms"] > 0
        assert set(answer["passages"][0]) >= {
            "path",
            "url",
            "title",
            "headings",
            "text",
            "retrieval_score",
            "rerank_score",
        }

    def test_compare_shows_both_orders(self, run: Run, docs: Path):
        run("index", str(docs))
        assert "after reranking" in run("ask", QUESTION, "--compare").out
        both = run("ask", QUESTION, "--compare", "--json").json()["comparison"]
        assert len(both["by_embedding"]) == len(both["reranked"]) == 2
        # The starter's reranker scores the first passage only.
        scores = [row["score"] for row in both["reranked"]]
        assert scores[1:] == [None]
        assert all(0 < score <= 1 for score in (*scores[:1], *_list_scores(both["by_embedding"])))

    def test_search_gives_passages_only(self, run: Run, docs: Path):
        run("index", str(docs))
        found = run("search", QUESTION, "--json", "--limit", "1").json()
        assert [passage["headings"][-1] for passage in found["passages"]] == [
            "Where is data stored?"
        ]
        assert "retrieval" in run("search", QUESTION).out

    def test_a_question_is_asked_of_a_part_of_the_index(self, run: Run, docs: Path, tmp_path: Path):
        other = tmp_path / "other"
        other.mkdir()
        (other / "colours.md").write_text("# Colours\n\nThe data on the logo is green.\n")
        run("index", str(docs), str(other))

        def paths(*options: str) -> set[str]:
            found = run("search", QUESTION, "--json", *options).json()["passages"]
            return {passage["path"] for passage in found}

        assert paths() == {"storage.md", "colours.md"}
        assert paths("--source", "other") == {"colours.md"}
        assert paths("--source", "other", "--source", "docs") == {"storage.md", "colours.md"}
        assert paths("--path", "stor") == {"storage.md"}
        failed(run("ask", QUESTION, "--source", "nope"), "source nope: there is docs, other.")
        failed(run("search", QUESTION, "--source", "docs", "--source", "nope"), "docs, other.")
        failed(run("search", QUESTION, "--json", "--path", "x/"), "colours.md, storage.md.")
        failed(run("search", QUESTION, "--version", "2.4"), "without one")
        failed(run("search", QUESTION, "--language", 'e"n'), "without one")
        answer = run("ask", QUESTION, "--json", "--source", "other").json()
        assert {passage["source"] for passage in answer["passages"]} == {"other"}
        assert answer["query"] == QUESTION

    def test_the_labels_of_a_source_reach_the_search(
        self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        source = {"uri": str(docs), "version": "2.4", "language": "en"}
        monkeypatch.setenv("DOCENT_SOURCES", json.dumps([source]))
        run("index")
        found = run("search", QUESTION, "--json", "--version", "2.4", "--language", "en").json()
        assert {(one["version"], one["language"]) for one in found["passages"]} == {("2.4", "en")}
        failed(run("search", QUESTION, "--json", "--version", "2.5"), "version 2.5: there is 2.4.")
        monkeypatch.setenv("DOCENT_SOURCES", json.dumps([source | {"version": "2.5"}]))
        report = run("index", "--json").json()
        assert (report["changed"], report["embedded"]) == (1, 0)
        assert run("search", QUESTION, "--json", "--version", "2.5").json()["passages"]

    def test_a_script_that_the_starter_cannot_read_is_said(self, run: Run, docs: Path):
        run("index", str(docs))
        ran = run("ask", "Где хранятся данные?")
        assert ran.code == 0
        assert answers.NOT_FOUND in ran.out
        assert answers.DEGRADED["script_unread"] in ran.out

    def test_other_sources_stay(self, run: Run, docs: Path, tmp_path: Path):
        run("index", str(docs))
        other = tmp_path / "other"
        other.mkdir()
        (other / "colours.md").write_text("# Colours\n\nThe logo is green.\n")
        assert run("index", str(other), "--json").json()["documents"] == 2
        assert "green" in run("search", "Which colour is the logo?").out
        assert "object storage" in run("search", QUESTION).out

    def test_status(self, run: Run, docs: Path):
        before = run("status", "--json").json()
        assert (before["revision"], before["chunks"], before["last_sync"]) == (None, 0, None)
        revision = run("index", str(docs), "--json").json()["revision"]
        after = run("status", "--json").json()
        assert (after["revision"], after["chunks"], after["documents"]) == (revision, 2, 1)
        assert after["model"] == "all-MiniLM-L6-v2"
        assert after["last_sync"]
        assert revision in run("status").out

    def test_sources_come_from_the_settings(
        self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("DOCENT_SOURCES", str(docs))
        assert run("index", "--json").json()["added"] == 1

    def test_the_llm_writes_the_answer_where_there_is_one(
        self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch, openai_server
    ):
        run("index", str(docs))
        monkeypatch.setenv("OPENAI_API_KEY", "sk-docent-test")
        monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)
        openai_server.reply = lambda _: "In object storage [1], not here [9]."
        ran = run("ask", QUESTION)
        assert ran.out.startswith("In object storage [1], not here.")
        assert "Sources:\n  [1] Storage > Where is data stored?" in ran.out


class TestWrongInput:
    """Each gets one sentence, and the index is as it was."""

    def test_no_such_file(self, run: Run):
        failed(run("index", "nowhere"), "nowhere")

    def test_not_a_zip(self, run: Run, tmp_path: Path):
        (tmp_path / "docs.zip").write_text("no zip")
        failed(run("index", "docs.zip"), "docs.zip", "zip")

    def test_a_zip_without_documents(self, run: Run, tmp_path: Path):
        with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
            archive.writestr("logo.svg", "<svg/>")
        failed(run("index", "empty.zip"), "empty.zip")

    def test_a_failure_leaves_the_index(self, run: Run, docs: Path):
        run("index", str(docs))
        failed(run("index", "nowhere"))
        assert "object storage" in run("ask", QUESTION).out

    def test_an_empty_page_and_bad_utf8_are_lines_in_the_report(self, run: Run, docs: Path):
        (docs / "empty.md").write_text("")
        (docs / "latin.md").write_bytes(
            "# Gr\xfc\xdfe\n\nDie T\xfcr ist offen.\n".encode("latin-1")
        )
        report = run("index", str(docs), "--json").json()
        assert report["documents"] >= 1
        assert any("latin.md" in line for line in report["failures"])
        assert any("empty.md" in line for line in report["failures"])
        assert "object storage" in run("ask", QUESTION).out

    def test_a_page_of_2_mb_in_one_line(self, run: Run, docs: Path):
        (docs / "blob.md").write_text("# Blob\n\n" + "QUJD" * 500_000)
        report = run("index", str(docs), "--json").json()
        assert report["documents"] == 2
        assert "object storage" in run("ask", QUESTION).out

    def test_nothing_to_index(self, run: Run):
        failed(run("index"), "DOCENT_SOURCES")

    def test_a_setting_whose_name_is_nearly_right(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DOCENT_SORCES", "docs")
        ran = run("index")
        assert (
            "no setting DOCENT_SORCES, so docent ignores it. Do you mean DOCENT_SOURCES?" in ran.err
        )
        assert ran.code == 1

    def test_an_empty_question(self, run: Run):
        failed(run("ask", "  "), "empty")

    def test_a_question_of_20_000_characters(self, run: Run):
        failed(run("ask", "x" * 20_000), "20,000", f"{MAX_QUESTION_CHARACTERS:,}")

    def test_no_index_yet(self, run: Run, tmp_path: Path):
        failed(run("ask", QUESTION), "docent index")
        assert not (tmp_path / "data" / "milvus.db").exists()

    def test_an_index_that_another_process_holds(self, run: Run, docs: Path):
        run("index", str(docs))
        script = (
            "import fcntl, sys\n"
            "lock = open('data/milvus.db/LOCK')\n"
            "fcntl.flock(lock, fcntl.LOCK_EX)\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            failed(run("ask", QUESTION), "Another process holds", "milvus.db")
            assert run("status").code == 0

    def test_a_file_of_an_older_milvus_lite(self, run: Run, docs: Path, tmp_path: Path):
        (tmp_path / "data").mkdir()
        old = tmp_path / "data" / "milvus.db"
        old.write_bytes(b"SQLite format 3\0")
        failed(run("index", str(docs)), "milvus.db", "older")
        assert old.read_bytes() == b"SQLite format 3\0"

    def test_a_wrong_setting_is_named(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DOCENT_PROFILE", "fast")
        failed(run("ask", QUESTION), "DOCENT_PROFILE", "starter")

    def test_a_missing_slack_token_is_named(self, run: Run):
        failed(run("serve"), "SLACK_BOT_TOKEN")

    def test_an_index_of_another_model(self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch):
        run("index", str(docs))
        monkeypatch.setattr("rag_core.models.minilm.MiniLM.model", "another-model")
        failed(run("ask", QUESTION), "all-MiniLM-L6-v2", "another-model", "docent index")

    def test_an_index_of_an_earlier_docent(
        self, run: Run, docs: Path, monkeypatch: pytest.MonkeyPatch
    ):
        with monkeypatch.context() as earlier:
            earlier.setattr("ingest.factory.SCHEMA_VERSION", 1)
            run("index", str(docs))
        failed(run("ask", QUESTION), "an earlier version of docent", "docent index")
        report = run("index", str(docs), "--json").json()
        assert (report["embedded"], report["reused"], report["unchanged"]) == (2, 0, False)
        assert "object storage" in run("ask", QUESTION).out

    def test_the_trace_is_for_verbose_alone(self, run: Run, caplog: pytest.LogCaptureFixture):
        run("ask", "  ")
        assert not caplog.records
        failed(run("ask", "  ", "--verbose"), "empty")
        assert any("EmptyQuestionError" in (record.exc_text or "") for record in caplog.records)

    def test_an_unexpected_error_is_one_sentence_too(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(cli.ask, "_build_question", lambda *_: 1 / 0)
        failed(run("ask", QUESTION), "ZeroDivisionError", "--verbose")


class TestDoctor:
    def test_the_starter_models_give_their_known_answers(self, run: Run):
        ran = run("doctor", "--models")
        assert ran.code == 0
        assert "ok    embedding, known answer" in ran.out
        assert all(check["passed"] for check in run("doctor", "--models", "--json").json())

    def test_a_wrong_model_is_exit_code_1_and_says_what(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(
            "rag_core.models.minilm.MiniLM.embed_query",
            lambda self, text: self.embed_passages([text[::-1]])[0],
        )
        ran = run("doctor", "--models")
        assert ran.code == 1
        assert "wrong embedding, known answer" in ran.out

    def test_an_option_without_its_check_is_wrong_usage(self, run: Run):
        assert run("doctor", "--repair").code == 2

    def test_weights_that_are_not_there(self, run: Run, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DOCENT_PROFILE", "qwen3")
        failed(run("doctor", "--models"), "Qwen/Qwen3-Embedding-0.6B", "DOCENT_PROFILE=starter")
