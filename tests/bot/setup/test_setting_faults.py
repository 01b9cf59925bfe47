"""Each setting that is not valid is named, and none because of another."""

from __future__ import annotations

import pytest

from bot.setup.setting_faults import find_faults


def test_the_defaults_are_valid():
    assert find_faults() == []


def test_each_is_named_under_its_own_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCENT_THREADS", "many")
    wrong = {
        "DOCENT_SOURCES": "[",
        "DOCENT_TIMEZONE": "Berlin",
        "DOCENT_SYNC_SCHEDULE": "at night",
        "SLACK_BOT_TOKEN": "xapp-canary",
    }
    faults = find_faults(wrong)
    assert {fault.variable for fault in faults} == {"DOCENT_THREADS", *wrong}
    assert not [fault for fault in faults if "canary" in fault.says]


def test_a_shared_setting_hides_no_other():
    faults = find_faults({"DOCENT_MILVUS_URI": "ftp://host", "DOCENT_SOURCES": "["})
    assert [fault.variable for fault in faults] == ["DOCENT_MILVUS_URI", "DOCENT_SOURCES"]


def test_the_address_of_a_server_is_told_apart_from_its_key():
    wrong = {"DOCENT_RERANK_URL": "host", "DOCENT_RERANK_API_KEY": "two words"}
    assert [fault.variable for fault in find_faults(wrong)] == ["DOCENT_RERANK_URL"]
    wrong["DOCENT_RERANK_URL"] = "http://host"
    assert [fault.variable for fault in find_faults(wrong)] == ["DOCENT_RERANK_API_KEY"]
