from __future__ import annotations

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from rag_core.index.stop_words import FUNCTION_WORDS, detect_latin_language


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
    ],
)
def test_language(text, language):
    assert detect_latin_language(text.split()) == language


def test_each_list_has_a_stemmer_and_words_as_they_are_compared():
    for language, words in FUNCTION_WORDS.items():
        assert language in Stemmer.algorithms()
        assert all(word == word.lower() and word.isalpha() for word in words)


@given(st.lists(st.text()))
def test_any_words_have_a_language(words):
    assert detect_latin_language(words) in FUNCTION_WORDS
