"""Which messages are small talk or greetings, and which have more in them."""

# ruff: noqa: RUF001  (letters of many alphabets)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.question_detector import is_question
from bot.conversation.small_talk import is_greeting, is_small_talk

SMALL_TALK = [
    "thanks!",
    "Thank you so much, that works now",
    "THX :tada:",
    "thanks, solved",
    "that did it",
    "ok, will try",
    "Perfect!!!",
    "Vielen Dank für die schnelle Antwort",
    "alles klar, danke",
    "hat geklappt 👍",
    "merci beaucoup pour ton aide",
    "¡Muchas gracias!",
    "obrigada, funcionou",
    "grazie mille",
    "bedankt!",
    "tack så mycket",
    "dziękuję bardzo",
    "teşekkürler",
    "большое спасибо, всё работает",
    "понятно, спасибо",
    "дякую",
    "谢谢！解决了",
    "好的，明白了",
    "ありがとうございます！",
    "了解です",
    "감사합니다",
    "cảm ơn",
    "شكرا جزيلا",
    "תודה רבה",
    "धन्यवाद",
    "👍",
    ":+1::skin-tone-3:",
    "🎉🎉",
]

MORE = [
    "thanks, and how do I delete it?",
    "thanks but it fails now",
    "ok and in Java",
    "great, now with GPU",
    "danke, und wie lösche ich sie",
    "danke, geht aber nicht",
    "funktioniert das auch mit TLS",
    "merci, et la supprimer",
    "спасибо, а как удалить",
    "не работает",
    "谢谢，怎么删除",
    "ありがとう、でも動きません",
    "is it fixed",
    "ok?",
    "error 7",
    "👍 but only on Linux",
    "perfect forward secrecy",
    "good practices",
    "right join",
    "great circle distance",
    "no problem with replicas of two nodes",
    "done status of a job",
    "show all",
    "42",
]

GREETINGS = [
    "help",
    "Help me!",
    "hello",
    "Hi there",
    "?",
    "",
    "!!",
    "Hallo",
    "bonjour",
    "hola",
    "привет",
    "помощь",
    "你好",
    "こんにちは",
    "안녕하세요",
    "ayuda por favor",
    "who are you?",
]

NO_GREETINGS = [
    "help me drop a collection",
    "hello world example",
    "hi, how do I start?",
    "why?",
    "hello.py fails",
    "Hilfe zur Installation",
    "帮助我删除集合",
    "commands",
]


@pytest.mark.parametrize("text", SMALL_TALK)
def test_small_talk_asks_nothing(text: str):
    assert is_small_talk(text)
    assert not is_greeting(text)
    assert not is_question(text)


@pytest.mark.parametrize("text", MORE)
def test_a_message_with_more_content_is_no_small_talk(text: str):
    assert not is_small_talk(text)
    assert not is_greeting(text)


@pytest.mark.parametrize("text", GREETINGS)
def test_greetings_and_calls_for_help_are_known(text: str):
    assert is_greeting(text)
    assert not is_small_talk(text)


@pytest.mark.parametrize("text", NO_GREETINGS)
def test_a_greeting_with_a_question_is_a_question(text: str):
    assert not is_greeting(text)
    assert not is_small_talk(text)


@given(st.sampled_from(SMALL_TALK), st.from_regex(r"[bcdfgjqvxz]{5,9}", fullmatch=True))
def test_one_unknown_word_makes_more_of_it(thanks: str, word: str):
    assert not is_small_talk(f"{thanks} {word}")


@given(st.sampled_from(SMALL_TALK), st.sampled_from(["", " ", "!", "...", " :wave:", "\n"]))
def test_signs_around_it_change_nothing(thanks: str, sign: str):
    assert is_small_talk(f"{sign}{thanks}{sign}")


@given(st.text())
def test_no_text_is_both(text: str):
    assert not (is_small_talk(text) and is_greeting(text))


@given(st.integers(200, 5_000))
def test_a_long_message_is_read_in_time_and_is_no_small_talk(count: int):
    assert not is_small_talk("ok " * count)
