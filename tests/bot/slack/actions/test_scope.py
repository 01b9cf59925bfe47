"""`/docent scope`: scenarios through the real app."""

from dataclasses import replace

import pytest

from bot.texts import answers
from bot.texts import asking as words
from rag_core.errors import StoreUnavailableError
from rag_core.types import Scope
from tests.bot.conftest import LABELS, Docent, FakeIndex
from tests.bot.fakes import TEXT
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.store import ALICE, BOB, PRIVATE


async def set_scope(docent: Docent, limits: str) -> None:
    await docent.slack.slash("/docent", f"scope {limits}")
    await docent.slack.wait_for_message(told(ALICE, "Done"))


async def test_a_channel_asks_of_its_scope_and_the_footer_says_so(docent: Docent):
    await docent.start()
    await set_scope(docent, "version=2.6 language=en")
    question = await docent.slack.mention("how is data stored?")
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert "version `2.6` · language `en`" in reply.shown
    elsewhere = await docent.slack.mention("how is data stored?", channel=PRIVATE)
    assert "2.6" not in (await docent.slack.wait_for_reply(elsewhere, containing=TEXT)).shown
    asked = [question.scope for question in docent.pipeline.questions]
    assert asked == [Scope(version="2.6", language="en"), Scope()]


async def test_it_survives_a_restart_and_can_be_cleared(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        await set_scope(docent, "source=docs")
    await docent.start()
    await docent.slack.slash("/docent", "SCOPE", user=BOB)
    await docent.slack.wait_for_message(told(BOB, "I search: source `docs`"))
    await docent.slack.slash("/docent", "scope clear")
    await docent.slack.wait_for_message(told(ALICE, words.SCOPE_CLEARED))
    await docent.slack.slash("/docent", "scope", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.SCOPE_ALL))


@pytest.mark.parametrize("limits", ["2.6", "colour=red", "version='2"])
async def test_what_is_no_scope_is_explained(docent: Docent, limits: str):
    await docent.start()
    await docent.slack.slash("/docent", f"scope {limits}")
    await docent.slack.wait_for_message(told(ALICE, words.SCOPE_USAGE))


async def test_only_admins_change_what_a_channel_asks_of(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "scope version=2.6", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.SCOPE_ADMINS_ONLY))
    direct = docent.slack.store.open_direct(BOB).id
    await docent.slack.slash("/docent", "scope version=2.6", user=BOB, channel=direct)
    await docent.slack.wait_for_message(told(BOB, "version `2.6`"))
    question = await docent.slack.dm("how is data stored?", user=BOB)
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert "version `2.6`" in reply.shown


async def test_a_scope_can_call_nobody(docent: Docent):
    docent.labels = [page._replace(version="<!here>") for page in LABELS]
    await docent.start()
    await docent.slack.slash("/docent", "scope version='<!here>'")
    message = await docent.slack.wait_for_message(told(ALICE, "Done"))
    assert "<!here>" not in message.shown
    await docent.slack.slash("/docent", "scope version='<!channel>'")
    message = await docent.slack.wait_for_message(told(ALICE, "The documentation has no version"))
    assert "<!" not in message.shown


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ("version=2.7", "no version `2.7`, so I changed nothing. It has: `2.6`, `2.5`."),
        ("source=docs source=wiki", "no source `wiki`, so I changed nothing. It has: `docs`, "),
        ("language=fr version=2.6", "no language `fr`, so I changed nothing. It has: `en`."),
        (
            "source=notes version=2.5",
            "No page matches all of these limits: version `2.5` · source `notes`",
        ),
        ("path=de/", "no path `de/`, so I changed nothing. It has: `README.md`, `en/`."),
    ],
)
async def test_what_no_page_is_within_is_refused(docent: Docent, limits: str, complaint: str):
    await docent.start()
    await docent.slack.slash("/docent", f"scope {limits}")
    await docent.slack.wait_for_message(told(ALICE, complaint))
    await docent.slack.slash("/docent", "scope", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.SCOPE_ALL))


async def test_what_was_set_before_is_looked_at_together_with_what_is_new(docent: Docent):
    await docent.start()
    await set_scope(docent, "version=2.5 path=en/faq")
    docent.labels = [page._replace(version="2.6") for page in LABELS]
    docent.versions.live = replace(docent.versions.live, collection="docent_v3")
    await docent.slack.slash("/docent", "scope language=en")
    apart = "No page matches all of these limits: version `2.5` · path `en/faq` · language `en`"
    await docent.slack.wait_for_message(told(ALICE, apart))
    await docent.slack.slash("/docent", "scope version=")
    await docent.slack.wait_for_message(told(ALICE, "now search: path `en/faq`"))
    await docent.slack.slash("/docent", "scope version=2.5")
    await docent.slack.wait_for_message(told(ALICE, "It has: `2.6`."))


async def test_where_pages_have_no_labels_or_nothing_is_indexed(docent: Docent):
    docent.labels = [page._replace(language="") for page in LABELS]
    await docent.start()
    await docent.slack.slash("/docent", "scope language=en")
    await docent.slack.wait_for_message(told(ALICE, "The pages of the documentation have no lang"))
    docent.labels = None
    docent.versions.live = replace(docent.versions.live, live=False)
    await set_scope(docent, "version=3.0")


async def test_a_limit_is_taken_away_without_looking_at_the_index(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    def out_of_reach(_: FakeIndex) -> None:
        raise StoreUnavailableError("Milvus is down.")

    await docent.start()
    await set_scope(docent, "version=2.6 language=en")
    docent.versions.live = replace(docent.versions.live, collection="docent_v3")
    monkeypatch.setattr(FakeIndex, "list_page_labels", out_of_reach)
    await docent.slack.slash("/docent", "scope version=2.5")
    await docent.slack.wait_for_message(told(ALICE, answers.ERRORS[StoreUnavailableError]))
    await docent.slack.slash("/docent", "scope version=")
    await docent.slack.wait_for_message(told(ALICE, "now search: language `en`"))
    await docent.slack.slash("/docent", "scope clear")
    await docent.slack.wait_for_message(told(ALICE, words.SCOPE_CLEARED))


def test_of_many_versions_the_newest_are_named():
    told = words.render_unknown_value("version", "3", {f"2.{number}" for number in range(26)})
    assert told.index("`2.25`") < told.index("`2.9`")
    assert "`2.5`" not in told
