"""Addresses of model servers, from the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import httpx2
from pydantic import SecretStr

from rag_core.addresses import parse_http_address, redact_address
from rag_core.errors import SettingsError
from rag_core.outages import Service


@dataclass(frozen=True, slots=True)
class Variables:
    """Names of a server's settings, for its error sentences.

    Attributes:
        service: what it is among the outages.
        url: the variable of its address.
        key: the variable of its key.
        model: the variable of its model.
        too_long: the remedy if a text is too long for the model.
    """

    service: Service
    url: str
    key: str
    model: str
    too_long: str


EMBEDDING = Variables(
    service="embedder",
    url="DOCENT_EMBEDDING_URL",
    key="DOCENT_EMBEDDING_API_KEY",
    model="DOCENT_EMBEDDING_MODEL",
    too_long="set DOCENT_EMBEDDING_MAX_TOKENS to what its model reads",
)
RERANK = Variables(
    service="reranker",
    url="DOCENT_RERANK_URL",
    key="DOCENT_RERANK_API_KEY",
    model="DOCENT_RERANKER_MODEL",
    too_long="serve a model that reads more",
)


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one endpoint, with its key.

    Attributes:
        url: the complete URL of the endpoint; may hold a user and a password.
        variables: the settings that the address comes from.
        key: sent as a bearer token; None sends no token.
    """

    url: httpx2.URL
    variables: Variables
    key: SecretStr | None = None

    @classmethod
    def of(cls, base: str, endpoint: str, variables: Variables, key: SecretStr | None) -> Self:
        """Complete the address of an endpoint from a setting.

        Args:
            base: the setting; `http://host`, `http://host/v1` and `http://host/v1/embeddings` mean
                the same for `/v1/embeddings`.
            endpoint: the path of the endpoint on a server, with a slash in front.
            variables: names of the settings, for error sentences.
            key: the bearer token, or None.

        Returns:
            The address, whose path ends with the last part of the endpoint.

        Raises:
            SettingsError: the setting is not an http address, or the key is not a key.
        """
        url = parse_http_address(variables.url, base)
        if key is not None and not re.fullmatch(r"[!-~]+", key.get_secret_value()):
            raise SettingsError(
                f"{variables.key} is not a key: it contains spaces or characters that no key has."
            )
        name = endpoint.rpartition("/")[2]
        path = url.path.rstrip("/")
        if not path.endswith(f"/{name}"):
            path = f"{path}/{name}" if path else endpoint
        return cls(url.copy_with(path=path), variables, key)

    @classmethod
    def list_of(
        cls, bases: str, endpoint: str, variables: Variables, key: SecretStr | None
    ) -> tuple[Self, ...]:
        """Complete the addresses of a setting that may name several servers.

        Args:
            bases: the setting: addresses separated by white space or commas.
            endpoint: as in `of`.
            variables: as in `of`.
            key: the bearer token of all of them, or None.

        Returns:
            The addresses in their order, each once.

        Raises:
            SettingsError: one is not an http address, or the key is not a key.
        """
        # A comma within an address, as in a password, has no address behind it.
        parts = re.split(r"(?i)[\s,]+(?=https?://)|\s+", bases.strip(" \t\r\n,"))
        names = [part.strip(",") for part in parts if part.strip(",")] or [bases]
        return tuple(dict.fromkeys(cls.of(name, endpoint, variables, key) for name in names))

    @property
    def display_url(self) -> str:
        """The URL without credentials; the query is left out, as it may hold some."""
        return redact_address(str(self.url))
