"""Antora: addresses by component, version and module, and references between pages."""

from __future__ import annotations

import pytest

from ingest.formats import read_document
from ingest.sites.makers.antora import find_target
from tests.ingest.sites.trees import find_page, list_addresses, read_tree

TREE = {
    "antora-playbook.yml": "site: {url: https://a.test/docs}\n%s",
    "c1/antora.yml": "name: server\ntitle: Server\nversion: '2.0'\n"
    "asciidoc: {attributes: {product: Example}}\n",
    "c2/antora.yml": "name: ROOT\nversion: ~\n",
    "c1/modules/ROOT/pages/index.adoc": "= Start\n\n{product}: xref:sub/p.adoc#x[P] "
    "xref:admin:b.adoc[] xref:ROOT::index.adoc[Home] xref:2.0@server:admin:b.adoc[V] "
    "xref:none:zz.adoc[None]\n",
    "c1/modules/ROOT/pages/sub/p.adoc": "= P\n",
    "c1/modules/admin/pages/b.adoc": "= Admin\n",
    "c2/modules/ROOT/pages/index.adoc": "= Home\n",
    "c1/modules/ROOT/pages/_part.adoc": "part\n",
}


def build_tree(more: str = "") -> dict[str, str]:
    return {**TREE, "antora-playbook.yml": TREE["antora-playbook.yml"] % more}


def test_addresses():
    assert list_addresses(build_tree()) == {
        "c1/modules/ROOT/pages/index.adoc": "https://a.test/docs/server/2.0/index.html",
        "c1/modules/ROOT/pages/sub/p.adoc": "https://a.test/docs/server/2.0/sub/p.html",
        "c1/modules/admin/pages/b.adoc": "https://a.test/docs/server/2.0/admin/b.html",
        "c2/modules/ROOT/pages/index.adoc": "https://a.test/docs/index.html",
        "c1/modules/ROOT/pages/_part.adoc": "https://host.test/c1/modules/ROOT/pages/_part.adoc",
    }


@pytest.mark.parametrize(("style", "ending"), [("drop", "b"), ("indexify", "b/")])
def test_styles_of_addresses(style: str, ending: str):
    tree = build_tree(f"urls: {{html_extension_style: {style}}}\n")
    addresses = list_addresses(tree)
    assert addresses["c1/modules/admin/pages/b.adoc"].endswith(f"/admin/{ending}")


def test_references_lead_to_other_pages():
    page = find_page(read_tree(build_tree()), "c1/modules/ROOT/pages/index.adoc")
    text = read_document(page).sections[0].blocks[-1].text
    base = "https://a.test/docs"
    assert text == (
        f"Example: [P]({base}/server/2.0/sub/p.html#x) [Admin]({base}/server/2.0/admin/b.html) "
        f"[Home]({base}/index.html) [V]({base}/server/2.0/admin/b.html) None"
    )


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("b.adoc", "c/modules/m/pages/b.adoc"),
        ("page$b.adoc", "c/modules/m/pages/b.adoc"),
        ("./b.adoc", "c/modules/m/pages/sub/b.adoc"),
        ("n:b.adoc", "c/modules/n/pages/b.adoc"),
        ("1.0@other:n:b.adoc", "o/modules/n/pages/b.adoc"),
        ("other::b.adoc", "o/modules/ROOT/pages/b.adoc"),
        ("unknown::b.adoc", ""),
        ("a:b:c:d.adoc", ""),
    ],
)
def test_targets(target: str, path: str):
    names = {"other": "o/modules/"}
    assert find_target("c/modules/m/pages/sub/a.adoc", target, names) == path
