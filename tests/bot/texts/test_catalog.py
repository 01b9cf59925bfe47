"""Every language says the same: the same keys, placeholders and commands."""

import re
from string import Formatter

import pytest
from babel.core import Locale

from bot.texts import answers, asking, button_labels
from bot.texts.catalog import (
    DEFAULT,
    LANGUAGES,
    find_constant,
    find_plural,
    format_number,
    format_share,
    format_time,
    get_language,
    load_sentences,
    say,
    set_language,
)

OTHERS = [language for language in LANGUAGES if language != DEFAULT]
COUNTS = (0, 1, 2, 5, 21, 1205)
STIFF = ("whoever", "whatever", "somebody", "nobody", "sign of life", "foresaw")
MODAL_TITLES = ("evidence_title", "why_bad", "send", "close", "cancel")


def plural_forms(language: str) -> dict[str, dict[str, str]]:
    """The sentences with a form per plural category, by their key."""
    forms: dict[str, dict[str, str]] = {}
    for key, text in load_sentences(language).items():
        name, _, last = key.rpartition(".")
        if f"{name}.other" in load_sentences(language):
            forms.setdefault(name, {})[last] = text
    return forms


def one_form_each(language: str) -> dict[str, str]:
    """All sentences, those with plural forms by the one for `other`."""
    forms = plural_forms(language)
    rest = {k: v for k, v in load_sentences(language).items() if k.rpartition(".")[0] not in forms}
    return rest | {key: by_category["other"] for key, by_category in forms.items()}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def code(sentence: str) -> set[str]:
    return set(re.findall(r"`[^`]*`", sentence))


def marks(sentence: str) -> list[str]:
    return sorted(re.findall(r"<[@#{][^|>]*", sentence))


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_sentence_and_no_other(language: str):
    assert set(one_form_each(language)) == set(one_form_each(DEFAULT))
    assert set(plural_forms(language)) == set(plural_forms(DEFAULT))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("same", [placeholders, code, marks])
def test_every_sentence_has_the_same_parts(language: str, same):
    english = one_form_each(DEFAULT)
    wrong = [k for k, text in one_form_each(language).items() if same(text) != same(english[k])]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_sentence_has_the_forms_that_cldr_names(language: str):
    categories = Locale.parse(language).plural_form.tags | {"other"}
    for key, forms in plural_forms(language).items():
        assert set(forms) == categories, key
        assert {frozenset(placeholders(text)) for text in forms.values()} == {
            frozenset(placeholders(forms["other"]))
        }, key


@pytest.mark.parametrize("word", STIFF)
def test_english_is_plain(word: str):
    assert [k for k, v in load_sentences(DEFAULT).items() if word in v.casefold()] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_left_in_english(language: str):
    """What is only a frame for names and counts may be the same."""
    english = one_form_each(DEFAULT)
    same = {key for key, text in one_form_each(language).items() if text == english[key]}
    assert {
        key for key in same if re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", english[key]))
    } == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_open(language: str):
    for key, sentence in load_sentences(language).items():
        assert sentence.strip(), key
        assert sentence.count("`") % 2 == 0, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_and_buttons_fit(language: str):
    told = load_sentences(language)
    assert all(len(told[key]) <= 24 for key in MODAL_TITLES)
    buttons = ("rollback_button", "home_reindex", "evidence", "ask_people", "stop", "share")
    assert all(len(told[key]) <= 75 for key in buttons)
    assert len(told["rollback_confirm"]) <= 300
    assert len(told["ask_people_confirm"]) <= 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_and_italics_stand_between_spaces(language: str):
    """Slack shows them only there, also in languages that write without spaces."""
    for key, sentence in load_sentences(language).items():
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
    set_language(locale)
    assert get_language() == language
    assert load_sentences(language)["not_found"] == answers.NOT_FOUND
    assert load_sentences(language)["close"] == button_labels.CLOSE
    assert load_sentences(language)["stop"] == asking.STOP


READINGS = {
    "en": "0 pages|1 page|2 pages|5 pages|21 pages|1,205 pages",
    "de": "0 Seiten|1 Seite|2 Seiten|5 Seiten|21 Seiten|1.205 Seiten",
    "ru": "0 страниц|1 страница|2 страницы|5 страниц|21 страница|1\u00a0205 страниц",
    "zh": "0 个页面|1 个页面|2 个页面|5 个页面|21 个页面|1,205 个页面",
    "ja": "0 ページ|1 ページ|2 ページ|5 ページ|21 ページ|1,205 ページ",
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_count_agrees_with_its_noun(language: str):
    set_language(language)
    pages = [say("pages", count=count) for count in COUNTS]
    assert pages == READINGS[language].split("|")
    # A whole number in another sentence becomes the same noun.
    assert [say("home_source", name="docs", pages=count)[5:].strip() for count in COUNTS] == pages


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_counted_sentence_reads_right(language: str):
    set_language(language)
    for key, forms in plural_forms(language).items():
        for count in COUNTS:
            text = say(key, count=count, first="a.md: no")
            assert format_number(count) in text, key
            assert text == forms[find_plural(count)].format(
                count=format_number(count), first="a.md: no"
            )


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (0, "There were 0 problems, for example: x", "Возникло 0 проблем, первая: x"),
        (1, "There was 1 problem: x", "Возникла 1 проблема, первая: x"),
        (2, "There were 2 problems, for example: x", "Возникли 2 проблемы, первая: x"),
        (21, "There were 21 problems, for example: x", "Возникла 21 проблема, первая: x"),
    ],
)
async def test_the_verb_agrees_too(count: int, english: str, russian: str):
    for language, text in (("en", english), ("ru", russian)):
        set_language(language)
        assert say("report_failures", count=count, first="x") == text


@pytest.mark.parametrize(
    ("language", "score", "share", "time"),
    [
        ("en", "1,205.500", "95%", "1.5 hours"),
        ("de", "1.205,500", "95\u00a0%", "1,5 Stunden"),
        ("ru", "1\u00a0205,500", "95\u00a0%", "1,5 часа"),
        ("zh", "1,205.500", "95%", "1.5小时"),
        ("ja", "1,205.500", "95%", "1.5 時間"),
    ],
)
async def test_numbers_are_written_as_the_language_does(
    language: str, score: str, share: str, time: str
):
    set_language(language)
    assert format_number(1205.5, decimals=3) == score
    assert format_share(0.95) == share
    assert format_time(1.5, "hour") == time


def test_a_sentence_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError):
        find_constant("NO_SUCH_SENTENCE")
    with pytest.raises(AttributeError):
        _ = answers.not_found
    with pytest.raises(KeyError):
        say("no_such_sentence")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limit_of_a_person_is_said_as_it_is_counted(language: str):
    assert "24" in load_sentences(language)["limit.daily_limit"]
