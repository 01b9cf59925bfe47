"""Messages in the first form that a place takes."""

from typing import Any

import pytest

from bot.slack.reply.forms import PlaceClosedError, send_parts
from bot.slack.views.message_parts import MessagePart, build_parts
from tests.bot.slack.client.test_api_errors import refuse
from tests.bot.slack.views.test_message_parts import tail_of


class Place:
    """A place that refuses what a rule names, with a code."""

    def __init__(self, rule: Any, code: str = "invalid_blocks") -> None:
        self.rule, self.code = rule, code
        self.sent: list[MessagePart] = []

    async def send(self, index: int, part: MessagePart) -> None:
        assert index == len(self.sent)
        if self.rule(part):
            raise refuse(self.code)
        self.sent.append(part)


async def test_only_the_message_that_is_refused_becomes_plainer():
    parts = build_parts("Words. " * 3_000, tail_of(2))
    place = Place(lambda part: part.form == "blocks" and part.tail)
    assert await send_parts(parts, place.send) == len(parts)
    assert [part.form for part in place.sent] == ["blocks"] * (len(parts) - 1) + ["sections"]


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "a_new_code"])
async def test_a_place_that_takes_nothing_hands_all_on_in_the_best_form(code: str):
    parts = build_parts("Words. " * 3_000, tail_of(2))
    place = Place(bool, code)
    with pytest.raises(PlaceClosedError) as closed:
        await send_parts(parts, place.send)
    assert (closed.value.parts, closed.value.count) == (tuple(parts), 0)


async def test_what_a_place_took_is_not_handed_on():
    parts = build_parts("Words. " * 3_000, tail_of(2))
    place = Place(lambda part: part.tail, "not_in_channel")
    with pytest.raises(PlaceClosedError) as closed:
        await send_parts(parts, place.send)
    assert (closed.value.parts, closed.value.count) == ((parts[-1],), len(parts) - 1)
