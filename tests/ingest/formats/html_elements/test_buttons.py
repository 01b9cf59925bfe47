from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page


def convert(html: str) -> str:
    return convert_html_page(f"<main>{html}</main>")[1].strip()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>Choose <button>Open</button> in the menu.</div>", "Choose Open in the menu."),
        (
            "<p><b>Now</b> <button>Save</button> <em>and close</em></p>",
            "**Now** Save *and close*",
        ),
        (
            "<dl><dt><button>Redo</button></dt><dd>Does it again.</dd></dl>",
            "Redo\n\nDoes it again.",
        ),
        (
            (
                "<table><tr><th>Button</th><th>Effect</th></tr>"
                "<tr><td><button>Undo</button></td><td>Takes a step back.</td></tr></table>"
            ),
            "| Button | Effect |\n| --- | --- |\n| Undo | Takes a step back. |",
        ),
        (
            "<button data-toggle=collapse data-target='#a'>How?</button><div id=a>So.</div>",
            "How?\n\nSo.",
        ),
        ("<button class=accordion-button>How?</button><div>So.</div>", "How?\n\nSo."),
        ("<button aria-expanded=false>How?</button><div>So.</div>", "How?\n\nSo."),
    ],
)
def test_buttons_that_readers_read(html: str, text: str):
    assert convert(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div><span>a.js</span><button>Wrap lines</button></div>",
        "<h2></h2><button aria-expanded=false>Version</button><div><a href='/2'>2</a></div>",
        "<table><tr><td>Plan</td><td>5</td><td><button>Remove</button></td></tr></table>",
        "<button class=menu>Menu</button><div>Text</div>",
    ],
)
def test_buttons_of_the_page(html: str):
    name = html.partition("<button")[2].partition(">")[2].partition("<")[0]
    assert name not in convert(f"<p>A</p>{html}")
