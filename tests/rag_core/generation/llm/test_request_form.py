from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.llm.completion import read_fault
from rag_core.generation.llm.request_form import RequestForm
from rag_core.types import Turn

FORM = RequestForm()


def refuse(message, status=400):
    return FORM.drop_refused(read_fault(message, status=status))


@pytest.mark.parametrize(
    "message",
    [
        "Unrecognized request argument supplied: stream_options",
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
        "include_usage: unknown field",
        "Validation error at #/stream_options: Extra inputs are not permitted",
        "The parameter `streamOptions` is not supported",
        "Unknown parameter",
        "Extra inputs are not permitted",
    ],
)
@pytest.mark.parametrize("status", [400, 422, None])
def test_usage_is_given_up(message, status):
    assert refuse(message, status) == RequestForm(asks_usage=False)


@pytest.mark.parametrize(
    "message",
    [
        "",
        None,
        "Bad Request",
        "400 Bad Request.",
        "<html>Bad Request</html>",
        "Unprocessable Entity",
        {"error": {"message": "Invalid request", "type": "invalid_request_error"}},
        {"detail": []},
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_usage_is_given_up_once_if_nothing_is_named(message, status):
    fault = read_fault(message, status=status)
    narrower = FORM.drop_refused(fault)
    assert narrower == RequestForm(asks_usage=False)
    assert narrower.drop_refused(fault) is None


def refuse_role(message, place="role"):
    return {"detail": [{"loc": ["body", "messages", 0, place], "msg": message}]}


@pytest.mark.parametrize(
    "message",
    [
        refuse_role("Input should be 'user' or 'assistant'"),
        refuse_role("Not a known value"),
        "messages.0.role: not one that we know",
        "Input should be 'user' or 'assistant'",
        "role must be one of: user, assistant",
        "unknown variant, expected `user` or `assistant`",
        "System role not supported",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Input should be 'user' for role, not system",
        "system messages are not allowed",
        "This model does not support system prompts",
        "The first message must be from the user",
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_the_system_role_is_given_up(message, status):
    assert refuse(message, status) == RequestForm(has_system=False)


@pytest.mark.parametrize(
    "message",
    [
        "Your organization must be verified to stream this model.",
        "Unsupported value: 'stream' does not support true with this model.",
        "Streaming is not supported for this model",
        "This endpoint doesn't support streaming",
    ],
)
def test_streaming_is_given_up(message):
    assert refuse(message) == RequestForm(streams=False, asks_usage=False)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("told to fail", 400),
        ("maximum context length is 8192 tokens", 400),
        ("upstream error", 502),
        ("the messages are too long", 422),
        ("", 500),
        ("", None),
        ("Bad Request", 500),
        ("Invalid request: the prompt is empty", 400),
        ("Неверный запрос", 400),
        ({"error": {"code": "context_length_exceeded"}}, 400),
        (refuse_role("Field required", "content"), 422),
        (refuse_role("Input should be a valid string", "name"), 422),
        *(("stream_options and system role not supported", s) for s in (401, 403, 404, 429)),
    ],
)
def test_nothing_is_given_up_for_another_refusal(message, status):
    assert refuse(message, status) is None


@given(message=st.text())
def test_each_part_is_given_up_once(message):
    form, steps = FORM, 0
    fault = read_fault(f"stream_options system role streaming not supported {message}", status=400)
    while (narrower := form.drop_refused(fault)) is not None:
        assert narrower != form
        form, steps = narrower, steps + 1
    assert steps <= 3


def test_without_a_system_role_the_roles_take_turns():
    form = RequestForm(has_system=False)
    turns = [Turn("assistant", "Hi!"), Turn("user", "One."), Turn("user", "Two?")]
    assert form.build_messages("Be kind.", turns) == [
        {"role": "user", "content": "Be kind."},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "One.\n\nTwo?"},
    ]


def test_the_body_holds_only_what_the_form_asks_for():
    turns = [Turn("user", "Hi")]
    assert set(FORM.build_body("m", "s", turns)) == {
        "model",
        "messages",
        "stream",
        "stream_options",
    }
    bare = RequestForm(asks_usage=False, streams=False)
    assert set(bare.build_body("m", "s", turns)) == {"model", "messages"}


OPTIONS = {"temperature": 0.2, "max_tokens": 50, "user": "docs"}


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported value: 'temperature' does not support 0.2 with this model.",
        "temperature: Extra inputs are not permitted",
        "Unknown parameter temperature",
        {"error": {"message": "Bad value", "param": "temperature"}},
        {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be 1"}]},
    ],
)
@pytest.mark.parametrize("status", [400, 422, None])
def test_an_option_is_given_up_before_parts_of_docents_own(message, status):
    form = RequestForm(options=OPTIONS)
    narrower = form.drop_refused(read_fault(message, status=status))
    assert narrower == RequestForm(options={"max_tokens": 50, "user": "docs"})
    assert narrower.list_refused_options(OPTIONS) == ("temperature",)


@pytest.mark.parametrize(
    ("first", "second"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
def test_a_limit_gets_its_other_name_and_is_given_up_after_that(first, second):
    renamed = RequestForm(options={first: 50}).drop_refused(
        read_fault(f"Unsupported parameter: '{first}'", status=400)
    )
    assert renamed.options == {second: 50}
    assert renamed.list_refused_options({first: 50}) == ()
    given_up = renamed.drop_refused(read_fault(f"Unsupported parameter: '{second}'", status=400))
    assert given_up.options == {}
    assert given_up.list_refused_options({first: 50}) == (first,)


def test_a_role_is_no_option():
    form = RequestForm(options={"user": "docs"})
    narrower = form.drop_refused(read_fault(refuse_role("Input should be 'user'"), status=422))
    assert narrower == RequestForm(has_system=False, options={"user": "docs"})


def test_docents_own_keys_win_over_options():
    body = RequestForm(options={"seed": 1, "model": "other"}).build_body("llm", "", ())
    assert (body["seed"], body["model"]) == (1, "llm")


@given(st.text(), st.sampled_from([400, 422, None, 500]))
def test_giving_up_options_ends(message, status):
    form, fault = RequestForm(options=OPTIONS), read_fault(message, status=status)
    steps = 0
    while (narrower := form.drop_refused(fault)) is not None:
        assert narrower != form
        form, steps = narrower, steps + 1
    assert steps <= 2 * len(OPTIONS) + 4
