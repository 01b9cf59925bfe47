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
        "java.lang.Foo\n\tat io.x.Main.run(Main.java:12)",
        'Trace\n  File "/srv/a.py", line 42, in load',
        "Danke, und wie lösche ich das",
        "Danke, wie lösche ich das",
        "gracias, cómo lo borro",
        "vale, perfecto. Dónde se guarda",
        "obrigado, como apago",
        "legal, e quando expira",
        "grazie, e come lo cancello",
        "merci, et pour le supprimer comment faire - pourquoi deux étapes",
        "merci ! Où sont les journaux",
        "спасибо, а как удалить",
        "thanks, and how do I delete it",
        "Hi team, which index is the default",
        "Quick question: how do I drop it",
        "Quick question - can I drop it while it is loaded",
        "That worked. Where are the logs",
        "one more thing, how do I drop it",
        "it is loaded now\nwhat is the next step",
        "Then how do I drop it",
        "كيف أحذف",
        "איך מוחקים",
        "πώς το διαγράφω",
        "धन्यवाद, इसे कहाँ देखें: कैसे हटाएं",
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
        "I restarted the node, which took a while",
        "it was Bob, who is on holiday",
        "ich weiß, wie das geht",
        "я думаю, что он прав",
        "he said that it works, when he gets back",
        "Done: the node is up - all green",
        "e.g. the old one, and so on",
        "lo hice, como siempre",
        "fatto, come sempre",
    ],
)
def test_thanks_and_statements_do_not(text: str):
    assert not is_question(text)


@given(st.text())
def test_any_text_can_be_asked_about(text: str):
    assert is_question(text) in {True, False}


@pytest.mark.parametrize(
    "run", [" ", "\n", "\n" + " " * 50, ".", ",", ". ", "a, ", "and ", "<@", ":a", 'File "x\n']
)
def test_a_long_run_of_one_sign_is_looked_at_only_once(run: str):
    text = "x" + run * (200_000 // len(run)) + "x"
    assert not is_question(text)
    assert is_question(f"{text} how?")
