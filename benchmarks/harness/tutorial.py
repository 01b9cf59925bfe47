"""The tutorial that docent grew from, as a reference to measure against.

Its own steps, written anew with models and data handed in: split at "# ", embed one by one, top 10
by inner product, rerank, top 3. Kept as it is on purpose, with what it costs: every later
comparison runs this code and docent's on the same machine in one run. Parity tests lean on it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

MAX_RERANKER_LENGTH = 8192
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    'the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
CANDIDATES, TOP = 10, 3


def split(files: Iterable[Path]) -> list[str]:
    """The pieces between "# " of all files."""
    text_lines: list[str] = []
    for path in files:
        text_lines += path.read_text(encoding="utf-8").split("# ")
    return text_lines


def emb_text(embedding_model: Any, text: str, *, is_query: bool = False) -> list[float]:
    """Embed one text with a SentenceTransformer; the query prompt for queries."""
    if is_query:
        embeddings = embedding_model.encode([text], prompt_name="query")
    else:
        embeddings = embedding_model.encode([text])
    return list(map(float, embeddings[0]))


@dataclass
class TutorialReranker:
    """Qwen3-Reranker as the tutorial runs it: one padded batch, the logits of every position."""

    tokenizer: Any
    model: Any

    @classmethod
    def load(cls, name: str | Path, *, dtype: torch.dtype = torch.float32) -> TutorialReranker:
        """Load by name or folder. transformers before 5 took float32, 5 the checkpoint's type."""
        tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
        return cls(tokenizer, AutoModelForCausalLM.from_pretrained(name, dtype=dtype).eval())

    @property
    def token_false_id(self) -> int:
        """Id of "no"."""
        return int(self.tokenizer.convert_tokens_to_ids("no"))

    @property
    def token_true_id(self) -> int:
        """Id of "yes"."""
        return int(self.tokenizer.convert_tokens_to_ids("yes"))

    @staticmethod
    def format_instruction(instruction: str | None, query: str, doc: str) -> str:
        """The text of one pair."""
        if instruction is None:
            instruction = INSTRUCTION
        return f"<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {doc}"

    def process_inputs(self, pairs: Sequence[str]) -> Any:
        """Token ids and mask of pairs between prefix and suffix, padded on the left."""
        prefix = self.tokenizer.encode(PREFIX, add_special_tokens=False)
        suffix = self.tokenizer.encode(SUFFIX, add_special_tokens=False)
        inputs = self.tokenizer(
            list(pairs),
            padding=False,
            truncation="longest_first",
            return_attention_mask=False,
            max_length=MAX_RERANKER_LENGTH - len(prefix) - len(suffix),
        )
        for i, ids in enumerate(inputs["input_ids"]):
            inputs["input_ids"][i] = prefix + ids + suffix
        inputs = self.tokenizer.pad(
            inputs, padding=True, return_tensors="pt", max_length=MAX_RERANKER_LENGTH
        )
        return {key: inputs[key].to(self.model.device) for key in inputs}

    @torch.no_grad()
    def compute_logits(self, inputs: Any) -> list[float]:
        """Scores: the yes part of the softmax over "no" and "yes" at the last position."""
        logits = self.model(**inputs).logits[:, -1, :]
        pair = torch.stack([logits[:, self.token_false_id], logits[:, self.token_true_id]], dim=1)
        scores: list[float] = torch.nn.functional.log_softmax(pair, dim=1)[:, 1].exp().tolist()
        return scores

    def scores(self, query: str, documents: Sequence[str], task: str | None = None) -> list[float]:
        """Scores in the order of the documents, from one batch."""
        pairs = [self.format_instruction(task, query, doc) for doc in documents]
        return self.compute_logits(self.process_inputs(pairs))

    def rerank_documents(
        self, query: str, documents: Sequence[str], task: str | None = None
    ) -> list[tuple[str, float]]:
        """Documents with their scores, best first."""
        doc_scores = list(zip(documents, self.scores(query, documents, task), strict=True))
        doc_scores.sort(key=lambda pair: pair[1], reverse=True)
        return doc_scores


@dataclass
class Tutorial:
    """The tutorial from files to the top 3, over a SentenceTransformer and a MilvusClient."""

    embedding_model: Any
    reranker: TutorialReranker
    milvus_client: Any
    collection_name: str = "my_rag_collection"

    def index(self, text_lines: Sequence[str]) -> None:
        """Make the collection anew and insert every line, embedded one by one."""
        if self.milvus_client.has_collection(self.collection_name):
            self.milvus_client.drop_collection(self.collection_name)
        self.milvus_client.create_collection(
            collection_name=self.collection_name,
            dimension=len(emb_text(self.embedding_model, "This is a test")),
            metric_type="IP",
            consistency_level="Strong",
        )
        data = []
        for i, line in enumerate(tqdm(text_lines, desc="Creating embeddings")):
            vector = emb_text(self.embedding_model, line)
            data.append({"id": i, "vector": vector, "text": line})
        self.milvus_client.insert(collection_name=self.collection_name, data=data)

    def search(self, question: str) -> list[tuple[str, float]]:
        """The top 10 texts with their inner products."""
        found = self.milvus_client.search(
            collection_name=self.collection_name,
            data=[emb_text(self.embedding_model, question, is_query=True)],
            limit=CANDIDATES,
            search_params={"metric_type": "IP", "params": {}},
            output_fields=["text"],
        )
        return [(hit["entity"]["text"], hit["distance"]) for hit in found[0]]

    def answer_passages(self, question: str) -> list[tuple[str, float]]:
        """The top 3 texts with their reranker scores."""
        candidates = [text for text, _ in self.search(question)]
        return self.reranker.rerank_documents(question, candidates)[:TOP]
