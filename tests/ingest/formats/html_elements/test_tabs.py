from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page

MATERIAL = (
    '<div class="tabbed-set"><input type="radio"><input type="radio">'
    '<div class="tabbed-labels"><label>pip</label><label>uv</label></div>'
    '<div class="tabbed-content"><div class="tabbed-block"><p>one</p></div>'
    '<div class="tabbed-block"><p>two</p></div></div></div>'
)
OLD_MATERIAL = (
    '<div class="tabbed-set"><input type="radio"><label>pip</label>'
    '<div class="tabbed-content"><p>one</p></div><input type="radio"><label>uv</label>'
    '<div class="tabbed-content"><p>two</p></div></div>'
)
VITEPRESS = (
    '<div class="vp-code-group"><div class="tabs"><input type="radio"><label>pip</label>'
    '<input type="radio"><label>uv</label></div><div class="blocks"><div><p>one</p></div>'
    "<div><p>two</p></div></div></div>"
)
DESIGN = (
    '<div class="sd-tab-set"><input type="radio"><label class="sd-tab-label">pip</label>'
    '<div class="sd-tab-content"><p>one</p></div><input type="radio">'
    '<label class="sd-tab-label">uv</label><div class="sd-tab-content"><p>two</p></div></div>'
)
ARIA = (
    '<div><ul role="tablist"><li role="tab">pip</li><li role="tab">uv</li></ul>'
    '<div role="tabpanel"><p>one</p></div><div role="tabpanel"><p>two</p></div></div>'
)
STARLIGHT = (
    '<starlight-tabs><div class="tablist-wrapper"><ul role="tablist"><li role="presentation">'
    '<a role="tab" aria-selected="true" href="#1">pip</a></li><li role="presentation">'
    '<a role="tab" href="#2">uv</a></li></ul></div><div id="1" role="tabpanel"><p>one</p></div>'
    '<div id="2" role="tabpanel" hidden><p>two</p></div></starlight-tabs>'
)
INLINE = DESIGN.replace("sd-tab", "tab")
BOOTSTRAP = (
    '<div><ul class="nav nav-tabs"><li><a href="#1">pip</a></li><li><a href="#2">uv</a></li></ul>'
    '<div class="tab-content"><div class="tab-pane" id="1"><p>one</p></div>'
    '<div class="tab-pane" id="2"><p>two</p></div></div></div>'
)
LAZY = (
    '<div><div role="tablist"><button role="tab" aria-selected="false">conda</button>'
    '<button role="tab" aria-selected="true">pip</button></div>'
    '<div role="tabpanel"><p>one</p></div></div><p>uv:</p><p>two</p>'
)
HEXTRA = (
    '<div><div><div><button role="tab">pip</button><button role="tab">uv</button></div></div>'
    '<div><div role="tabpanel"><p>one</p></div><div role="tabpanel"><p>two</p></div></div></div>'
)
ANTORA = (
    '<div class="openblock tabs"><div class="content"><div class="ulist tablist"><ul>'
    '<li class="tab"><p>pip</p></li><li class="tab"><p>uv</p></li></ul></div>'
    '<div class="tabpanel"><p>one</p></div><div class="tabpanel"><p>two</p></div></div></div>'
)
BUTTONS = (
    '<div><div class="tabs"><button>pip</button><button>uv</button></div>'
    '<div class="tab-content"><p>one</p></div><div class="tab-content"><p>two</p></div></div>'
)
KINDS = [
    *(MATERIAL, OLD_MATERIAL, VITEPRESS, DESIGN, ARIA, STARLIGHT, INLINE, BOOTSTRAP, LAZY),
    *(HEXTRA, ANTORA, BUTTONS),
]


@pytest.mark.parametrize("html", KINDS)
def test_each_panel_begins_with_its_name(html: str):
    assert convert_html_page(html)[1].split() == ["pip:", "one", "uv:", "two"]


def test_tabs_in_tabs():
    html = MATERIAL.replace("<p>one</p>", MATERIAL.replace("one", "a").replace("two", "b"))
    found = convert_html_page(html)[1].split()
    assert found == ["pip:", "pip:", "a", "uv:", "b", "uv:", "two"]


def test_names_without_panels_stay():
    html = '<div><ul role="tablist"><li role="tab">pip</li></ul><p>one</p></div>'
    assert "pip" in convert_html_page(html)[1]
