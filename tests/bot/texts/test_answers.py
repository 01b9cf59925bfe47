"""Every error has its sentence, and every sentence can be read."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

import bot.errors
import ingest.errors
from bot.storage.inbox_entry import Refusal
from bot.texts import answers
from bot.texts.catalog import load_sentences
from rag_core.errors import DocentError, LLMUnavailableError, QuestionTooLongError
from rag_core.pipeline import MAX_QUESTION_CHARACTERS
from rag_core.types import Degradation

_ROOMS = {"rag_core.errors", ingest.errors.__name__, bot.errors.__name__}


def every_error(base: type[DocentError] = DocentError) -> list[type[DocentError]]:
    below = [error for child in base.__subclasses__() for error in every_error(child)]
    return [error for error in (base, *below) if error.__module__ in _ROOMS]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_a_sentence(error: type[DocentError]):
    sentence = answers.ERRORS[error]
    assert sentence[0].isupper()
    assert sentence.rstrip()[-1] in ".?"


def test_no_sentence_is_without_its_error():
    assert set(answers.ERRORS) == set(every_error())


def test_an_error_nobody_named_gets_the_line_of_its_base():
    class NewError(LLMUnavailableError):
        pass

    assert answers.render_error(NewError()) == answers.ERRORS[LLMUnavailableError]
    assert answers.render_error(ValueError("secret")) == answers.UNEXPECTED


@pytest.mark.parametrize("language", ["en", "de", "ru", "zh", "ja"])
def test_who_asks_too_much_is_told_the_limit(language: str):
    sentence = load_sentences(language)[f"error.{QuestionTooLongError.__name__}"]
    digits = re.sub(r"[.,\s\u00a0]", "", sentence)
    assert str(MAX_QUESTION_CHARACTERS) in digits


def test_who_waits_is_told_which_place_they_have():
    assert "number 33 in line" in answers.render_place(33)


@pytest.mark.parametrize("refusal", [each for each in get_args(Refusal) if each])
def test_every_limit_has_a_sentence(refusal: str):
    assert answers.find_limit_sentence(refusal)


def test_a_stage_that_is_no_limit_has_none():
    assert answers.find_limit_sentence("finishing") == ""


def test_every_degradation_has_a_note():
    assert set(answers.DEGRADED) == set(get_args(Degradation))


def test_one_passage_is_not_several():
    assert answers.render_reranking(1) == "Ranking 1 passage"
    assert answers.render_reranking(30) == "Ranking 30 passages"


def test_moments_are_shown_in_the_readers_time_zone():
    moment = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert answers.format_moment(moment).startswith("<!date^1772334000^")
    assert "2026-03-01 03:00 UTC" in answers.format_moment(moment)
    assert answers.format_moment(None) == "never"
