"""Which part of the documentation a channel asks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.storage.channel_scopes import EVERYTHING, SCOPE_KEYS, ChannelScopes, parse_scope
from rag_core.types import Scope


@pytest.fixture
def scopes(engine: Engine) -> ChannelScopes:
    return ChannelScopes(engine)


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ("version=2.6", Scope(version="2.6")),
        ("version=2.6 language=en", Scope(version="2.6", language="en")),
        ("source=docs source=faq", Scope(sources=("docs", "faq"))),
        ("path='en/user guide/'", Scope(path_prefix="en/user guide/")),
        ('path="a=b"', Scope(path_prefix="a=b")),
    ],
)
def test_words_make_a_scope(words: str, scope: Scope):
    assert parse_scope(words, EVERYTHING) == scope


def test_what_is_not_named_stays_and_what_is_empty_goes():
    before = Scope(sources=("docs",), version="2.5", language="en")
    assert parse_scope("version=2.6", before) == Scope(("docs",), version="2.6", language="en")
    assert parse_scope("source= version=", before) == Scope(language="en")


@pytest.mark.parametrize(
    "words", ["", "2.6", "version", "colour=red", "version=2.6 please", "'", "path=" + "x" * 101]
)
def test_other_words_make_none(words: str):
    assert parse_scope(words, EVERYTHING) is None


@given(st.text())
def test_any_words_can_be_read(words: str):
    assert parse_scope(words, EVERYTHING) is None or "=" in words


@given(st.sampled_from(SCOPE_KEYS), st.text(alphabet="abcé=2.", min_size=1))
def test_a_value_is_kept_as_it_is(name: str, value: str):
    scope = parse_scope(f"{name}={value}", EVERYTHING)
    assert scope is not None
    assert value in {scope.version, scope.path_prefix, scope.language, *scope.sources}


def test_a_channel_keeps_its_scope(scopes: ChannelScopes):
    wanted = Scope(sources=("docs",), path_prefix="en/", version="2.6", language="en")
    assert scopes.read_scope("T1", "C1") == EVERYTHING
    scopes.set_scope("T1", "C1", Scope(version="2.5"), user="U1")
    scopes.set_scope("T1", "C1", wanted, user="U1")
    assert scopes.read_scope("T1", "C1") == wanted
    assert scopes.read_scope("T1", "C2") == EVERYTHING
    assert scopes.read_scope("T2", "C1") == EVERYTHING


def test_the_empty_scope_is_everything(scopes: ChannelScopes):
    scopes.set_scope("T1", "C1", Scope(version="2.5"), user="U1")
    scopes.set_scope("T1", "C1", EVERYTHING, user="U1")
    assert scopes.read_scope("T1", "C1") == EVERYTHING
