"""What reads as a question."""

# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.question_detector import is_question


@pytest.mark.parametrize(
    "text",
    [
        "how do I drop a collection",
        "and what about partitions?",
        "Show me an example",
        "Sorry, one more: is it the default?",
        "it fails with error 7. Does anybody know?",
        "(is that so?)",
        "wie lösche ich eine Sammlung",
        "Gibt es ein Limit",
        "а как удалить коллекцию",
        "怎么删除集合",
        "索引可以重建吗",
        "コレクションを削除するにはどうすればいいですか",
        "why？",
        "can I drop it while it is loaded",
        "is there a limit",
        "do we need etcd",
        "was ist ein Segment",
        "what does it store",
        "when are segments sealed",
        "please send the steps for Windows",
        "could you elaborate, please",
        "an example with curl",
        "I need the same for Kubernetes",
        "it fails with status 13",
        "after that I get a timeout error",
        "Kannst du das für Python zeigen",
        "dabei kommt eine Fehlermeldung",
        "et comment faire sous Windows",
        "cómo se borra",
        "como faço para apagar",
        "jak to usunąć",
        "nasıl silinir",
        "дай пример на Go",
        "после этого не работает",
        "请给一个例子",
        "启动报错",
        "バックアップの方法",
        "起動時にエラーになります",
        "어떻게 지우나요",
        "it says:\n```\npanic: nil\n```",
    ],
)
def test_questions_and_requests_ask(text: str):
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thanks!",
        "Thank you so much, that works",
        "ok great",
        "danke, hat geklappt",
        "спасибо",
        "谢谢",
        "I have restarted the node.",
        "see https://example.com/page?tab=2",
        "lol",
        ":+1:",
        "whatever",
        "Will do, thanks!",
        "ok, will try",
        "is fixed now",
        "was my fault, sorry",
        "Have a nice day",
        "Did that, works",
        "what a mess",
        "When I get back I'll test it",
        "ist erledigt",
        "come back later",
        "see you tomorrow then",
        "We moved the meeting",
        "no, that was Bob",
        "und ich habe Hunger",
        "он в отпуске",
    ],
)
def test_thanks_and_statements_do_not(text: str):
    assert not is_question(text)


@given(st.text())
def test_any_text_can_be_asked_about(text: str):
    assert is_question(text) in {True, False}
