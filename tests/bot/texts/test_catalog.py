"""Every language says the same: the same keys, placeholders and commands."""

import re
from string import Formatter

import pytest

from bot.texts import answers, asking, button_labels
from bot.texts.catalog import DEFAULT, LANGUAGES, constant, figure, say, sentences, speak, spoken

OTHERS = [language for language in LANGUAGES if language != DEFAULT]
MODAL_TITLES = ("evidence_title", "why_bad", "send", "close", "cancel")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def code(sentence: str) -> set[str]:
    return set(re.findall(r"`[^`]*`", sentence))


def marks(sentence: str) -> list[str]:
    return sorted(re.findall(r"<[@#{][^|>]*", sentence))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_sentence_and_no_other(language: str):
    assert set(sentences(language)) == set(sentences(DEFAULT))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("same", [placeholders, code, marks])
def test_every_sentence_has_the_same_parts(language: str, same):
    english = sentences(DEFAULT)
    wrong = [k for k, text in sentences(language).items() if same(text) != same(english[k])]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_left_in_english(language: str):
    """Units of time may be the same."""
    english = sentences(DEFAULT)
    same = {key for key, text in sentences(language).items() if text == english[key]}
    assert {key for key in same if not key.startswith("span.")} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_open(language: str):
    for key, sentence in sentences(language).items():
        assert sentence.strip(), key
        assert sentence.count("`") % 2 == 0, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_and_buttons_fit(language: str):
    told = sentences(language)
    assert all(len(told[key]) <= 24 for key in MODAL_TITLES)
    buttons = ("rollback_button", "home_reindex", "evidence", "ask_people", "stop", "share")
    assert all(len(told[key]) <= 75 for key in buttons)
    assert len(told["rollback_confirm"]) <= 300
    assert len(told["ask_people_confirm"]) <= 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_and_italics_stand_between_spaces(language: str):
    """Slack shows them only there, also in languages that write without spaces."""
    for key, sentence in sentences(language).items():
        text = re.sub(r"`[^`]*`|\{[^}]*\}", "", sentence)
        for mark in re.finditer(r"(?<![\w*])?([*_])[^*_\n]+\1", text):
            before, after = text[: mark.start()][-1:], text[mark.end() :][:1]
            assert not before.isalnum(), key
            assert not after.isalnum(), key


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de-DE", "de"),
        ("ja-JP", "ja"),
        ("zh-TW", "zh"),
        ("en-GB", "en"),
        ("fr-FR", "en"),
        ("", "en"),
    ],
)
async def test_a_locale_chooses_the_language(locale: str, language: str):
    speak(locale)
    assert spoken() == language
    assert sentences(language)["not_found"] == answers.NOT_FOUND
    assert sentences(language)["close"] == button_labels.CLOSE
    assert sentences(language)["stop"] == asking.STOP


@pytest.mark.parametrize(
    ("language", "pages", "hours"),
    [
        ("en", "1,205", "1,205.5"),
        ("de", "1.205", "1.205,5"),
        ("ru", "1\u00a0205", "1\u00a0205,5"),
        ("ja", "1,205", "1,205.5"),
    ],
)
async def test_numbers_are_written_as_the_language_does(language: str, pages: str, hours: str):
    speak(language)
    assert pages in say("home_source", name="docs", pages=1205)
    assert figure("1,205.5") == hours


def test_a_sentence_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError):
        constant("NO_SUCH_SENTENCE")
    with pytest.raises(AttributeError):
        _ = answers.not_found
    with pytest.raises(KeyError):
        say("no_such_sentence")
