# ruff: noqa: RUF001  (Cyrillic letters that look like Latin ones)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.index.bm25_tokens import (
    MAX_TERMS_BYTES,
    build_query_terms,
    extract_terms,
    list_function_words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  ...  ", ""),
        ("Storing stored stores", "store store store"),
        ("Индексы и индексов", "индекс и индекс"),
        ("How do I store it?", "how do i store it"),
        ("query_iterator", "queri iter queryiter"),
        ("MilvusClient", "milvuscli milvus client"),
        ("HTTPServer2", "httpserver2 http server"),
        ("array_contains_any", "array contain ani arraycontainsani"),
        ("v2.4.1", "2p4 2p4p1"),
        ("Milvus 2.4.x", "milvus 2p4 x"),
        ("2.4-rc1", "2p4 rc1 rc"),
        ("३.५ ٢.٤.١", "3p5 2p4 2p4p1"),
        ("3.5mm 3.11rc2", "3p5 3p5mm mm 3p11 3p11rc2 rc2"),
        ("python3.11 GPT-3.5", "3p11 python 3p5 gpt"),
        (
            "C++ c++17 g++ Objective-C++",
            "cplusplus cplusplus cplusplus17 gplusplus object objectivec cplusplus",
        ),
        ("E1234 0x80 HNSW", "e1234 0x80 hnsw"),
        ("run --force -v", "run forc dashforce v dashv"),
        ("`--no-cache`", "no cach nocach dashnocache"),
        ("数据库", "数据 据库"),
        ("数 Milvus数据", "数 milvus 数据"),
        ("東京都のデータベース", "東京 京都 の データ ータベ タベー ベース"),
        ("はじめに", "はじ じめ めに"),
        ("ลบข้อมูล", "ลบ บขe49 ขe49อ อมe39 มe39ล"),
        ("हिन्दी", "ह93fन94dद940"),
        ("ﬁle Ｍｉｌｖｕｓ", "file milvus"),
        ("it's a well-known end.", "it a well known wellknown end"),
    ],
)
def test_terms(text, expected):
    assert extract_terms(text) == expected


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("query_iterator", "Call query_iterator() to page."),
        ("iterator", "Call query_iterator() to page."),
        ("queryiterator", "Call query_iterator() to page."),
        ("client", "Create a MilvusClient."),
        ("Wie groß ist GROß", "groß"),
        ("2.4", "Since v2.4.1 it is faster."),
        ("--force", "docker rm --force milvus"),
        ("force", "docker rm --force milvus"),
        ("Indexes", "Die Indexes werden beim Laden in den Speicher gelegt."),
        ("Wie lösche ich Sammlungen?", "Eine Sammlung wird so gelöscht."),
        ("données supprimées", "Comment supprimer une donnée ?"),
        ("¿Cómo elimino las colecciones?", "Eliminar una colección es fácil."),
        ("データ", "Milvusのデータベース"),
    ],
)
def test_question_and_passage_meet(question, passage):
    assert set(extract_terms(question).split()) & set(extract_terms(passage).split())


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("за\u0301мок", "замок"),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f", "\u0645\u062d\u0645\u062f"),
        ("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("docu\u00admentation", "documentation"),
        (
            "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645",
            "\u0646\u0645\u06cc\u062f\u0627\u0646\u0645",
        ),
        ("dotnet", "DOTNET"),
        ("IO", "I/O"),
    ],
)
def test_the_same_word_written_in_two_ways(text, same):
    assert extract_terms(text) == extract_terms(same)


