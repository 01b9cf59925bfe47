"""Which part of a conversation the pipeline reads."""

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.history import MAX_CHARACTERS, MAX_TURNS, build_turns, shorten_middle
from bot.types import ThreadMessage
from rag_core.types import Turn

ALICE, BOB = "U0ALICE", "U0BOB"


def said(*texts: str, user: str = ALICE) -> tuple[ThreadMessage, ...]:
    return tuple(ThreadMessage(user, text) for text in texts)


def test_without_messages_there_are_no_turns():
    assert build_turns((), asker=ALICE) == ()


def test_the_first_message_stays_however_many_follow():
    messages = said("How do I drop a loaded partition?", *(f"bump {n}" for n in range(40)))
    kept = build_turns(messages, asker=ALICE)
    assert [turn.text for turn in kept] == [messages[0].text, *(f"bump {n}" for n in range(30, 40))]


def test_the_first_message_stays_however_long_the_others_are():
    messages = said("the question", *(str(n) * 5_000 for n in range(9)))
    kept = build_turns(messages, asker=ALICE)
    assert kept[0] == Turn("user", "the question")
    assert [turn.text[0] for turn in kept[1:]] == ["5", "6", "7", "8"]


def test_a_long_message_keeps_its_beginning_and_its_end():
    (turn,) = build_turns(said("alert " + "x" * 9_000 + " end"), asker=ALICE)
    assert turn.text.startswith("alert x")
    assert turn.text.endswith("x end")
    assert "\n…\n" in turn.text


def test_docent_answers_and_other_people_are_quoted():
    messages = (*said("we see error 7", user=BOB), ThreadMessage("B0", "Restart it.", is_own=True))
    assert build_turns(messages, asker=ALICE) == (
        Turn("user", "> we see error 7"),
        Turn("assistant", "Restart it."),
    )


@given(st.lists(st.text(min_size=1, max_size=4_000), min_size=1, max_size=20))
def test_the_limits_hold_for_any_conversation(texts: list[str]):
    kept = build_turns(said(*texts), asker=BOB)
    assert 1 <= len(kept) <= 1 + MAX_TURNS
    assert sum(len(turn.text) for turn in kept) <= MAX_CHARACTERS
    assert kept[0].text[:500] == ("> " + texts[0])[:500]


@given(st.text(max_size=300), st.integers(10, 200))
def test_a_shortened_text_fits(text: str, limit: int):
    shortened = shorten_middle(text, limit)
    assert len(shortened) <= limit
    assert shortened[:3] == text[:3]
    assert shortened[-3:] == text[-3:]
