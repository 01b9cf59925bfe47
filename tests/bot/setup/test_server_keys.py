"""A key goes to the server that it was written for."""

from __future__ import annotations

import pytest

from bot.setup.server_keys import find_strange_keys, require_own_keys
from rag_core.errors import SettingsError

OLD = {"OPENAI_API_KEY": "a", "DOCENT_EMBEDDING_URL": "http://a", "DOCENT_EMBEDDING_API_KEY": "b"}


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ({}, []),
        ({"DOCENT_TIMEZONE": "UTC"}, []),
        ({"OPENAI_BASE_URL": "http://other"}, ["OPENAI_API_KEY"]),
        ({"OPENAI_BASE_URL": "http://other", "OPENAI_API_KEY": ""}, []),
        ({"OPENAI_BASE_URL": ""}, []),
        ({"DOCENT_EMBEDDING_URL": "http://a/"}, []),
        ({"DOCENT_EMBEDDING_URL": ""}, []),
        ({"DOCENT_EMBEDDING_URL": "http://b"}, ["DOCENT_EMBEDDING_API_KEY"]),
    ],
)
def test_a_key_of_another_server_is_found(values: dict[str, str], keys: list[str]):
    assert find_strange_keys(values, OLD) == keys


def test_the_way_back_to_the_service_itself_is_a_change_too():
    assert find_strange_keys({"OPENAI_BASE_URL": ""}, {**OLD, "OPENAI_BASE_URL": "http://a"})


def test_each_key_is_named():
    with pytest.raises(SettingsError, match="OPENAI_API_KEY and the DOCENT_EMBEDDING_API_KEY of"):
        require_own_keys({"OPENAI_BASE_URL": "x", "DOCENT_EMBEDDING_URL": "y"}, OLD)
