"""Lines of the control socket: each is a request or a ControlError."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from bot.control.protocol import KINDS, decode
from bot.errors import ControlError
from tests.hostile.fuzz.inputs import documents

lines = st.binary(max_size=200) | documents.map(json.dumps).map(str.encode)
typed = st.builds(
    lambda kind, data: json.dumps({"kind": kind, "data": data}).encode(),
    st.sampled_from([*KINDS]) | documents,
    documents,
)


@given(lines | typed)
@example(b"[" * 100_000)
def test_a_line_is_a_value_or_refused(line: bytes):
    try:
        kind, _ = decode(line)
    except ControlError:
        return
    assert kind in KINDS
