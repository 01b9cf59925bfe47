from __future__ import annotations

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from rag_core.index.stop_words import (
    COMMON_WORDS,
    FUNCTION_WORDS,
    detect_latin_language,
    find_function_words,
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "english"),
        ("milvus hnsw index", "english"),
        ("how do i drop a collection", "english"),
        ("wie lösche ich eine sammlung", "german"),
        ("comment supprimer une collection dans milvus", "french"),
        ("cómo se elimina una colección", "spanish"),
        ("come si elimina una collezione nella banca dati", "italian"),
        ("como você remove uma coleção do banco", "portuguese"),
        ("hoe verwijder ik een collectie van milvus", "dutch"),
        ("hur tar jag bort en samling från milvus", "swedish"),
        ("for i in a", "english"),
        ("ai models", "english"),
        ("vi os", "english"),
        ("in die casting", "english"),
        ("was ist milvus", "english"),  # one word alone is no evidence
        ("wo ist milvus", "german"),
    ],
)
def test_language(text, language):
    assert detect_latin_language(text.split()) == language


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("how do i drop a collection", "how do i a"),
        ("it support", ""),  # one word is no evidence of a sentence
        ("wie geht das it", "wie das"),
        ("в чем под", "в чем под"),
        ("под kubernetes", ""),
        ("how does это как работает", "how does это как"),
        ("", ""),
    ],
)
def test_function_words_of_languages_that_are_evident(text, found):
    assert find_function_words(text.split())[1] == set(found.split())


def test_less_evidence_finds_more_function_words():
    assert find_function_words(["it", "support"], evidence=1)[1] == {"it"}
    assert find_function_words(["a", "c"], evidence=0)[1] == {"a"}


def test_the_most_common_words_are_function_words():
    assert FUNCTION_WORDS["english"] >= COMMON_WORDS


def test_each_list_has_a_stemmer_and_words_as_they_are_compared():
    for language, words in FUNCTION_WORDS.items():
        assert language in Stemmer.algorithms()
        assert all(word == word.lower() and word.isalpha() for word in words)


@given(st.lists(st.text()))
def test_any_words_have_a_language(words):
    assert detect_latin_language(words) in FUNCTION_WORDS
