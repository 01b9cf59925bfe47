"""What the LLM is told for a channel."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.storage.channel_instructions import ChannelInstructions


@pytest.fixture
def stored(engine: Engine) -> ChannelInstructions:
    return ChannelInstructions(engine)


def test_a_channel_keeps_its_instructions(stored: ChannelInstructions):
    assert stored.read_instructions("T1", "C1") == ""
    stored.set_instructions("T1", "C1", "Be long.", user="U1")
    stored.set_instructions("T1", "C1", "Be brief.\nBe kind.", user="U1")
    assert stored.read_instructions("T1", "C1") == "Be brief.\nBe kind."
    assert stored.read_instructions("T1", "C2") == ""
    assert stored.read_instructions("T2", "C1") == ""


def test_an_empty_text_takes_them_away(stored: ChannelInstructions):
    stored.set_instructions("T1", "C1", "Be brief.", user="U1")
    stored.set_instructions("T1", "C2", "Be long.", user="U1")
    stored.set_instructions("T1", "C1", "", user="U1")
    assert stored.read_instructions("T1", "C1") == ""
    assert stored.read_instructions("T1", "C2") == "Be long."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)
)
def test_any_text_is_kept_as_it_is(stored: ChannelInstructions, text: str):
    stored.set_instructions("T1", "C1", text, user="U1")
    assert stored.read_instructions("T1", "C1") == text
