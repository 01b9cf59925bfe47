"""What `docent doctor --models` puts together; the checks themselves have their own tests."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bot.cli import check_models as doctor
from bot.cli.check_models import check_models
from rag_core.models.known_answers import PAIRS, SIMILARITIES, TUTORIAL_SCORES
from rag_core.settings import RagSettings
from tests.rag_core.models.test_known_answers import StandIn
from tests.servers.inference import InferenceServer

QWEN = "Qwen/Qwen3-Embedding-0.6B"


class Models:
    """A worker whose lane computes what the authors published, a little off."""

    def __init__(self, off: float = 0.0) -> None:
        self.warm = False
        self._off = off
        lane = StandIn(SIMILARITIES[QWEN])
        lane.rerank = self.rerank
        self.inference = SimpleNamespace(questions=lane)

    def warm_up(self):
        self.warm = True

    def rerank(self, query, passages):
        return np.array([self.score(query, passage) for passage in passages])

    def score(self, query, passage):
        for beginning, score in TUTORIAL_SCORES.items():
            if passage.strip().startswith(beginning):
                return score - self._off
        return 0.99 if (query, passage, True) in PAIRS else 0.01


@pytest.fixture
def corpus(shared):
    return shared / "corpus" / "milvus_docs_2.4.x_en.zip"


def checked(models, **given):
    settings = RagSettings.load(device="cpu", dtype=given.pop("dtype", "float32"), **given)
    return lambda corpus: check_models(settings, models, corpus=corpus)


def test_with_the_zip_the_tutorials_scores_are_compared(corpus):
    models = Models()
    checks = checked(models)(corpus)
    assert models.warm
    assert [check.says for check in checks if not check.passed] == []
    assert checks[-1].name == "reranker, the tutorial's scores"


@pytest.mark.parametrize(("dtype", "passed"), [("float32", False), ("bfloat16", True)])
def test_how_far_off_is_allowed_goes_with_the_number_type(corpus, dtype, passed):
    *_, tutorial = checked(Models(off=0.004), dtype=dtype)(corpus)
    assert tutorial.passed is passed
    assert passed or "template and the dtype" in tutorial.says


def test_without_the_zip_or_with_another_reranker_there_are_no_published_scores(corpus):
    without = checked(Models())(None)
    other = checked(Models(), reranker_model="org/other")(corpus)
    assert all("tutorial" not in check.name for check in (*without, *other))
    assert len(without) == len(other)


def test_the_zip_has_the_three_sections(corpus):
    sections = doctor._read_faq_sections(corpus)
    for beginning in TUTORIAL_SCORES:
        assert any(section.strip().startswith(beginning) for section in sections)


def test_each_of_several_servers_is_named():
    with InferenceServer("vllm") as good, InferenceServer("vllm") as bad:
        bad.fail(401)
        settings = RagSettings(embedding_url=f"{good.url}, {bad.url}")
        first, second = doctor.check_servers(settings)
    assert (first.passed, first.says) == (True, f"{good.embedding_url} answers")
    assert not second.passed
    assert bad.embedding_url in second.says


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1"])
def test_one_server_alone_is_checked_by_its_vectors(url):
    assert doctor.check_servers(RagSettings(embedding_url=url)) == []
