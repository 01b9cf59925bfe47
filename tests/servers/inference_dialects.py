"""Differences of vLLM, TEI and Infinity: paths, forms, limits, refusals.

Sources: vllm/entrypoints/pooling, huggingface/text-embeddings-inference router/src/http, and
michaelfeil/infinity libs/infinity_emb/infinity_emb/fastapi_schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Arguments = dict[str, Any]
Kind = Literal["vllm", "tei", "infinity"]


class RefusedError(Exception):
    """A request that the server answers with an error."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status}: {body}")


@dataclass(frozen=True)
class Limits:
    """Limits of a server. A word counts as a token."""

    texts: int
    tokens: int = 512
    characters: int = 10**9


class Dialect:
    """Behaviour of one server; `embeddings` and `rerank` are the paths it serves."""

    embeddings: tuple[str, ...]
    rerank: tuple[str, ...]
    limits: Limits
    embedding_fields = frozenset({"model", "input"})
    rerank_fields = frozenset({"model", "query", "documents"})

    def error(self, status: int, message: str) -> Any:
        """The body of an error."""
        raise NotImplementedError

    def check(self, arguments: Arguments, *, models: set[str]) -> list[str]:
        """The texts of a request.

        Raises:
            RefusedError: as the server would refuse it.
        """
        raise NotImplementedError

    def ranked(self, model: str, ranking: list[tuple[int, float]], texts: list[str]) -> Any:
        """The answer of `/rerank`, given index and score, best first."""
        raise NotImplementedError

    def refuse(self, status: int, message: str) -> RefusedError:
        return RefusedError(status, self.error(status, message))

    def served(self, asked: str) -> str:
        """The model named in an answer."""
        return asked


class VLLM(Dialect):
    """Knows its models, takes any number of texts, refuses long ones with 400."""

    embeddings = ("/v1/embeddings",)
    rerank = ("/rerank", "/v1/rerank", "/v2/rerank")
    limits = Limits(texts=10**9)

    def error(self, status: int, message: str) -> Any:
        if status == 401:
            return {"error": "Unauthorized"}
        kind = {400: "BadRequestError", 404: "NotFoundError"}.get(status, "InternalServerError")
        return {"error": {"message": message, "type": kind, "param": None, "code": status}}

    def check(self, arguments: Arguments, *, models: set[str]) -> list[str]:
        if arguments.get("model") not in {None, *models}:
            raise self.refuse(404, f"The model `{arguments['model']}` does not exist.")
        field = "documents" if "query" in arguments else "input"
        if field not in arguments:
            raise self.refuse(400, f"[{{'type': 'missing', 'loc': ('body', '{field}')}}]")
        texts: list[str] = arguments[field]
        for text in texts:
            if (tokens := len(text.split())) > self.limits.tokens:
                raise self.refuse(
                    400,
                    f"This model's maximum context length is {self.limits.tokens} tokens. However, "
                    f"you requested {tokens} tokens in the input for embedding generation.",
                )
        return texts

    def ranked(self, model: str, ranking: list[tuple[int, float]], texts: list[str]) -> Any:
        results = [
            {"index": index, "document": {"text": texts[index]}, "relevance_score": score}
            for index, score in ranking
        ]
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        return {"id": "rerank-1", "model": model, "usage": usage, "results": results}


class TEI(Dialect):
    """Serves one model, no matter which is asked for; has its own `/rerank`, and strict limits."""

    embeddings = ("/v1/embeddings",)
    rerank = ("/rerank",)
    limits = Limits(texts=32)
    rerank_fields = frozenset({"query", "texts", "truncate"})

    def __init__(self) -> None:
        self.auto_truncate = False

    def error(self, status: int, message: str) -> Any:
        kinds = {413: "Validation", 422: "Validation", 424: "Backend", 429: "Overloaded"}
        return {"message": message, "code": status, "type": kinds.get(status, "Unhealthy")}

    def check(self, arguments: Arguments, *, models: set[str]) -> list[str]:  # noqa: ARG002
        field = "texts" if "query" in arguments else "input"
        if field not in arguments:
            raise RefusedError(
                422,
                "Failed to deserialize the JSON body into the target type: "
                f"missing field `{field}` at line 1 column 99",
            )
        texts: list[str] = arguments[field]
        if len(texts) > self.limits.texts:
            said = f"batch size {len(texts)} > maximum allowed batch size {self.limits.texts}"
            raise self.refuse(422, said)
        cuts = self.auto_truncate or arguments.get("truncate")
        for text in texts:
            if (tokens := len(text.split())) > self.limits.tokens and not cuts:
                limit = self.limits.tokens
                said = f"`inputs` must have less than {limit} tokens. Given: {tokens}"
                raise self.refuse(413, said)
        return texts

    def ranked(self, model: str, ranking: list[tuple[int, float]], texts: list[str]) -> Any:  # noqa: ARG002
        return [{"index": index, "score": score} for index, score in ranking]

    def served(self, asked: str) -> str:  # noqa: ARG002
        return "served/by-tei"


class Infinity(Dialect):
    """Serves at the root, cuts long texts by itself, names wrong models with 400."""

    embeddings = ("/embeddings",)
    rerank = ("/rerank",)
    limits = Limits(texts=2048, characters=8192 * 15)

    def error(self, status: int, message: str) -> Any:
        if status == 401:
            return {"detail": "Unauthorized"}
        if status == 422:
            return {"detail": [{"type": "too_long", "loc": ["body", "input"], "msg": message}]}
        return {"error": {"message": message, "type": None, "param": None, "code": status}}

    def check(self, arguments: Arguments, *, models: set[str]) -> list[str]:
        if arguments.get("model") not in models:
            raise self.refuse(400, f"Invalid model: Engine for {arguments.get('model')} not found")
        field = "documents" if "query" in arguments else "input"
        texts: list[str] = arguments.get(field, [])
        if not 0 < len(texts) <= self.limits.texts:
            raise self.refuse(422, f"List should have at most {self.limits.texts} items")
        if max(map(len, texts)) > self.limits.characters:
            raise self.refuse(
                422, f"String should have at most {self.limits.characters} characters"
            )
        return texts

    def ranked(self, model: str, ranking: list[tuple[int, float]], texts: list[str]) -> Any:  # noqa: ARG002
        results = [
            {"relevance_score": score, "index": index, "document": None} for index, score in ranking
        ]
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        return {"object": "rerank", "results": results, "model": model, "usage": usage, "id": "i-1"}


DIALECTS: dict[Kind, type[Dialect]] = {"vllm": VLLM, "tei": TEI, "infinity": Infinity}
