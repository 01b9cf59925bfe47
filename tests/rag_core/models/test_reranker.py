from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from benchmarks.harness.tutorial import MAX_RERANKER_LENGTH, TutorialReranker
from rag_core.errors import ModelError, ModelUnavailableError, RerankerError
from rag_core.models import packing, reranker
from rag_core.models.device import Placement
from rag_core.models.probe import PASSAGES, QUESTIONS
from rag_core.models.reranker import LocalReranker
from tests.rag_core.checkpoints import QUERY, SEVEN_SCRIPTS, make_reranker, sample_passages

TOLERANCE = 1e-5
FLOAT32 = Placement.choose(device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    return make_reranker(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="session")
def tutorial(checkpoint) -> TutorialReranker:
    return TutorialReranker.load(checkpoint)


@pytest.fixture(scope="session")
def reference(tutorial) -> np.ndarray:
    """The tutorial's scores of the sample, one pair at a time."""
    return one_by_one(tutorial, sample_passages(64))


@pytest.fixture
def docent(checkpoint) -> LocalReranker:
    return LocalReranker(str(checkpoint), placement=FLOAT32)


@pytest.fixture(scope="module")
def warm(checkpoint) -> LocalReranker:
    return LocalReranker(str(checkpoint), placement=FLOAT32)


def one_by_one(tutorial, passages, query=QUERY, task=None) -> np.ndarray:
    return np.array([tutorial.scores(query, [passage], task)[0] for passage in passages])


def difference(docent, reference) -> float:
    scores = docent.rerank(QUERY, sample_passages(64)[: len(reference)])
    return float(np.abs(scores - reference).max())


class TestParity:
    def test_the_sample_tells_scores_apart(self, reference):
        assert reference.min() < 0.05
        assert reference.max() > 0.95

    @pytest.mark.parametrize("count", [1, 2, 3, 10, 64])
    def test_scores_are_the_tutorials(self, docent, reference, count):
        assert difference(docent, reference[:count]) < TOLERANCE

    @pytest.mark.parametrize("text", SEVEN_SCRIPTS)
    def test_in_every_script_question_and_passage(self, docent, tutorial, text):
        passages = [text, text[: len(text) // 2], f"{text} {text}"]
        expected = one_by_one(tutorial, passages, query=text)
        np.testing.assert_allclose(docent.rerank(text, passages), expected, atol=TOLERANCE, rtol=0)

    def test_lengths_from_one_to_thousands_of_tokens(self, docent, tutorial):
        passages = ["a " * (length - 1) + "b" for length in (1, 2, 17, 300, 2500, 7900)]
        expected = one_by_one(tutorial, passages)
        np.testing.assert_allclose(docent.rerank(QUERY, passages), expected, atol=TOLERANCE, rtol=0)

    def test_order_changes_nothing(self, docent, reference):
        passages = sample_passages(64)
        order = random.Random(1).sample(range(64), 64)
        scores = docent.rerank(QUERY, [passages[i] for i in order])
        np.testing.assert_allclose(scores, reference[order], atol=TOLERANCE, rtol=0)

    @pytest.mark.parametrize("budget", [1, 300, 1000, 100_000])
    def test_batch_composition_changes_nothing(self, warm, reference, budget, monkeypatch):
        monkeypatch.setattr(packing, "TOKEN_BUDGET", budget)
        assert difference(warm, reference[:12]) < TOLERANCE

    def test_a_shared_start_changes_nothing(self, warm, reference, monkeypatch):
        monkeypatch.setattr(packing, "count_shared_tokens", lambda _: 0)
        assert difference(warm, reference[:12]) < TOLERANCE

    def test_an_own_instruction(self, checkpoint, tutorial):
        task = "Find the paragraph that the user needs"
        docent = LocalReranker(str(checkpoint), instruction=task, placement=FLOAT32)
        expected = one_by_one(tutorial, sample_passages(5), task=task)
        scores = docent.rerank(QUERY, sample_passages(5))
        np.testing.assert_allclose(scores, expected, atol=TOLERANCE, rtol=0)
        assert np.abs(expected - one_by_one(tutorial, sample_passages(5))).max() > 100 * TOLERANCE

    @settings(max_examples=25, deadline=None)
    @given(
        query=st.text(max_size=60),
        passages=st.lists(st.text(max_size=120), min_size=1, max_size=4),
    )
    def test_any_text(self, warm, tutorial, query, passages):
        expected = one_by_one(tutorial, passages, query=query)
        np.testing.assert_allclose(warm.rerank(query, passages), expected, atol=TOLERANCE, rtol=0)


class TestTheParityCheckCanFail:
    """Each of these faults must be seen; a check that lets one through proves nothing."""

    @pytest.fixture(autouse=True)
    @staticmethod
    def no_probe(monkeypatch) -> None:
        """Without the probe, which sees some of these faults first."""
        monkeypatch.setattr(reranker, "probe_reranker", lambda *_: None)

    @pytest.mark.parametrize(
        ("name", "wrong"),
        [
            ("PREFIX", reranker.PREFIX.replace("Judge whether", "Judge if")),
            ("PREFIX", ""),
            ("SUFFIX", reranker.SUFFIX.replace("<think>\n\n</think>\n\n", "")),
            ("SUFFIX", reranker.SUFFIX.rstrip("\n")),
            ("PAIR", reranker.PAIR.replace("<Document>: ", "<Document>:")),
            ("INSTRUCTION", reranker.INSTRUCTION + "."),
        ],
    )
    def test_template(self, checkpoint, reference, name, wrong, monkeypatch):
        monkeypatch.setattr(reranker, name, wrong)
        docent = LocalReranker(str(checkpoint), instruction=reranker.INSTRUCTION, placement=FLOAT32)
        assert difference(docent, reference) > 10 * TOLERANCE

    def test_yes_and_no_swapped(self, docent, reference, monkeypatch):
        monkeypatch.setattr(reranker, "YES", "no")
        monkeypatch.setattr(reranker, "NO", "yes")
        assert difference(docent, reference) > 0.5

    def test_position(self, docent, reference, monkeypatch):
        one_early = lambda layout: [stop - 2 for _, stop in layout.bounds]  # noqa: E731
        monkeypatch.setattr(packing.Layout, "list_last_rows", one_early)
        assert difference(docent, reference) > 10 * TOLERANCE

    def test_positions_that_do_not_start_anew(self, docent, reference, monkeypatch):
        running_on = lambda layout: torch.arange(layout.bounds[-1][1])  # noqa: E731
        monkeypatch.setattr(packing.Layout, "compute_positions", running_on)
        assert difference(docent, reference) > 10 * TOLERANCE

    def test_padding_side(self, tutorial, reference):
        passages = sample_passages(8)
        sides = {}
        for side in ("left", "right"):
            tokenizer = type(tutorial.tokenizer).from_pretrained(
                tutorial.tokenizer.name_or_path, padding_side=side
            )
            scores = TutorialReranker(tokenizer, tutorial.model).scores(QUERY, passages)
            sides[side] = float(np.abs(np.array(scores) - reference[:8]).max())
        assert sides["left"] < TOLERANCE
        assert sides["right"] > 10 * TOLERANCE


class TestLimits:
    def test_nothing_to_score(self, docent):
        assert docent.rerank(QUERY, []).shape == (0,)

    def test_an_empty_passage_gets_a_score(self, docent, tutorial):
        expected = one_by_one(tutorial, ["", "a"])
        scores = docent.rerank(QUERY, ["", "a"])
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, expected, atol=TOLERANCE, rtol=0)

    def test_the_same_passage_twice(self, docent, reference):
        scores = docent.rerank(QUERY, [sample_passages(1)[0]] * 3)
        np.testing.assert_allclose(scores, [reference[0]] * 3, atol=TOLERANCE, rtol=0)

    def test_a_long_passage_loses_its_end_and_keeps_the_template(self, docent, tutorial):
        long = "x y z " * MAX_RERANKER_LENGTH
        score = docent.rerank(QUERY, [long])
        assert docent.truncated == 1
        np.testing.assert_allclose(score, one_by_one(tutorial, [long]), atol=TOLERANCE, rtol=0)

    def test_the_log_says_once_that_passages_are_cut(self, docent, caplog):
        for _ in range(2):
            docent.rerank(QUERY, ["x y z " * MAX_RERANKER_LENGTH])
        assert caplog.text.count("its end was not judged") == 1

    def test_only_what_was_cut_is_counted(self, docent):
        docent.rerank(QUERY, sample_passages(3))
        assert docent.truncated == 0

    def test_bfloat16_stays_near(self, checkpoint, reference):
        half = LocalReranker(
            str(checkpoint), placement=Placement.choose(device="cpu", dtype="bfloat16")
        )
        assert difference(half, reference) < 0.2


class TestLoading:
    def test_the_constructor_loads_nothing(self):
        assert LocalReranker("no/such-model").model == "no/such-model"

    def test_a_model_that_is_not_here(self):
        with pytest.raises(ModelUnavailableError, match=r"no/such-model.*DOCENT_PROFILE=starter"):
            LocalReranker("no/such-model").warm_up()

    def test_a_tokenizer_without_the_answers(self, checkpoint, tmp_path):
        for file in checkpoint.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        path = tmp_path / "tokenizer.json"
        content = json.loads(path.read_text())
        vocabulary = content["model"]["vocab"]
        vocabulary["yess"] = vocabulary.pop("yes")
        content["model"]["merges"] = [m for m in content["model"]["merges"] if m != ["ye", "s"]]
        path.write_text(json.dumps(content))
        Tokenizer.from_file(str(path))
        with pytest.raises(ModelError, match="no token for 'yes' or 'no'"):
            LocalReranker(str(tmp_path)).warm_up()

    def test_a_folder_without_weights(self, checkpoint, tmp_path):
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            (tmp_path / name).write_bytes((checkpoint / name).read_bytes())
        with pytest.raises(ModelError, match="can't be read"):
            LocalReranker(str(tmp_path)).warm_up()

    @pytest.mark.parametrize(
        "change",
        [
            {"attention_bias": True},
            {"hidden_act": "gelu"},
            {"layer_types": ["sliding_attention"] * 3},
        ],
    )
    def test_a_model_that_is_built_otherwise(self, checkpoint, tmp_path, change):
        for file in checkpoint.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        config = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(ModelError, match="not built like the published"):
            LocalReranker(str(tmp_path)).warm_up()


class TestProbe:
    @staticmethod
    def spoil(checkpoint: Path, folder: Path, change) -> Path:
        """A copy of the reranker with other weights in its head."""
        for file in checkpoint.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        weights = load_file(folder / "model.safetensors")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        yes, no = (tokenizer.token_to_id(word) for word in ("yes", "no"))
        change(weights["lm_head.weight"], yes, no)
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        return folder

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                lambda head, yes, no: head.__setitem__([yes, no], head[[no, yes]]),
                "no higher than .*needs its template",
            ),
            (
                lambda head, yes, no: head.__setitem__(yes, head[no]),
                "no higher than .*needs its template",
            ),
            (
                lambda head, yes, no: head[yes].mul_(0).add_(head[no] + 1),
                "no higher than .*needs its template",
            ),
            (
                lambda head, yes, _: head[yes].fill_(math.nan),
                "not numbers: set DOCENT_DTYPE=float32",
            ),
            (
                lambda head, yes, _: head[yes].fill_(math.inf),
                "not numbers: set DOCENT_DTYPE=float32",
            ),
        ],
        ids=["inverted", "equal", "another head", "nan", "infinite"],
    )
    def test_a_model_that_fails_is_refused_once_and_for_all(
        self, checkpoint, tmp_path, change, said, monkeypatch
    ):
        folder = self.spoil(checkpoint, tmp_path, change)
        docent = LocalReranker(str(folder), placement=FLOAT32)
        with pytest.raises(RerankerError, match=said):
            docent.warm_up()
        monkeypatch.setattr(reranker, "locate_model", pytest.fail)  # it is not loaded again
        with pytest.raises(RerankerError, match=said):
            docent.rerank(QUERY, ["a"])

    def test_the_probe_asks_with_docents_own_task(self, checkpoint, monkeypatch):
        asked = []
        score = reranker.Qwen3Scorer.score

        def record(self, query, passages):
            asked.append(self.instruction)
            return score(self, query, passages)

        monkeypatch.setattr(reranker.Qwen3Scorer, "score", record)
        docent = LocalReranker(str(checkpoint), instruction="Find code", placement=FLOAT32)
        docent.rerank(QUERY, ["a"])
        assert asked == [reranker.INSTRUCTION] * 2 + ["Find code"]

    def test_numbers_that_are_lost_later_are_an_error(self, docent, monkeypatch):
        docent.warm_up()
        lost = lambda *_: (np.array([0.5, math.nan], np.float32), 0)  # noqa: E731
        monkeypatch.setattr(reranker.Qwen3Scorer, "score", lost)
        with pytest.raises(ModelError, match=r"not numbers: set DOCENT_DTYPE=float32"):
            docent.rerank(QUERY, ["a", "b"])


