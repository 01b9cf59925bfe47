from __future__ import annotations

import pytest

from rag_core.query.script import is_latin


@pytest.mark.parametrize("text", ["Where?", "Où est-ce, Zoë?", "Đâu là dữ liệu?", "", "42 + 1"])
def test_latin(text):
    assert is_latin(text)


@pytest.mark.parametrize(
    "text", ["Где данные?", "数据在哪里?", "データはどこ", "Πού είναι;", "데이터"]
)
def test_not_latin(text):
    assert not is_latin(text)


def test_the_most_letters_decide():
    assert is_latin("query_iterator 是什么")
    assert not is_latin("Как создать HNSW индекс")
