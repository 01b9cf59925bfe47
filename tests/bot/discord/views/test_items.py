"""discord.py sends docent's rows and forms as they are, and keeps none of them."""

from discord.http import handle_message_parameters

from bot.discord.views.buttons import build_answer_rows, build_stop_rows
from bot.discord.views.feedback_form import build_feedback_form
from bot.discord.views.items import FormModal, RowsView


def test_rows_are_sent_as_they_were_built():
    rows = build_answer_rows("id", has_passages=True, can_escalate=True)
    view = RowsView(rows)
    with handle_message_parameters("text", view=view) as parameters:
        assert parameters.payload is not None
        assert parameters.payload["components"] == list(rows)
    assert view.is_finished()
    assert view.is_persistent()


async def test_rows_can_be_built_where_a_loop_runs():
    assert RowsView(build_stop_rows("1")).is_finished()


def test_a_form_is_sent_as_it_was_built():
    form = build_feedback_form("id")
    modal = FormModal(form)
    assert modal.to_dict() == form
    assert modal.is_finished()
