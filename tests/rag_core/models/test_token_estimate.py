from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.models.token_estimate import MOST_PER_CHARACTER, estimate_tokens, truncate_text

# Counted with Qwen3's own tokenizer.
COUNTED = {
    "Hello world, this is a test.": 8,
    "Wie werden Daten gespeichert?": 7,
    "Как данные хранятся в Milvus?": 10,
    "数据是如何存储的？": 5,  # noqa: RUF001
    "データはどのように保存されますか": 6,
    "데이터는 어떻게 저장됩니까": 7,
    "كيف يتم تخزين البيانات في ملفوس؟": 9,
    "डेटा कैसे संग्रहीत किया जाता है?": 29,
    "ข้อมูลถูกเก็บไว้อย่างไร": 11,
    "😀🎉👩‍👩‍👧‍👦": 12,
    "a3f9c2b8e1d04f7799": 18,
}


# Mean tokens per passage of the multilingual FAQ, by Qwen3's own tokenizer.
MEANS = {"en": 78.5, "de": 116.4, "ru": 120.0, "zh": 81.8, "ja": 111.3}


@pytest.mark.parametrize(("text", "tokens"), COUNTED.items())
def test_no_script_is_counted_far_too_low(text, tokens):
    assert 0.85 * tokens <= estimate_tokens(text) <= 3 * tokens


def test_random_letters_are_no_word():
    assert estimate_tokens("QmFzZTYQIGlzIGFuIGVuYRkaWnBzYW") >= 15


def test_nothing_is_nothing():
    assert estimate_tokens("") == 0
    assert estimate_tokens(" ") == 0


@pytest.mark.parametrize("language", MEANS)
def test_passages_are_counted_near_their_real_length(shared, language):
    path = shared / "eval" / "faq_multilingual" / f"corpus_answer_only.{language}.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text().splitlines()]
    mean = sum(map(estimate_tokens, texts)) / len(texts)
    assert 0.95 * MEANS[language] <= mean <= 1.6 * MEANS[language]


@given(st.text())
def test_a_text_has_no_more_tokens_than_its_characters_can_have(text):
    assert 0 <= estimate_tokens(text) <= MOST_PER_CHARACTER * len(text) + 1


@given(st.text(), st.integers(0, 50))
def test_what_is_cut_fits_and_is_a_beginning(text, tokens):
    kept = truncate_text(text, tokens)
    assert text.startswith(kept)
    assert estimate_tokens(kept) <= tokens + 1
    if estimate_tokens(text) < tokens:
        assert kept == text


def test_as_much_is_kept_as_fits():
    assert truncate_text("one two three four", 2) == "one two "
    assert truncate_text("one two", 20) == "one two"
    assert truncate_text("数据存储", 2) == "数据"
    assert truncate_text("word", 0) == ""
