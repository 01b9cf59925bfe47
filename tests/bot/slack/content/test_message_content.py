"""A message as a person sees it: own words, quotations, files."""

import json
from typing import Any

import pytest

from bot.slack.content.message_content import read_content
from bot.types import SharedFile

BOT = "U0DOCENT"
FORWARDED = {
    "is_share": True,
    "author_name": "Carla",
    "text": "Why is my collection <https://x.io|empty> after a restart?",
    "fallback": "[March 1st] Carla: Why ...",
    "ts": "1700000000.000100",
    "from_url": "https://team.slack.com/archives/C1/p1",
    "footer": "Posted in #help",
}
QUOTED_TEXT = "Why is my collection empty (https://x.io) after a restart?"
PREVIEW = {
    "from_url": "https://docs.io/a",
    "service_name": "Docs",
    "title": "Storage",
    "text": "How to",
}


def test_own_words_stay_apart_from_what_is_forwarded():
    content = read_content({"text": "any idea?", "attachments": [FORWARDED]})
    assert content.text == "any idea?"
    assert content.material == f"Carla:\n{QUOTED_TEXT}"


@pytest.mark.parametrize(
    "words",
    [
        "",
        f"<@{BOT}>",
        f"<@{BOT}> ?",
        "hi",
        "<https://team.slack.com/archives/C1/p1>",
        "<https://team.slack.com/archives/C1/p1?thread_ts=1.2&amp;cid=C1>",
    ],
)
def test_without_own_words_the_forwarded_message_is_the_question(words: str):
    content = read_content({"text": words, "attachments": [FORWARDED]}, bot_user=BOT)
    assert content.text == QUOTED_TEXT
    assert content.material == ""


def test_a_forwarded_message_may_hold_blocks_and_another_one():
    inner = {"is_share": True, "author_name": "Dan", "text": "it crashed"}
    blocks = [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "look at this"}],
                }
            ],
        }
    ]
    nested = {"message_blocks": [{"message": {"blocks": blocks, "attachments": [inner]}}]}
    content = read_content({"text": "any idea?", "attachments": [{**nested, "author_name": "Eve"}]})
    assert content.material == "Eve:\nlook at this\nDan:\nit crashed"


def test_a_long_forwarded_message_is_asked_shortened_and_read_whole():
    long = {**FORWARDED, "text": "How? " + "line\n" * 2_000 + "end"}
    content = read_content({"text": "", "attachments": [long]})
    assert len(content.text) <= 2_000
    assert content.text.endswith("end")
    assert content.material.count("line") == 2_000


def test_a_preview_of_a_link_is_material_and_never_the_question():
    content = read_content({"text": "<https://docs.io/a>", "attachments": [PREVIEW]})
    assert content.text == "https://docs.io/a"
    assert content.material == "Storage\nHow to"
    assert read_content({"text": "", "attachments": [PREVIEW]}).text == ""


def test_an_attachment_of_an_app_is_read_with_its_fields():
    attachment = {
        "pretext": "Alert",
        "title": "Flush failed",
        "text": "segment 12 &gt; limit",
        "fields": [
            {"title": "Node", "value": "<https://n.io|n7>"},
            {"title": "Env", "value": "prod"},
        ],
        "fallback": "Flush failed",
    }
    content = read_content({"text": "", "attachments": [attachment]})
    assert content.text == (
        "Alert\nFlush failed\nsegment 12 > limit\nNode: n7 (https://n.io)\nEnv: prod"
    )
    assert read_content({"attachments": [{"fallback": "only this"}]}).text == "only this"


@pytest.mark.parametrize("as_text", [True, False])
def test_blocks_are_read_where_the_text_says_less(as_text: bool):
    blocks: Any = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Pod *etcd-0* restarted"}}
    ]
    alert = {"text": "New alert", "blocks": blocks}
    assert read_content(alert).text == "New alert\nPod *etcd-0* restarted"
    assert read_content({"text": "", "blocks": blocks}).text == "Pod *etcd-0* restarted"
    attached = {"text": "", "attachments": [{"blocks": json.dumps(blocks) if as_text else blocks}]}
    assert read_content(attached).text == "Pod *etcd-0* restarted"


def test_blocks_that_repeat_the_text_add_nothing():
    elements = [
        {"type": "text", "text": "how do I use "},
        {"type": "text", "text": "C++ & Go", "style": {"bold": True}},
    ]
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    ]
    assert (
        read_content({"text": "how do I use *C++ &amp; Go*", "blocks": blocks}).text
        == "how do I use *C++ & Go*"
    )


