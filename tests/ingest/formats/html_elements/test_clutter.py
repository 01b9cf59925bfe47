from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page


def convert(html: str) -> str:
    return convert_html_page(f"<main>{html}</main>", base="https://h.example/docs/a")[1].strip()


@pytest.mark.parametrize(
    "html",
    [
        "<button class=copy title='Copy Code'></button>",
        "<button aria-label='Copy code to clipboard'>Copy</button>",
        "<p><button>Copy</button></p>",
        "<button>Menu</button>",
        "<div class=clipboard-copy>Copy</div>",
        "<div class=feedback>Helpful? <a href='/yes'>Yes</a></div>",
        "<a href='https://forge.example/a/b/edit/main/x.md'>Edit this page</a>",
        "<p><a href='https://github.com/a/b/blob/main/x.md'>View source on GitHub</a></p>",
        "<a class='md-content__button' href='/x'>e</a>",
        "<div><h4>Was this page helpful?</h4><div><button>Yes</button></div></div>",
        "<form><p>Did this article help you?</p><input type=radio><input type=radio></form>",
        "<ol class=breadcrumb><li><a href='/'>Home</a></li><li class=active>Here</li></ol>",
        "<div>Was this page helpful? <a href='#'>Yes</a> <a href='#'>No</a></div>",
        "<div aria-label='Breadcrumbs'><a href='/'>Home</a> Here</div>",
        "<ol itemscope itemtype='https://schema.org/BreadcrumbList'><li>Home</li></ol>",
        "<a class='skip-link' href='#x'>Skip to content</a>",
        "<span class='sr-only'>Section titled “A”</span>",
        "<span class='material-icons'>home</span>",
        "<i>&#xf015;</i>",
        "<div class='toctree-wrapper'><ul><li><a href='b.html'>B</a></li></ul></div>",
    ],
)
def test_surroundings_are_dropped(html: str):
    assert convert(f"<p>Text.</p>{html}") == "Text."


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Press <button>Save</button> to store it.</p>", "Press Save to store it."),
        (
            "<p>You can <a href='https://h.example/edit/x'>edit this page</a> yourself.</p>",
            "You can [edit this page](https://h.example/edit/x) yourself.",
        ),
        ("<p>Use <button>Copy</button> to copy a row.</p>", "Use Copy to copy a row."),
        ("<div class=feedback>The call stores feedback.</div>", "The call stores feedback."),
        (
            "<p>Only <span aria-hidden=true>$5</span><span class=sr-only>five dollars</span></p>",
            "Only $5",
        ),
        (
            (
                "<ol><li><a href='https://github.com/a/b/blob/m/x'>Open the page on GitHub</a></li>"
                "<li>Press the pencil.</li></ol>"
            ),
            "1. [Open the page on GitHub](https://github.com/a/b/blob/m/x)\n2. Press the pencil.",
        ),
        ("<p>Was this page helpful?</p><p>Ask it.</p>", "Was this page helpful?\n\nAsk it."),
        (
            "<p><a href='edit-page'>Edit this page</a></p>",
            "[Edit this page](https://h.example/docs/edit-page)",
        ),
        ("<h2><button aria-expanded=false>Reset?</button></h2><p>Yes.</p>", "## Reset?\n\nYes."),
        (
            "<button aria-expanded=false aria-controls=x>Reset?</button><div id=x>Yes.</div>",
            "Reset?\n\nYes.",
        ),
        ("<p>Costs 5 # of <a href='#b'>5</a></p>", "Costs 5 # of 5"),
        (
            "<p class=breadcrumbs>A bar that shows where you are.</p>",
            "A bar that shows where you are.",
        ),
        ("<p>Is this page for me?</p>", "Is this page for me?"),
        (
            "<h3><button aria-expanded=false>How do I use this page?</button></h3><p>So.</p>",
            "### How do I use this page?\n\nSo.",
        ),
        ("<h3><button>Is it useful?</button></h3><p>So.</p>", "### Is it useful?\n\nSo."),
        (
            "<div class=contents><a href='/x'>The plan costs 5 euros</a></div>",
            "[The plan costs 5 euros](https://h.example/x)",
        ),
    ],
)
def test_what_only_looks_like_it_stays(html: str, text: str):
    assert convert(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2 id=a>A<a class=headerlink href='#a'>¶</a></h2>", "## A {#a}"),
        ("<h2>A<a class=x href='/docs/a#b'>#</a></h2>", "## A {#b}"),
        (
            "<h2 id=a><a class=header-anchor href='#a'><span>All of it</span></a></h2>",
            "## All of it {#a}",
        ),
        (
            "<h2 id=a>A</h2><a href='#a'><span class=sr-only>Section titled A</span></a>",
            "## A {#a}",
        ),
        ("<h2 id=a>A <a href='#a'><span class=sr-only>Link to A</span></a></h2>", "## A {#a}"),
        ("<p>Caption <a href='#c'>¶</a></p>", "Caption"),
    ],
)
def test_signs_beside_texts(html: str, text: str):
    assert convert(html) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<svg aria-label=No role=img></svg>", "No"),
        ("<span class=visually-hidden>Yes</span><svg></svg>", "Yes"),
        ("<span aria-hidden=true>✗</span><span class=sr-only>No</span>", "No"),
        ("<i class='fa fa-check' title=Yes></i>", "Yes"),
        ("<svg><title>Beta</title><path/></svg>", "Beta"),
        ("<i aria-hidden=true>✔</i>", "✔"),
        ("<span aria-hidden=true>✔</span> in the free plan", "in the free plan"),
        ("<i aria-hidden=true>&#xf00c;</i>", ""),
        ("<button aria-label=Delete><svg></svg></button>", ""),
    ],
)
def test_a_cell_that_is_a_sign_has_its_meaning(cell: str, text: str):
    row = convert(f"<table><tr><th>A</th><th>B</th></tr><tr><td>x</td><td>{cell}</td></tr></table>")
    assert row.splitlines()[-1] == f"| x | {text} |".replace("  ", " ")


def test_a_title_that_is_hidden_since_its_box_is_called_so_stays():
    html = "<aside aria-label='Take care'><p aria-hidden=true>Take care</p><p>Hot.</p></aside>"
    assert convert(html) == "Take care\n\nHot."
