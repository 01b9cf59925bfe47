from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ingest.changes.plan import compute_revision, find_shrunk_sources, plan_chunks, plan_pages
from ingest.documents import Page, SourcePages
from ingest.types import KnownPage
from rag_core.types import Chunk, IndexSpec


def page(path: str, text: str = "text", source: str = "docs") -> Page:
    return Page(source, path, f"https://x/{path}", text.encode())


def known(*pages: Page, recipe: str = "r") -> tuple[KnownPage, ...]:
    return tuple(KnownPage(p.source, p.path, p.content_hash, recipe, 1) for p in pages)


def found(*pages: Page, source: str = "docs") -> list[SourcePages]:
    return [SourcePages(source, pages, ())]


def chunk(id_: str, text: str, path: str = "a.md") -> Chunk:
    return Chunk(id_, "docs", path, "", "", (), 0, text)


def test_everything_is_new():
    plan = plan_pages((), found(page("a.md"), page("b.md")), recipe="r")
    assert (plan.added, plan.changed, plan.removed) == (2, 0, 0)
    assert [p.path for p in plan.to_read] == ["a.md", "b.md"]
    assert not plan.is_empty


def test_nothing_changed():
    plan = plan_pages(known(page("a.md")), found(page("a.md")), recipe="r")
    assert plan.is_empty
    assert [p.path for p in plan.kept] == ["a.md"]


def test_added_changed_and_removed():
    before = known(page("same.md"), page("edited.md"), page("gone.md"))
    now = found(page("same.md"), page("edited.md", "other"), page("new.md"))
    plan = plan_pages(before, now, recipe="r")
    assert (plan.added, plan.changed, plan.removed) == (1, 1, 1)
    assert {p.path for p in plan.to_read} == {"edited.md", "new.md"}
    assert {p.path for p in plan.kept} == {"same.md"}


def test_other_sources_stay():
    before = known(page("a.md"), page("a.md", source="more"))
    plan = plan_pages(before, found(page("b.md")), recipe="r")
    assert (plan.added, plan.removed) == (1, 1)
    assert [p.source for p in plan.kept] == ["more"]


def test_a_page_that_cannot_be_read_just_now_stays():
    before = known(page("a.md"), page("locked.md"), page("gone.md"))
    now = [SourcePages("docs", (page("a.md"),), (), unread=("locked.md", "unknown.md"))]
    plan = plan_pages(before, now, recipe="r")
    assert plan.gone == (("docs", "gone.md"),)
    assert [p.path for p in plan.kept] == ["a.md", "locked.md"]
    assert plan.to_read == ()
    chunks = plan_chunks(plan, (), recipe="r", vector_ids={}, reuse=True)
    assert chunks.kept == {("docs", "a.md"), ("docs", "locked.md")}


def test_a_removal_alone_is_a_change():
    plan = plan_pages(known(page("a.md"), page("b.md")), found(page("a.md")), recipe="r")
    assert not plan.is_empty


def test_another_chunker_reads_pages_anew_without_calling_them_changed():
    plan = plan_pages(known(page("a.md")), found(page("a.md")), recipe="other")
    assert (plan.changed, len(plan.to_read), plan.kept) == (0, 1, ())


def test_a_page_without_a_hash_is_read_but_not_counted_as_changed():
    before = (KnownPage("docs", "a.md", "", ""),)
    plan = plan_pages(before, found(page("a.md")), recipe="r")
    assert (plan.added, plan.changed, len(plan.to_read)) == (0, 0, 1)


def test_what_is_kept_and_what_is_embedded_is_counted():
    old, new = chunk("c1", "old"), chunk("c2", "new and longer")
    before = (KnownPage("docs", "k.md", "h", "r", 3),)
    pages = plan_pages(before, [SourcePages("docs", (page("a.md"),), ())], recipe="r")
    pages = replace(pages, kept=before)
    found = {old.embedding_hash: "moved"}
    plan = plan_chunks(pages, [new, old], recipe="r", vector_ids=found, reuse=True)
    assert plan.kept == {("docs", "k.md")}
    assert plan.fresh == (old, new)
    assert plan.to_embed == 1
    assert (plan.documents, plan.chunks) == (2, 5)
    assert {(p.path, p.chunks) for p in plan.pages} == {("k.md", 3), ("a.md", 2)}
    anew = plan_chunks(pages, [new, old], recipe="r", vector_ids={}, reuse=False)
    assert anew.to_embed == 5  # the kept ones too
    assert anew.characters == 17 + 26  # they are taken to be of usual length