NAMES = [
    "C",
    "C++",
    "C#",
    "F#",
    ".NET",
    "I/O",
    "R",
    "Go",
    "a.b",
    "--no-cache",
    "3.5mm",
    "node.js",
    "c++17",
    "c++20",
    "A/B",
    "TCP/IP",
    "L2",
    "k8s",
    "R&D",
    "D",
    "J#",
    "g++",
    ".env",
    "2.4",
    "2.40",
    "35mm",
    "L1",
    "i18n",
    "--cache",
    "a.c",
    "net",
    "N/A",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_signs_is_itself(name):
    terms = set(extract_terms(name).split())
    assert terms
    for other in NAMES:
        if other.casefold() != name.casefold():
            assert terms != set(extract_terms(other).split())
    # It is the same word inside of a sentence, a list and quotation marks.
    for text in (f"Is {name} supported?", f"(x, {name}, y)", f"`{name}`", f"with {name}: no"):
        assert terms <= set(extract_terms(text).split())


@pytest.mark.parametrize(
    ("name", "another"),
    [
        ("C++", "C"),
        ("C#", "C"),
        ("C++", "C#"),
        ("F#", "F"),
        ("I/O", "I"),
        ("A/B", "A"),
        ("2.4", "2"),
        ("c++17", "17"),
        ("R&D", "R"),
        ("k8s", "8"),
        ("TCP/IP", "UDP"),
    ],
)
def test_a_letter_is_no_part_of_a_name_with_signs(name, another):
    assert set(extract_terms(name).split()).isdisjoint(extract_terms(another).split())


SHORT_QUESTIONS = [
    # Names in capitals that are function words of some language.
    ("AI models", "ai model"),
    ("CI runner token", "ci runner token"),
    ("CI in a CD pipeline", "ci cd pipelin"),
    ("IT", "it"),
    ("IT department", "it depart"),
    ("Is IT allowed to reset it?", "it allow reset"),
    ("How do I use the IT portal?", "it portal use"),
    ("OS", "os"),
    ("OS requirements", "os requir"),
    ("Which OS do you support?", "os support"),
    ("WAR", "war"),
    ("WAR deployment", "war deploy"),
    ("deploy a WAR file", "deploy war file"),
    ("WHO data", "who data"),
    ("US region", "us region"),
    ("DO droplet", "do droplet"),
    ("AS number", "as number"),
    ("the OR operator", "or oper"),
    ("What is the IN operator?", "in oper"),
    ("NOT in a filter", "not filter"),
    ("SE Linux", "se linux"),
    ("DAS storage", "das storag"),
    ("UM module", "um modul"),
    ("ON CONFLICT", "on conflict"),
    ("vitamin A", "vitamin a"),
    ("plan A or plan B", "plan a b"),
    ("Was ist CI?", "ci"),
    ("Wie nutze ich die IT?", "it"),
    ("Как настроить IT портал", "it порта"),
    ("如何使用IT服务", "it 服务"),
    # In lower case.
    ("ai models", "ai model"),
    ("ci runner", "ci runner"),
    ("vi", "vi"),
    ("vi editor", "vi editor"),
    ("how do i quit vi", "vi quit"),
    ("man", "man"),
    ("man pages", "man page"),
    ("how do i read man pages", "man read page"),
    ("os", "os"),
    ("war file", "war file"),
    ("vi man os war", "vi man os war"),
    ("how to deploy a war file", "war deploy file"),
    ("die casting", "die cast"),
    ("in die casting", "die cast"),
    ("sur charge", "sur charg"),
    ("it", "it"),
    ("it support", "it support"),
    ("who", "who"),
    ("a", "a"),
    ("where clause", "where claus"),
    ("how to write a where clause", "where write claus"),
    ("what is a do while loop", "do while loop"),
    ("how does not work", "not work"),
    ("if statement", "if statement"),
    ("is `in` allowed in an expression of the filter", "in allow express filter"),
    ('what does "to" mean in a schedule of the jobs', "to mean schedul job"),
    ("no", "no"),
    ("под не запускается", "под запуска"),
    ("почему под не запускается", "под запуска"),
    ("что это", "что эт"),
    ("на", "на"),
    # Single letters, names with signs, numbers and codes.
    ("C", "c"),
    ("c compiler", "c compil"),
    ("C vs C++", "c cplusplus"),
    ("C++", "cplusplus"),
    ("compile c++17", "compil cplusplus17"),
    ("C# client", "csharp client"),
    ("Is R supported?", "r support"),
    ("R", "r"),
    ("t test", "t test"),
    ("the s curve", "s curv"),
    ("Go", "go"),
    ("How do I go on with Go?", "go"),
    (".NET", "dotnet"),
    ("I/O", "io"),
    ("I/O errors", "io error"),
    ("A/B test", "ab test"),
    ("TCP/IP", "tcpip"),
    ("L2", "l2"),
    ("k8s", "k8s"),
    ("--no-cache", "dashnocache"),
    ("-v", "dashv"),
    ("404", "404"),
    ("E11000", "e11000"),
    ("2.4", "2p4"),
    ("3.5mm jack", "3p5mm jack"),
    ("node.js", "nodej"),
    ("a.b", "ab"),
    # Other scripts.
    ("はじめに", "はじ じめ めに"),
    ("つなぐ", "つな なぐ"),
    ("数", "数"),
    ("ลบ", "ลบ"),
    ("वेक्टर", "व947क94dटर"),
]


def test_the_table_of_short_questions_is_long_enough():
    assert len(SHORT_QUESTIONS) >= 60


@pytest.mark.parametrize(("question", "terms"), SHORT_QUESTIONS)
def test_a_short_question_keeps_its_topic(question, terms):
    topic = set(terms.split())
    assert topic <= set(build_query_terms(question).split())
    # A passage that has the words is found by them.
    assert topic <= set(extract_terms(f"About {question}").split())


def test_no_foreign_stem_of_a_short_question():
    assert build_query_terms("AI models") == "ai model"
    assert build_query_terms("man pages") == "man page"
    assert build_query_terms("os requirements") == "os requir"


@pytest.mark.parametrize(
    ("question", "content", "function"),
    [
        ("How do I store it?", "store", "how do i it"),
        ("What is the IN operator?", "in oper", "what is the"),
        ("How does the store keep vectors and why", "store keep vector", "how doe whi"),
        ("HOW DO I FIX THE INDEX", "fix index", "how do i the"),
        ("Wie kann ich die Sammlung löschen", "sammlung losch lösche löschen", "wie kann ich die"),
        ("what's in the C's index", "c index", "what in the"),
        ("l'index de la collection dans Milvus", "index collect milvus", "l de la dan dans"),
        ("東京のデータ", "東京 データ", "の"),
    ],
)
def test_function_words_count_less(question, content, function):
    terms = build_query_terms(question).split()
    assert {terms.count(term) for term in content.split() if term in terms} == {3}
    assert {terms.count(term) for term in function.split() if term in terms} == {1}
    assert set(terms) <= {*content.split(), *function.split()}


def test_a_question_of_enough_words_leaves_the_most_common_out():
    terms = build_query_terms("How do I change the number of the threads in a pool?")
    assert set(terms.split()) == {"how", "do", "i", "chang", "number", "thread", "pool"}


def test_a_question_without_function_words_counts_each_once():
    assert build_query_terms("index build error") == "index build error"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("how does it work", {"how", "does", "it"}),
        ("it works", {"it"}),
        ("IT works", set()),
        ("vi", set()),
        ("a man", {"a"}),
        ("IT and the OS of it", {"and", "the", "of", "it"}),
        ("`in` is what", {"is", "what"}),
        ("Wie geht das mit dem Index", {"wie", "das", "mit", "dem"}),
        ("как это работает", {"как", "это"}),
        ("", set()),
    ],
)
def test_function_words(text, words):
    assert list_function_words(text) == words


