"""The form after a thumb down fits Discord, and what comes back is read with care."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.views.buttons import parse_custom_id
from bot.discord.views.feedback_form import COMMENT_LIMIT, build_feedback_form, parse_feedback
from bot.texts.catalog import LANGUAGES, set_language

TITLE_LIMIT = LABEL_LIMIT = 45
OPTION_LIMIT = 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_keeps_to_discords_limits(language: str):
    set_language(language)
    form = build_feedback_form("answer-1")
    set_language("en")
    assert parse_custom_id(form["custom_id"]) == ("why_bad", "answer-1")
    assert 0 < len(form["title"]) <= TITLE_LIMIT
    labels = form["components"]
    assert all(label["type"] == 18 and 0 < len(label["label"]) <= LABEL_LIMIT for label in labels)
    reason, comment = (label["component"] for label in labels)
    assert 2 <= len(reason["options"]) <= 10
    assert all(0 < len(option["label"]) <= OPTION_LIMIT for option in reason["options"])
    assert comment["max_length"] == COMMENT_LIMIT <= 4_000
    assert not reason["required"]
    assert not comment["required"]


def sent(reason: object, comment: object) -> list[object]:
    """The components of a form as Discord sends them."""
    return [
        {"type": 18, "component": {"type": 21, "custom_id": "reason", "value": reason}},
        {"type": 18, "component": {"type": 4, "custom_id": "comment", "value": comment}},
    ]


@pytest.mark.parametrize(
    ("components", "read"),
    [
        (sent("outdated", " See 2.5. "), ("outdated", "See 2.5.")),
        (sent(None, ""), ("", "")),
        (sent("invented", "x"), ("", "x")),
        (sent(["wrong"], 5), ("", "")),
        (sent("wrong", "x" * 5_000), ("wrong", "x" * COMMENT_LIMIT)),
        ([], ("", "")),
        (None, ("", "")),
    ],
)
def test_a_sent_form_is_read(components: object, read: tuple[str, str]):
    assert parse_feedback(components) == read


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["component", "custom_id", "value"]), inner)
        ),
        max_leaves=8,
    )
)
def test_anything_can_be_sent(components: object):
    reason, comment = parse_feedback(components)
    assert isinstance(reason, str)
    assert isinstance(comment, str)
