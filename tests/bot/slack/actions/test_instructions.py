"""`/docent instructions`: scenarios through the real app."""

import pytest

from bot.storage.audit_log import AuditLog
from bot.texts import answers
from bot.texts import asking as words
from rag_core.generation.instructions import MAX_CHANNEL_INSTRUCTIONS
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.store import ALICE, BOB, PRIVATE


async def set_instructions(docent: Docent, text: str) -> None:
    await docent.slack.slash("/docent", f"instructions set {text}")
    await docent.slack.wait_for_message(told(ALICE, "Done. I follow"))


async def list_audit(docent: Docent, count: int) -> list[tuple[str, str]]:
    """The audit, once it has so many entries; it is written after the answer."""
    while len(entries := AuditLog(docent.engine).list_entries()) < count:
        await docent.slack.slash("/docent", "help")
    return [(entry.user, entry.result) for entry in entries]


async def test_a_channels_questions_carry_its_instructions(docent: Docent):
    await docent.start()
    await set_instructions(docent, "Call the product Aurora.\nBe kind.")
    await docent.slack.wait_for_reply(await docent.slack.mention("how?"), containing=TEXT)
    elsewhere = await docent.slack.mention("how?", channel=PRIVATE)
    await docent.slack.wait_for_reply(elsewhere, containing=TEXT)
    await docent.slack.slash("/docent", "ask and how now?", user=BOB)
    await docent.slack.wait_for_message(told(BOB, TEXT))
    here = "Call the product Aurora.\nBe kind."
    assert [question.instructions for question in docent.pipeline.questions] == [here, "", here]


@pytest.mark.parametrize("show", ["instructions", "instructions show", "INSTRUCTIONS Show"])
async def test_both_are_shown_the_teams_first(docent: Docent, show: str):
    docent.instructions = "Never say <!channel>.\nBe brief."
    await docent.start()
    await docent.slack.slash("/docent", show)
    message = await docent.slack.wait_for_message(told(ALICE, words.INSTRUCTIONS_NONE_HERE))
    assert "> Never say &lt;!channel&gt;.\n> Be brief." in message.shown
    await set_instructions(docent, "Be long.")
    await docent.slack.slash("/docent", show)
    message = await docent.slack.wait_for_message(told(ALICE, "these come after them"))
    assert message.shown.index("> Be brief.") < message.shown.index("> Be long.")


async def test_they_survive_a_restart_and_can_be_cleared(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        await set_instructions(docent, "Be brief.")
    await docent.start()
    await docent.slack.slash("/docent", "instructions")
    await docent.slack.wait_for_message(told(ALICE, "> Be brief."))
    await docent.slack.slash("/docent", "instructions clear")
    await docent.slack.wait_for_message(told(ALICE, words.INSTRUCTIONS_CLEARED))
    await docent.slack.wait_for_reply(await docent.slack.mention("how?"), containing=TEXT)
    assert docent.pipeline.questions[-1].instructions == ""


@pytest.mark.parametrize(
    "text", ["Be brief.", "set", "clear all", "show me", "claer", "set   ", "delete"]
)
async def test_what_is_not_understood_changes_nothing(docent: Docent, text: str):
    await docent.start()
    await set_instructions(docent, "Be kind.")
    await docent.slack.slash("/docent", f"instructions {text}")
    await docent.slack.wait_for_message(told(ALICE, words.INSTRUCTIONS_USAGE))
    await docent.slack.slash("/docent", "instructions")
    await docent.slack.wait_for_message(told(ALICE, "> Be kind."))


async def test_a_text_at_the_limit_is_taken_and_a_longer_one_refused(docent: Docent):
    await docent.start()
    await set_instructions(docent, "x" * MAX_CHANNEL_INSTRUCTIONS)
    await docent.slack.slash("/docent", "instructions set " + "y" * (MAX_CHANNEL_INSTRUCTIONS + 1))
    await docent.slack.wait_for_message(told(ALICE, "1,001 characters, and I take at most 1,000"))
    await docent.slack.wait_for_reply(await docent.slack.mention("how?"), containing=TEXT)
    assert docent.pipeline.questions[-1].instructions == "x" * MAX_CHANNEL_INSTRUCTIONS


async def test_only_admins_use_it_in_a_direct_message_too_and_all_is_audited(docent: Docent):
    await docent.start()
    direct = docent.slack.store.open_direct(BOB).id
    for text, channel in (("set Be rude.", None), ("", None), ("set Be rude.", direct)):
        place = {"channel": channel} if channel else {}
        await docent.slack.slash("/docent", f"instructions {text}", user=BOB, **place)
        await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    await set_instructions(docent, "Be brief.")
    await docent.slack.slash("/docent", "instructions")
    await docent.slack.slash("/docent", "instructions clear")
    await docent.slack.slash("/docent", "instructions dance")
    entries = await list_audit(docent, 7)
    assert sorted(entries) == sorted(
        [
            *[(BOB, "refused")] * 3,
            (ALICE, "set"),
            (ALICE, "shown"),
            (ALICE, "cleared"),
            (ALICE, "not done: not understood"),
        ]
    )


async def test_a_person_who_is_no_admin_any_more_is_refused(docent: Docent):
    docent.slack.store.usergroups["S0DOCS"] = {BOB}
    await docent.start(admins="S0DOCS")
    docent.slack.store.usergroups["S0DOCS"] = {ALICE}
    await docent.slack.slash("/docent", "instructions set Be rude.", user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))


async def test_what_slack_escapes_is_stored_as_it_was_written(docent: Docent):
    await docent.start()
    await set_instructions(docent, "Write a &lt;b&gt; &amp; say <https://a.test|a.test>.")
    await docent.slack.wait_for_reply(await docent.slack.mention("how?"), containing=TEXT)
    said = docent.pipeline.questions[-1].instructions
    assert said == "Write a <b> & say https://a.test."
