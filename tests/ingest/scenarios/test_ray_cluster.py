"""A Ray cluster of two workers builds the index that a plain build builds, also after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_core.factory import open_store
from rag_core.settings import RagSettings
from tests.ingest.cluster_build import DOCS, SLOW_PAGE, read_embedded
from tests.ingest.fakes import make_folder
from tests.servers.ray_cluster import ray_cluster

DOCENT = "import sys; from bot.cli import main; sys.argv[0] = 'docent'; main()"


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    with ray_cluster() as environment:
        yield environment


def start_build(folder: Path, how: str, cluster: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.cluster_build", folder, how],
        env=dict(cluster),
        stdout=subprocess.PIPE,
        text=True,
    )


def build(folder: Path, how: str, cluster: Mapping[str, str]) -> dict[str, Any]:
    with start_build(folder, how, cluster) as process:
        printed, _ = process.communicate()
    assert process.returncode == 0
    return json.loads(printed)


def test_index_and_report_are_those_of_a_plain_build(tmp_path: Path, cluster: dict[str, str]):
    make_folder(tmp_path / "docs", DOCS | {"slow.md": SLOW_PAGE})
    built = build(tmp_path, "ray", cluster)
    assert built == build(tmp_path, "plain", cluster)  # to the last bit
    assert "slow.md: took longer than 2 seconds to read; left out" in built["report"]["failures"]


def test_a_killed_build_goes_on(tmp_path: Path, cluster: dict[str, str]):
    make_folder(tmp_path / "docs", DOCS)
    with start_build(tmp_path, "killed", cluster) as process:
        pass
    assert process.returncode == -signal.SIGKILL
    kept = [json.loads(file.read_text()) for file in tmp_path.glob("parts/*/*/pages.json")]
    texts = [text for part in kept for text in part["texts"]]
    assert len(kept) == 2
    assert texts
    (tmp_path / "embedded").unlink()
    built = build(tmp_path, "ray", cluster)
    embedded = read_embedded(tmp_path)
    assert embedded
    assert set(embedded).isdisjoint(texts)
    assert built == build(tmp_path, "plain", cluster)


def test_the_command_builds_with_the_starters_model(tmp_path: Path, cluster: dict[str, str]):
    docs = make_folder(tmp_path / "docs", DOCS)
    indexes = []
    for engine in ("local", "ray"):
        uri = tmp_path / engine / "index.db"
        uri.parent.mkdir()
        subprocess.run(
            [sys.executable, "-c", DOCENT, "index", str(docs), "--engine", engine],
            env=cluster | {"DOCENT_PROFILE": "starter", "DOCENT_MILVUS_URI": str(uri)},
            cwd=tmp_path,
            check=True,
        )
        assert not (uri.parent / "index.parts").exists()
        indexes.append(read_index(uri))
    (chunks, vectors), (chunks_of_ray, vectors_of_ray) = indexes
    assert chunks_of_ray == chunks
    # Texts beside a text in a pass of the model may change its last bits.
    assert np.allclose(vectors_of_ray, vectors, rtol=0, atol=1e-6)


def read_index(uri: Path) -> tuple[list[Any], np.ndarray]:
    """The chunks of the live version by id, and their vectors."""
    store = open_store(RagSettings(milvus_uri=str(uri)))
    live = store.read_live_index()
    assert live is not None
    chunks = sorted(store.read_chunks(live.collection), key=lambda chunk: chunk.id)
    vectors = store.read_vectors(live.collection, [chunk.id for chunk in chunks])
    store.close()
    return chunks, np.stack([vectors[chunk.id] for chunk in chunks])
