from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.llm.completion import END, CompletionReader, ServerFault, read_fault
from rag_core.types import Usage

NAMES = (
    "choices",
    "delta",
    "message",
    "content",
    "text",
    "type",
    "usage",
    "error",
    "code",
    "index",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from((*NAMES, "finish_reason")), inner, max_size=5)
    ),
    max_leaves=12,
)


def chunk(delta, finish=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish} | more]}


@given(events=st.lists(JSON, max_size=4))
def test_no_json_breaks_the_reader(events):
    reader = CompletionReader()
    texts = [reader.feed(event) for event in events]
    assert all(isinstance(text, str) for text in texts)
    assert reader.has_text == bool("".join(texts).strip())
    assert reader.explain_end() is None or isinstance(reader.explain_end(), str)


@given(text=st.text(min_size=1), reasoning=st.text())
def test_text_stays_as_it_is_and_reasoning_stays_out(text, reasoning):
    reader = CompletionReader()
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": reasoning}]}
    for delta in (
        {"reasoning_content": reasoning},
        {"reasoning": reasoning, "content": ""},
        {"reasoning_details": [{"text": reasoning}], "content": None},
        {"content": [thinking]},
        {"content": reasoning, "extra_content": {"google": {"thought": True}}},
    ):
        assert reader.feed(chunk(delta)) == ""
    assert not reader.has_text
    assert reader.feed(chunk({"content": f"</thought>{text}"})) == text
    assert reader.feed(chunk({"content": f"</thought>{text}"})) == f"</thought>{text}"


def test_another_choice_is_not_read():
    reader = CompletionReader()
    second = {"index": 1, "delta": {"content": "b"}}
    assert reader.feed({"choices": [second, {"index": 0, "delta": {"content": "a"}}]}) == "a"
    assert reader.feed({"choices": [second]}) == ""


@pytest.mark.parametrize("place", ["event", "choice", "groq"])
def test_usage_is_found_where_servers_put_it(place):
    reader = CompletionReader()
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    event = chunk({}, "stop")
    holder = {"event": event, "choice": event["choices"][0], "groq": event.setdefault("x_groq", {})}
    holder[place]["usage"] = usage
    reader.feed(event)
    assert reader.usage == Usage(9, 3)


def test_a_text_after_the_end_is_not_the_end():
    reader = CompletionReader()
    reader.feed(chunk({"content": "a"}, "stop"))
    assert not reader.is_finished  # some servers say so with every piece
    reader.feed(chunk({}, "stop"))
    assert reader.is_finished
    reader.feed({"choices": [], "usage": {}})
    assert reader.is_finished
    reader.feed(chunk({"content": "b"}))
    assert not reader.is_finished


def test_the_end_alone_is_no_completion():
    reader = CompletionReader()
    reader.feed(END)
    assert reader.explain_end() == "its answer is not a chat completion, so check OPENAI_BASE_URL"


@given(pieces=st.lists(st.text(min_size=1), min_size=1, max_size=6))
def test_messages_are_read_as_pieces_or_as_all_so_far(pieces):
    def read(*messages):
        reader = CompletionReader()
        events = ({"choices": [{"message": {"content": each}}]} for each in messages)
        return "".join(map(reader.feed, events))

    whole = "".join(pieces)
    assert read(*("".join(pieces[:end]) for end in range(1, len(pieces) + 1))) == whole
    assert read(whole, whole) == whole
    assert read("<", ">", *pieces, f"<>{whole}") == f"<>{whole}"


@pytest.mark.parametrize("depth", [50, 300, 900])
def test_json_of_any_depth_is_no_error_of_ours(depth):
    deep = "why"
    for _ in range(depth):
        deep = {"error": [deep]}
    assert read_fault(deep, status=400).status == 400
    assert read_fault({"error": deep}).status is None


@pytest.mark.parametrize("count", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_count_of_any_size_is_read(count):
    reader = CompletionReader()
    reader.feed(chunk({"content": "a"}, "stop") | {"usage": {"prompt_tokens": count}})
    assert reader.has_text


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        ({"code": 401, "message": "bad key"}, 401),
        ({"status": "503", "msg": "Busy"}, 503),
        ({"status": "error", "message": "Busy"}, None),
        ([{"code": "invalid_api_key", "detail": "No"}], 401),
    ],
)
def test_an_error_in_place_of_a_completion(event, fault):
    reader = CompletionReader()
    reader.feed(event)
    assert reader.fault is not None
    assert reader.fault.status == fault
    assert reader.fault.message


@pytest.mark.parametrize(
    "event", [{"type": "ping"}, {"code": 0, "message": "queued"}, {"status": "queued"}, {"id": 400}]
)
def test_an_event_beside_the_completion_is_no_error(event):
    reader = CompletionReader()
    reader.feed(event)
    assert reader.feed(chunk({"content": "a"}, "stop")) == "a"
    assert reader.fault is None
    assert reader.explain_end() is None


@pytest.mark.parametrize(
    "event", [{"detail": "Not here."}, {"message": "Not here"}, [{"msg": "Not\nhere"}]]
)
def test_the_words_in_place_of_a_completion_are_quoted(event):
    reader = CompletionReader()
    reader.feed(event)
    reader.feed(END)
    assert reader.explain_end() == (
        "its answer is not a chat completion, so check OPENAI_BASE_URL; it said: Not here"
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"error": {"code": 429, "message": "Slow\ndown."}}, 429, "Slow down"),
        ({"error": {"code": "insufficient_quota", "message": "No money"}}, 429, "No money"),
        ({"message": {"detail": [{"msg": "Extra inputs"}]}}, None, "Extra inputs"),
        ([{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "No"}}], 400, "No"),
        ({"error": "Compute error"}, None, "Compute error"),
        ({"code": 7, "error_code": "503"}, 503, ""),
        ({"code": "9" * 5000, "message": "No"}, None, "No"),
        ({"error": {"code": "context_length_exceeded"}}, None, "context_length_exceeded"),
        ("<html>Bad gateway</html>", None, ""),
        (None, None, ""),
    ],
)
def test_an_error_in_any_form(body, status, message):
    fault = read_fault(body)
    assert (fault.status, fault.message) == (status, message)


def test_the_status_of_the_answer_wins_and_long_words_are_cut():
    fault = read_fault({"code": 500, "message": "x" * 900}, status=400)
    assert fault.status == 400
    assert fault.message == "x" * 200 + " …"
    assert "x" * 900 in fault.details
    assert read_fault("no") == ServerFault(None, "no", "no")