def test_texts_to_embed_are_ordered_by_length_and_counted_once():
    pages = plan_pages((), found(page("a.md")), recipe="r")
    fresh = [chunk("1", "bb"), chunk("2", "dddd"), chunk("3", "bb"), chunk("4", "ccc")]
    plan = plan_chunks(pages, fresh, recipe="r", vector_ids={}, reuse=True)
    assert [c.text for c in plan.fresh] == ["dddd", "ccc", "bb", "bb"]
    assert plan.to_embed == 3


def lost(before: Iterable[KnownPage], now: Iterable[KnownPage]) -> tuple[object, ...]:
    return find_shrunk_sources((p.key for p in before), (p.key for p in now), ["docs"], most=0.2)


@pytest.mark.parametrize(("pages", "stops"), [(10, False), (8, False), (7, True), (0, True)])
def test_a_source_may_lose_a_fifth_of_its_pages(pages: int, stops: bool):
    before = known(*(page(f"{n}.md") for n in range(10)), page("a.md", source="more"))
    now = known(*(page(f"{n}.md") for n in range(pages)))
    assert lost(before, now) == ((("docs", 10, pages),) if stops else ())


def test_new_pages_make_up_for_lost_ones():
    before = known(*(page(f"{n}.md") for n in range(10)))
    assert lost(before, known(*(page(f"new{n}.md") for n in range(9)))) == ()


def test_a_dropped_source_loses_its_pages():
    before = known(page("a.md"), page("a.md", source="more"))
    plan = plan_pages(before, found(page("a.md")), recipe="r", dropped=("more",))
    assert plan.gone == (("more", "a.md"),)
    assert [kept.source for kept in plan.kept] == ["docs"]


def test_anew_reads_every_page():
    plan = plan_pages(known(page("a.md")), found(page("a.md")), recipe="r", anew=True)
    assert (len(plan.to_read), plan.changed, plan.kept) == (1, 0, ())


def test_pages_that_could_not_be_read_stay_as_they_are_known():
    before = known(page("same.md"), page("edited.md"), page("other.md"), page("gone.md"))
    edited = (page("edited.md", "torn"), page("other.md", "new"))
    now = found(page("same.md"), *edited, page("new.md"), page("fine.md"))
    plan = plan_pages(before, now, recipe="r")
    assert plan.exclude_broken((), before) == plan

    left = plan.exclude_broken({("docs", "edited.md"), ("docs", "new.md")}, before)
    assert [p.path for p in left.to_read] == ["other.md", "fine.md"]
    assert [p.path for p in left.kept] == ["same.md", "edited.md"]
    assert left.kept[1] == before[1]
    assert left.new == (("docs", "fine.md"),)
    assert left.edited == (("docs", "other.md"),)
    assert left.gone == (("docs", "gone.md"),)


@pytest.mark.parametrize("changed", [{"dimension": 9}, {"chunker": "2"}])
def test_the_revision_tells_how_chunks_were_made(changed: dict[str, object]):
    spec = IndexSpec("hash", 8, "1", 1, "")
    pages = known(page("a.md"))
    assert compute_revision(pages, replace(spec, **changed)) != compute_revision(pages, spec)


def test_the_revision_is_of_the_pages_in_any_order():
    spec = IndexSpec("hash", 8, "1", 1, "")
    pages = known(page("a.md"), page("b.md"))
    assert compute_revision(pages, spec) == compute_revision(pages[::-1], spec)
    assert compute_revision(pages[:1], spec) != compute_revision(pages, spec)
    edited = known(page("a.md"), page("b.md", "another text"))
    assert compute_revision(edited, spec) != compute_revision(pages, spec)
    assert len(compute_revision(pages, spec)) == 8
    assert compute_revision(pages, replace(spec, model="other")) != compute_revision(pages, spec)
    assert compute_revision(pages, replace(spec, revision="x")) == compute_revision(pages, spec)


def test_the_ledger_is_told_all_of_what_was_read():
    pages = plan_pages((), found(page("a.md"), page("empty.md")), recipe="r")
    plan = plan_chunks(pages, [chunk("c1", "text")], recipe="r", vector_ids={}, reuse=True)
    assert plan.pages == (
        KnownPage("docs", "a.md", page("a.md").content_hash, "r", 1),
        KnownPage("docs", "empty.md", page("empty.md").content_hash, "r", 0),
    )
