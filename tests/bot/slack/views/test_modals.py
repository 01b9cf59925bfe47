from __future__ import annotations

from dataclasses import replace

from bot.slack.views import modals
from bot.storage.answers import AnswerRecord
from bot.types import MessageKey
from tests.bot.fakes import answer, chunk, citation


def test_the_evidence_names_the_host_that_a_label_hides():
    text = "Log in at [https://bank.example/login](https://evil.test/x) or [here](https://a.test)."
    given = answer(citations=(citation(1, replace(chunk(), text=text)),))
    record = AnswerRecord(
        "id", MessageKey("T0", "C0", "1.0"), "1.0", "U0", question="how?", answer=given
    )
    shown = str(modals.build_evidence_view(record, given).to_dict())
    assert "<https://evil.test/x|https://bank.example/login (evil.test)>" in shown
    assert "<https://a.test|here>" in shown