@pytest.mark.parametrize(
    ("question", "passage"), [("2.4", "2 ways in 4 steps"), ("--force", "by brute force")]
)
def test_a_whole_is_more_than_its_parts(question, passage):
    assert set(extract_terms(question).split()) - set(extract_terms(passage).split())


@given(st.text())
@example("İstanbul")
@example("++ # c++ .#a++ \u0e31\u0e01 \u093f")
@example("a" * 70_000)
@example("\u0130_\u0345")
@example("\ud7af")
def test_terms_are_alphanumeric_and_joined_by_single_spaces(text):
    for found in (extract_terms(text), build_query_terms(text)):
        assert found == " ".join(found.split())
        assert all(token.isalnum() for token in found.split())
        assert len(found.encode()) <= MAX_TERMS_BYTES


@given(st.text())
def test_a_question_has_only_terms_of_its_text(text):
    terms, all_terms = build_query_terms(text).split(), extract_terms(text).split()
    assert set(terms) <= set(all_terms)
    assert bool(terms) == bool(all_terms)


@given(st.text())
def test_terms_are_the_same_every_time_and_in_every_thread(text):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(extract_terms, [text] * 4)) == {extract_terms(text)}


def test_a_long_text_is_cut_between_two_terms():
    found = extract_terms("数据库 vector " * 20_000)
    assert MAX_TERMS_BYTES - 20 < len(found.encode()) <= MAX_TERMS_BYTES
    assert set(found.split()) == {"数据", "据库", "vector"}


def test_a_text_that_fits_is_kept_to_its_last_term():
    words = ["vector"] * 4_000 + ["last"]
    assert extract_terms(" ".join(words)).split() == words
