"""Managing from Slack: scenarios through the real app."""

import pytest

from bot.index_service import SyncRequest
from bot.slack.actions import admin
from bot.slack.views import sync_report
from bot.storage.audit_log import AUDIT_RETENTION, AuditEntry, AuditLog
from bot.texts import answers
from bot.texts.catalog import say
from ingest.errors import DownloadError, NoVersionError
from tests.bot.conftest import Docent
from tests.bot.fakes import OLDER, Gate
from tests.bot.slack.actions.test_commands import shown, told
from tests.servers.slack.store import ALICE, BOB, GENERAL


def audited(docent: Docent) -> list[tuple[str, str, str]]:
    return [(one.user, one.command, one.result) for one in AuditLog(docent.engine).list_entries()]


async def noted(docent: Docent, count: int = 1) -> list[tuple[str, str, str]]:
    """The audit, once it has so many entries; it is written after the answer."""

    def there() -> list[tuple[str, str, str]]:
        found = audited(docent)
        return found if len(found) >= count else []

    while not (found := there()):
        await docent.slack.slash("/docent", "help")
    return found


async def test_slash_reindex_is_the_same_word(docent: Docent):
    await docent.start()
    await docent.slack.slash("/reindex", "docs --full")
    await docent.slack.wait_for_message(shown("reused 1,193"))
    assert docent.sync.requests == [SyncRequest(("docs",), full=True)]
    entry = (ALICE, "reindex docs --full", "3 added, 1 changed, 0 removed, revision a1b2c3d")
    assert await noted(docent) == [entry]


async def test_a_dry_run_changes_nothing_and_says_what_would_be_done(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "reindex --dry-run")
    message = await docent.slack.wait_for_message(shown("I would embed 12 chunks and reuse 1,193."))
    assert "This would take about 2 minutes." in message.shown
    assert docent.sync.runs == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reindex --force", "I don't know the option `--force`"),
        ("reindex nodocs", "I have no source called `nodocs`. My sources are: `docs`, `notes`."),
        ("reindex <!here>", "&lt;!here&gt;"),
    ],
)
async def test_what_is_not_understood_starts_nothing(docent: Docent, text: str, sentence: str):
    await docent.start()
    await docent.slack.slash("/docent", text)
    await docent.slack.wait_for_message(told(ALICE, sentence))
    assert docent.sync.requests == []


def test_a_dash_that_was_typed_as_two_hyphens_is_an_option():
    request, complaint = admin.parse_sync_request(["—dry-run"], ["docs"])
    assert (request.dry_run, complaint) == (True, "")


async def test_the_report_has_a_button_that_rolls_back(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    report = await docent.slack.wait_for_message(shown("reused 1,193"))
    await docent.slack.action(report, sync_report.ROLL_BACK)
    message = await docent.slack.wait_for_message(shown("`0ld0ld0`"))
    assert f"<@{ALICE}>" in message.shown
    assert docent.versions.pinned


async def test_the_button_is_for_admins(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    report = await docent.slack.wait_for_message(shown("reused 1,193"))
    await docent.slack.action(report, sync_report.ROLL_BACK, user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    assert not docent.versions.pinned
    assert (BOB, "rollback (button)", "refused") in audited(docent)


async def test_the_button_of_an_old_report_changes_nothing(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    report = await docent.slack.wait_for_message(shown("reused 1,193"))
    docent.versions.roll_back()
    docent.versions.pinned = False
    await docent.slack.action(report, sync_report.ROLL_BACK)
    await docent.slack.wait_for_message(told(ALICE, say("rollback_stale")))
    assert not docent.versions.pinned


async def test_nothing_to_go_back_to_has_no_button(docent: Docent):
    docent.versions.roll_back()
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    report = await docent.slack.wait_for_message(shown("reused 1,193"))
    assert [block["type"] for block in report.blocks] == ["section"]


async def test_versions_are_listed(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "versions")
    message = await docent.slack.wait_for_message(told(ALICE, "`a1b2c3d`"))
    assert "222 pages, 1,202 chunks · answers now" in message.shown
    assert "221 pages, 1,201 chunks · `/docent rollback` goes back to it" in message.shown


@pytest.mark.parametrize("text", ["rollback", f"rollback {OLDER[:7]}", "rollback docent_v1"])
async def test_rollback_status_and_resume(docent: Docent, text: str):
    await docent.start()
    await docent.slack.slash("/docent", text)
    await docent.slack.wait_for_message(shown("`0ld0ld0` with 221 pages"))
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(told(ALICE, "Rolled back to revision `0ld0ld0`"))
    await docent.slack.slash("/docent", "resume")
    await docent.slack.wait_for_message(told(ALICE, say("resumed")))
    await docent.slack.slash("/docent", "resume")
    await docent.slack.wait_for_message(told(ALICE, say("not_pinned")))
    assert (ALICE, text, "back at revision 0ld0ld0") in await noted(docent, 4)


async def test_a_rollback_goes_to_the_version_before_and_no_other(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "rollback a1b2c3d")
    await docent.slack.wait_for_message(told(ALICE, say("rollback_other")))
    assert not docent.versions.pinned


async def test_a_rollback_that_fails_says_why_and_is_audited(docent: Docent):
    docent.versions.pinned = True
    await docent.start()
    await docent.slack.slash("/docent", "rollback")
    await docent.slack.wait_for_message(told(ALICE, answers.ERRORS[NoVersionError]))
    failed = "failed: There is no earlier version to go back to."
    assert audited(docent) == [(ALICE, "rollback", failed)]


async def test_what_failed_and_who_was_refused_is_audited(docent: Docent):
    docent.sync.outcome = DownloadError("https://a.b/c.zip answered 404")
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(shown("answered 404"))
    assert (await noted(docent))[0][2] == "failed: https://a.b/c.zip answered 404"
    await docent.slack.slash("/docent", "reindex", user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    assert audited(docent)[0] == (BOB, "reindex", "refused")


async def test_a_reindex_is_acked_while_another_runs(docent: Docent):
    docent.sync.gate = gate = Gate()
    await docent.start()
    await docent.slack.slash("/reindex")
    await docent.reached(gate.reached)
    await docent.slack.slash("/reindex", user=ALICE)
    await docent.slack.wait_for_message(told(ALICE, "|here>"))
    gate.open()
    await docent.slack.wait_for_message(shown("reused 1,193"))
    assert docent.sync.runs == 1


def test_the_audit_forgets_after_a_year(docent: Docent):
    AuditLog(docent.engine).record(AuditEntry(ALICE, GENERAL, "status", "shown"))
    old = AuditLog(docent.engine).list_entries()[0]
    assert old.at is not None
    later = AuditLog(docent.engine, clock=lambda: old.at + AUDIT_RETENTION * 1.01)
    later.record(AuditEntry(BOB, GENERAL, "versions", "shown"))
    assert [entry.user for entry in later.list_entries()] == [BOB]
