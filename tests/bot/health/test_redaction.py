"""No line holds the value of a secret."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.health.redaction import Redactor, is_like_a_word, list_secrets
from tests.handbook import settings


def redact(text: str, **variables: str) -> str:
    return Redactor(list_secrets(variables)).redact(text)


def is_secret(variable: str) -> bool:
    return SecretStr.__name__ in str(settings()[variable].annotation)


@pytest.mark.parametrize("variable", filter(is_secret, settings()))
def test_the_value_of_each_secret_setting_is_taken_out(variable: str):
    assert redact("a canary-1 b", **{variable: "canary-1"}) == "a … b"


@pytest.mark.parametrize(
    "variable",
    ["HF_TOKEN", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "docent_milvus_token", "DOCS_LOGIN"],
)
def test_secrets_of_others_are_taken_out(variable: str):
    assert redact("a canary-1 b", **{variable: "canary-1"}) == "a … b"


@pytest.mark.parametrize("variable", ["DOCENT_EMBEDDING_MAX_TOKENS", "PWD", "DOCENT_COLLECTION"])
def test_other_settings_stay(variable: str):
    assert redact("a 12345678 b", **{variable: "12345678"}) == "a 12345678 b"


WORDS = ["none", "EMPTY", "1234", "database", "Password", "POSTGRES", "Datenbank", "документы"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "line",
    [
        *(
            "The LLM {} fails.",
            "{}: connected",
            'the {} "docent" does not exist',
            "{}s, my{}, {}_x",
        ),
        *("wrong password for user docent of the {}", "keys of the {} are kept", "data/{}.sqlite"),
        *("authentication by {}", "tokens in {}", "basic settings of the {}", "INFO {} {} {}"),
        "DOCENT_COLLECTION={}",
    ],
)
def test_a_key_that_is_a_word_stays_in_sentences(word: str, line: str):
    line = line.format(*[word] * 3)
    assert redact(line, OPENAI_API_KEY=word) == line


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "line",
    [
        *("password={}", "PGPASSWORD={} psql", "password: {}", '{{"password": "{}"}}', "key='{}',"),
        *('{{\\"api_key\\": \\"{}\\"}}', "Authorization: Bearer {}", "bearer {}", "--token={}"),
        *("Incorrect API key provided: {}.", 'invalid token "{}"', "x-api-key: {}", "token => {}"),
        *("Illegal header value b'Bearer {}'", "?access_token={}&x=1", "pg://docent:{}@host/db"),
        *("(secret: `{}`)", "MILVUS_TOKEN={}", "passwd {!r}", "auth=b'{}'"),
    ],
)
def test_a_key_that_is_a_word_is_taken_out_where_a_value_stands(word: str, line: str):
    redacted = redact(line.format(word), OPENAI_API_KEY=word)
    assert word not in redacted
    assert "…" in redacted


@pytest.mark.parametrize(
    "secret",
    [
        *("abcdefghijklmnop", "qwzkxvbnmprt", "correcthorsebatterystaple", "hunter2x", "aBcDeFgHi"),
        *("correct-horse", "database1", "p@ssword", "12345678", "xkcdwtfbbq"),
    ],
)
def test_a_key_that_is_no_word_is_taken_out_everywhere(secret: str):
    assert redact(f"The LLM {secret} fails.", OPENAI_API_KEY=secret) == "The LLM … fails."


def test_the_token_of_a_source_is_taken_out():
    sources = '[{"uri": "https://host/x.zip", "token_env": "MY_DOCS"}]'
    assert redact("a canary-1 b", DOCENT_SOURCES=sources, MY_DOCS="canary-1") == "a … b"


@pytest.mark.parametrize("part", ["canary-1", "one@canary-1", "one/canary-1", "canary-1@two/thr-3"])
def test_passwords_of_addresses_are_taken_out_in_parts(part: str):
    url = f"https://user:{part}@host.test/v1"
    for tail in (part, part.rpartition("/")[2], part.rpartition("@")[2], part.partition("@")[0]):
        if len(tail) > 4:
            assert tail not in redact(f"can't resolve {tail} today", OPENAI_BASE_URL=url)


def test_each_token_of_a_list_is_taken_out():
    setting = "ci:k3yOfTheFirst1234==, editor:k3yOfTheSecond567\nbot:k3y=OfTheThird=="
    secrets = list_secrets({"DOCENT_MCP_TOKENS": setting})
    redactor = Redactor(secrets)
    for token in ("k3yOfTheFirst1234==", "k3yOfTheSecond567", "k3y=OfTheThird=="):
        assert redactor.redact(f"refused: {token}!") == "refused: …!"


def test_queries_and_headers_are_taken_out():
    assert "canary" not in redact("x canary-12 y", OPENAI_BASE_URL="https://h/v1?v=canary-12")
    headers = "authorization=Basic%20canary-12,x-team=docs"
    redacted = redact("bad header canary-12 of docs", OTEL_EXPORTER_OTLP_HEADERS=headers)
    assert redacted == "bad header … of docs"


def test_a_branch_of_a_repository_stays():
    sources = "git+https://canary-1@host.test/team/docs@main"
    line = redact("team/docs@main from canary-1", DOCENT_SOURCES=sources)
    assert line == "team/docs@main from …"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET https://u:p@host/x", "GET https://…@host/x"),
        ("GET https://u:p@q@host/x", "GET https://…@host/x"),
        ("wss://host/link?ticket=abc&app_id=1", "wss://host/link?ticket=…&app_id=1"),
        ("Authorization: Bearer abcd.efgh", "Authorization: Bearer …"),
        ("token xoxb-1234567-abc", "token …"),
        ("see https://host/@scope/page?page=2", "see https://host/@scope/page?page=2"),
        ("mail a@b.test", "mail a@b.test"),
    ],
)
def test_known_forms_are_taken_out_whatever_their_values(line: str, shown: str):
    assert Redactor(()).redact(line) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=8))
def test_each_spelling_of_a_secret_is_taken_out(secret: str):
    assume(not is_like_a_word(secret))
    redactor = Redactor(list_secrets({"OPENAI_API_KEY": secret}))
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert redactor.redact(f"⟦{spelling}⟧") == "⟦…⟧"


def test_a_login_is_taken_out_as_a_header():
    header = base64.b64encode(b"user:canary-1").decode()
    assert header not in redact(f"sent {header}", DOCENT_RERANK_URL="http://user:canary-1@h")


def test_the_logins_of_several_addresses_are_taken_out():
    setting = "http://user:canary-1@h,http://user:canary-2@h"
    headers = [base64.b64encode(f"user:canary-{n}".encode()).decode() for n in (1, 2)]
    line = redact(" ".join(["canary-1 canary-2", *headers]), DOCENT_EMBEDDING_URL=setting)
    assert "canary" not in line
    assert not any(header in line for header in headers)


def test_the_environment_the_file_and_the_arguments_are_read(monkeypatch: pytest.MonkeyPatch):
    Path(".env").write_text("OPENAI_API_KEY=canary-file\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "canary-variable")
    monkeypatch.setattr("sys.argv", ["docent", "index", "https://canary-word@host/x.zip"])
    line = Redactor.load().redact("canary-file canary-variable canary-word")
    assert line == "… … …"