class TestCrossEncoder:
    @staticmethod
    def make(folder: Path, *, labels: int = 1, taught: bool = True) -> Path:
        """A tiny BERT; a taught one knows the passages of the probe by heart."""
        texts = " ".join((*QUESTIONS, *PASSAGES)).lower()
        known = [*"abcdefgh", *dict.fromkeys(re.findall(r"\w{2,}|[?.]", texts))]
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
        (folder / "vocab.txt").write_text("\n".join(words))
        tokenizer = BertTokenizer(str(folder / "vocab.txt"), model_max_length=24)
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=24,
            num_labels=labels,
        )
        model = BertForSequenceClassification(config)
        if taught:
            teach(model, tokenizer)
        model.save_pretrained(folder)
        return folder

    def test_by_name(self, tmp_path):
        docent = LocalReranker(str(self.make(tmp_path)), placement=FLOAT32)
        scores = docent.rerank("a b", ["c d", "e f g", "", "h " * 100])
        assert scores.shape == (4,)
        assert scores.dtype == np.float32
        assert ((scores > 0) & (scores < 1)).all()
        assert docent.truncated == 1
        np.testing.assert_allclose(docent.rerank("a b", ["e f g"]), scores[1:2], atol=TOLERANCE)

    def test_a_head_that_was_never_trained_is_refused(self, tmp_path):
        docent = LocalReranker(str(self.make(tmp_path, taught=False)), placement=FLOAT32)
        with pytest.raises(RerankerError, match="needs its template"):
            docent.warm_up()

    def test_a_model_with_several_scores_is_no_reranker(self, tmp_path):
        with pytest.raises(ModelError, match="3 scores"):
            LocalReranker(
                str(self.make(tmp_path, labels=3, taught=False)), placement=FLOAT32
            ).warm_up()


def teach(model: BertForSequenceClassification, tokenizer: BertTokenizer) -> None:
    """Train a model until it tells the passages of the probe apart."""
    pairs = [(question, passage) for question in QUESTIONS for passage in PASSAGES]
    inputs = tokenizer(*zip(*pairs, strict=True), padding=True, return_tensors="pt")
    wanted = torch.tensor([1.0, 0.0, 0.0, 1.0])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        logits = model(**inputs).logits[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted).backward()
        optimizer.step()
    model.eval()