def rich(*elements: Any) -> list[Any]:
    sections = [{"type": "rich_text_section", "elements": list(elements)}]
    return [{"type": "rich_text", "elements": sections}]


def words(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style}


DATE = {"type": "date", "timestamp": 1392734382, "format": "{date_num}"}


@pytest.mark.parametrize(
    ("text", "elements", "read"),
    [
        ("do I _really_ drop it?", [words("do I "), words("really", italic=True)], ""),
        ("*par*tition of ~old~new", [words("par", bold=True), words("tition of oldnew")], ""),
        ("is `load_` ok?", [words("is "), words("load_", code=True), words(" ok?")], ""),
        (
            "in <#C1|general>",
            [words("in "), {"type": "channel", "channel_id": "C1"}],
            "in #general",
        ),
        ("may <@U1|bob>", [words("may "), {"type": "user", "user_id": "U1"}], "may @bob"),
        (
            "may <!subteam^S1|@ops>",
            [words("may "), {"type": "usergroup", "usergroup_id": "S1"}],
            "may @ops",
        ),
        (
            "mail <mailto:a@b.co|a@b.co>",
            [words("mail "), {"type": "link", "url": "mailto:a@b.co", "text": "a@b.co"}],
            "mail a@b.co",
        ),
        (
            "<!date^1392734382^{date_num}|February 18th> on",
            [DATE, words(" on")],
            "February 18th on",
        ),
        (
            "<!date^1392734382^{date_num}|Feb 18> on",
            [{**DATE, "fallback": "Feb 18"}, words(" on")],
            "Feb 18 on",
        ),
        ("<!here> hi :wave::skin-tone-2:", [{"type": "broadcast", "range": "here"}], "@here hi"),
        (f"<@{BOT}|docent> why", [{"type": "user", "user_id": BOT}, words(" why")], "why"),
    ],
)
def test_one_message_in_text_and_blocks_is_read_once(text: str, elements: list[Any], read: str):
    content = read_content({"text": text, "blocks": rich(*elements)}, bot_user=BOT)
    assert content.text.startswith(read or text)
    assert "\n" not in content.text


def test_lists_and_code_of_text_and_blocks_are_read_once():
    item = {"type": "rich_text_section", "elements": [words("drop it")]}
    code = {"type": "rich_text_preformatted", "language": "sql", "elements": [words("select 1")]}
    steps = {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [item]}
    text = "  a. drop it\n```select 1```"
    blocks = [{"type": "rich_text", "elements": [steps, code]}]
    assert read_content({"text": text, "blocks": blocks}).text == text.strip()


@pytest.mark.parametrize("more", ["the log says so", "see load_balance_2", "C2"])
def test_what_only_blocks_say_is_read_too(more: str):
    text = "what does _this_ in <#C1|general> mean?"
    content = read_content({"text": text, "blocks": rich(words(more))})
    assert content.text == f"what does _this_ in #general mean?\n{more}"


def test_files_are_listed_with_those_of_forwarded_messages():
    shared = {
        "id": "F1",
        "name": "pod.log",
        "mimetype": "text/plain",
        "size": 9,
        "url_private": "https://files.slack.com/1",
    }
    gone = {"id": "F2", "mode": "tombstone"}
    canvas = {
        "id": "F3",
        "title": "Run book",
        "mimetype": "application/vnd.slack-docs",
        "mode": "canvas",
    }
    forwarded = {**FORWARDED, "files": [canvas]}
    content = read_content({"text": "", "files": [shared, gone], "attachments": [forwarded]})
    assert content.files == (
        SharedFile("F1", "pod.log", "text/plain", 9, "https://files.slack.com/1"),
        SharedFile("F2", "F2"),
        SharedFile("F3", "Run book", "application/vnd.slack-docs"),
    )
    assert read_content({"text": "", "files": [shared]}).text == "pod.log"


def test_a_message_of_a_thread_is_read_whole():
    message = {"text": "see", "attachments": [FORWARDED], "files": [{"id": "F1", "name": "a.png"}]}
    assert read_content(message).full_text == f"see\nCarla:\n{QUOTED_TEXT}\n[a.png]"


def test_the_forwarded_message_of_the_case_is_read(shared):
    case = shared / "cases" / "slack" / "06_forwarded_message" / "input.json"
    message = json.loads(case.read_text())
    content = read_content(message)
    assert content.text == message["text"]
    assert message["attachments"][0]["text"] in content.material
    assert read_content({**message, "text": ""}).text == message["attachments"][0]["text"]
