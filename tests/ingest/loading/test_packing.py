from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.loading.packing import Piece, pack_lines, pack_pieces


def piece(text: str, **more: object) -> Piece:
    return Piece(text, len(text.split()), **more)  # type: ignore[arg-type]


def test_neighbours_share_a_text_as_long_as_they_fit():
    pieces = [piece("a b"), piece("c d"), piece("e f")]
    assert list(pack_pieces(pieces, 6)) == ["a b\n\nc d", "e f"]
    assert list(pack_pieces(pieces, 2)) == ["a b", "c d", "e f"]
    assert list(pack_pieces([], 2)) == []


def test_a_near_empty_text_joins_a_full_one():
    assert list(pack_pieces([piece("a b c d"), piece("e")], 4)) == ["a b c d\n\ne"]
    assert list(pack_pieces([piece("a"), piece("b c d e")], 4)) == ["a\n\nb c d e"]


def test_a_near_empty_text_takes_a_piece_of_its_neighbour():
    links = Piece("[a](b)\n[c](d)", 4)
    pieces = [piece("a b"), piece("c d"), links]
    assert list(pack_pieces(pieces, 8)) == ["a b", "c d\n\n[a](b)\n[c](d)"]
    pieces = [links, piece("a b"), piece("c d e")]
    assert list(pack_pieces(pieces, 8)) == ["[a](b)\n[c](d)\n\na b", "c d e"]


def test_a_near_empty_text_for_which_there_is_no_place_stays():
    links = Piece("[a](b)", 4)
    assert list(pack_pieces([piece("a b c d e f g h"), links], 8)) == ["a b c d e f g h", "[a](b)"]


def test_text_of_another_section_does_not_stand_alone():
    pieces = [piece("a b"), piece("c d"), piece("e f", is_aside=True)]
    assert list(pack_pieces(pieces, 6)) == ["a b", "c d\n\ne f"]


def test_lines_stay_as_they_are():
    assert list(pack_lines([piece("a b c d"), piece("e", glue="\n")], 4)) == ["a b c d", "e"]


def test_a_piece_that_begins_a_text_has_its_lead_in():
    items = [piece(f"- {n} x", glue="\n", lead="Do:", lead_tokens=1) for n in range(3)]
    assert list(pack_pieces([piece("Do:"), *items], 9)) == [
        "Do:\n- 0 x\n- 1 x",
        "Do:\n\n- 2 x",
    ]
    assert list(pack_pieces([piece("Do:"), *items], 4)) == ["Do:\n- 0 x", "- 1 x", "- 2 x"]


@given(
    texts=st.lists(st.lists(st.sampled_from(["a", "[b](c)", "d e"]), min_size=1, max_size=5)),
    fill=st.integers(1, 12),
)
def test_no_piece_is_lost_or_moved(texts: list[list[str]], fill: int):
    pieces = [piece(" ".join(words)) for words in texts]
    packed = " ".join(pack_pieces(pieces, fill)).split()
    assert packed == [word for words in texts for word in " ".join(words).split()]
