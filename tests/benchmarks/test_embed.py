from __future__ import annotations

import json

from benchmarks import embed
from rag_core.models.minilm import MiniLM


def test_prints_one_json_object(capsys):
    sizes = ["--documents", "4", "--chunks", "5", "--repeats", "1"]
    embed.main(["--json", "--tiny", "--device", "cpu", "--dtype", "float32", *sizes])
    printed = json.loads(capsys.readouterr().out)
    contenders = {"one_by_one", "sentence_transformers", "docent"}
    for model, documents in (("qwen3", 4), ("starter", 5)):
        found = printed[model]
        assert found["documents"] == documents
        assert set(found["documents_per_second"]) == contenders
        assert found["ratio"] > 0
        assert found["largest_difference"] < 1e-5


def test_the_starter_reads_chunks_of_real_documentation(shared):
    archive = shared / "corpus" / embed.DOCUMENTATION.name
    texts = embed.chunk_texts(archive, 20, tokenizer=MiniLM())
    assert len(texts) == len(set(texts)) == 20
