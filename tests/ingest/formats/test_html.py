from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from ingest.documents import PageError
from ingest.formats import html as html_module
from ingest.formats.html import convert_html_page
from tests.ingest.formats.reading import blocks, outline, read, read_file, text

DOCUSAURUS = """\
<!doctype html><html><head><title>Install | Acme Docs</title><style>x{}</style></head><body>
<nav class="navbar"><a href="/">Acme</a></nav><div role="region"><a href="#x">Skip</a></div>
<main><div><nav aria-label="Breadcrumbs"><ul><li>Guides</li></ul></nav>
<article><header><h1>Install</h1></header>
<p>Run <code>pip install acme</code> <strong>first</strong>. See <a href="../b#top">more</a>.</p>
<h2 class="anchor" id="on-linux">On Linux<a class="hash-link" href="#on-linux">\u200b</a></h2>
<ul role="tablist"><li role="tab">apt</li><li role="tab">dnf</li></ul>
<div><div role="tabpanel"><pre class="language-bash"><code>
<span>apt install acme</span><br><span>  # two</span></code></pre></div>
<div role="tabpanel" hidden>Not packaged.</div></div>
<table><thead><tr><th>Option</th><th>Meaning</th></tr></thead>
<tbody><tr><td><code>-v</code></td>
<td>a | b<ul><li>one</li><li>two</li></ul></td></tr></tbody></table>
<ol><li>First</li><li>Second<ul><li>inner</li></ul></li></ol>
<button>Copy</button><svg><path d="M0"/><text>icon</text></svg><script>evil()</script>
<footer class="theme-doc-footer">Edit this page</footer></article></div></main>
<footer>Copyright</footer></body></html>
"""


def test_a_page_of_a_site_maker():
    document = read(DOCUSAURUS, "install", media_type="text/html; charset=utf-8")
    assert document.title == "Install"
    assert outline(document) == [("Install", ""), ("On Linux", "on-linux")]
    assert [block.text for block in blocks(document)] == [
        "Run `pip install acme` **first**. See [more](https://example.com/b#top).",
        "apt:",
        "```bash\napt install acme\n  # two\n```",
        "dnf:",
        "Not packaged.",
        "| Option | Meaning |\n| --- | --- |\n| `-v` | a \\| b one; two |",
        "1. First\n2. Second\n   - inner",
    ]


def test_a_page_without_main_or_h1():
    document = read(
        "<html><head><title>Backups — Acme</title></head><body><header>Acme</header>"
        "<aside>ads</aside><div class='sidebar'><a href='/'>Home</a> <a href='/x'>X</a></div>"
        "<p>Every night.</p><aside class='admonition note'><p>Note</p><p>Not on Sunday.</p></aside>"
        "<footer>2026</footer></body></html>",
        "b.html",
    )
    assert document.title == "Backups"
    assert text(document) == "Every night.\nNote\nNot on Sunday."


@pytest.mark.parametrize(
    ("html", "anchor"),
    [
        ('<h2 id="own">T</h2>', "own"),
        ('<h2 id="own">T<a class="headerlink" href="#link">¶</a></h2>', "link"),
        ('<section id="outer"><h2>T</h2></section>', "outer"),
        ('<h2><a name="inner"></a>T</h2>', "inner"),
        ('<h2><span id="span">T</span></h2>', "span"),
        ('<h2 id="with space">T</h2>', ""),
        ("<h2>T</h2>", ""),
    ],
)
def test_where_a_heading_can_be_linked_to(html: str, anchor: str):
    assert outline(read(html, "a.html")) == [("T", anchor)]


@pytest.mark.parametrize(
    "heading", ["__init__", "*args and **kw", "a < b & c", "List<T>", "[x](y)"]
)
def test_headings_are_no_markdown(heading: str):
    escaped = heading.replace("&", "&amp;").replace("<", "&lt;")
    assert read(f"<h1>{escaped}</h1><p>x", "a.html").title == heading


def test_text_that_looks_like_markdown_or_html_is_text():
    document = read(
        "<p># not a heading</p><p>```</p><p>&lt;div&gt; opens</p><p>[1]: note</p>"
        "<p>snake_case_name *args</p><!-- # hidden --><h1>A</h1>",
        "a.html",
    )
    assert [block.text for block in blocks(document)] == [
        "\\# not a heading",
        "\\```",
        "<div> opens",
        "[1]: note",
        "snake_case_name *args",
    ]


def test_code_keeps_its_lines_and_language():
    document = read(
        '<div class="highlight-python notranslate"><pre>a  \n\n  ```\nb</pre></div>'
        '<pre><code class="language-text"><div>one</div><div>  two</div></code></pre>'
        '<table class="hl"><tr><td class="linenos"><pre>1\n2</pre></td>'
        "<td><pre>x\ny</pre></td></tr></table>",
        "a.html",
    )
    assert [block.text for block in blocks(document)] == [
        "````python\na\n\n  ```\nb\n````",
        "```\none\n  two\n```",
        "```\nx\ny\n```",
    ]


def test_signatures_of_an_api_are_headings():
    document = read(
        '<h1>API</h1><dl class="class"><dt class="sig" id="a.B">class a.B(x)</dt><dd><p>Does.</p>'
        '<dl class="py method"><dt class="sig" id="a.B.run">run()</dt><dd><p>Runs.</p></dd></dl>'
        "</dd></dl><dl><dt>term</dt><dd>meaning</dd></dl>",
        "a.html",
    )
    assert outline(document)[1:] == [("class a.B(x)", "a.B"), ("run()", "a.B.run")]
    assert document.sections[2].headings == ("API", "class a.B(x)", "run()")
    assert text(document) == "Does.\nRuns.\nterm\nmeaning"


def test_a_table_without_a_header_and_one_for_the_layout():
    document = read(
        "<table><tr><td>a<td>b</tr><tr><td colspan=2>c</table>"
        "<table><tr><td><h2 id=x>In</h2></td><td><p>cell</p></td></tr></table>",
        "a.html",
    )
    assert blocks(document)[0].text == "| a | b |\n| --- | --- |\n| c | |"
    assert blocks(document)[0].head == "| a | b |\n| --- | --- |"
    assert (document.sections[-1].headings, document.sections[-1].anchor) == (("In",), "x")
    assert blocks(document)[-1].text == "cell"


def test_end_tags_that_are_left_out():
    document = read("<h1>A</h1><p>one<p>two<ul><li>a<li>b</ul><dl><dt>t<dd>d</dl>", "a.html")
    assert [block.text for block in blocks(document)] == ["one", "two", "- a\n- b", "t", "d"]


def test_deep_and_large_pages_are_said_in_words(monkeypatch):
    with pytest.raises(PageError, match="nested too deeply"):
        read("<div>" * 30_000 + "x", "a.html")
    monkeypatch.setattr(html_module, "MAX_CHARS", 10)
    with pytest.raises(PageError, match="larger than"):
        read("<p>" + "x" * 10, "a.html")


def test_links_stay_as_they_are_without_a_website():
    assert (
        convert_html_page('<p><a href="b.html">b</a> <a href="#c">c</a></p>')[1] == "[b](b.html) c"
    )


@pytest.mark.parametrize(
    ("name", "title", "heading", "sentence"),
    [
        (
            "configure_operator.md",
            "Configure Milvus with Milvus Operator",
            ("Configure global resources", "Configure-global-resources"),
            "- `image`: The Milvus docker image used.",
        ),
        (
            "configure_msgchannel.md",
            "msgChannel-related Configurations",
            ("msgChannel.chanNamePrefix.cluster", "msgChannelchanNamePrefixcluster"),
            "Root name prefix of the channel when a message channel is created.",
        ),
        (
            "ru_four_layers.md",
            "Дезагрегация систем хранения данных и вычислений",
            ("Уровень доступа", "Access-layer"),
            "Состоящий из группы прокси-серверов без статического управления",
        ),
        (
            "use-partition-key.md",
            "Use Partition Key",
            ("Enable partition key", "Enable-partition-key"),
            "client = MilvusClient(\n    uri=SERVER_ADDR\n)",
        ),
    ],
)
def test_markdown_files_that_hold_html(
    shared: Path, name: str, title: str, heading: tuple[str, str], sentence: str
):
    document = read_file(shared / "corpus/formats/html_in_md" / name)
    assert document.title == title
    assert heading in outline(document)
    assert sentence in text(document)


def test_no_markup_is_left_of_html_in_markdown(shared: Path):
    pages = sorted((shared / "corpus/formats/html_in_md").glob("*.md"))
    assert len(pages) == 11
    for page in pages:
        document = read_file(page)
        assert len(document.sections) > 1 or page.name.startswith("ru_audio")
        assert all(section.anchor for section in document.sections)
        prose = "\n".join(b.text for b in blocks(document) if b.kind != "fence")
        for markup in ("<div", "<p>", "<h2", "<svg", "<button", "anchor-icon", "#python", "</a>"):
            assert markup not in prose, page.name


def test_a_page_of_markdown_with_some_html_is_markdown():
    document = read(
        dedent(
            """\
            <div align="center"><h1>Acme</h1></div>

            ## Install

            Some *text*.
            """
        )
    )
    assert outline(document) == [("Acme", "acme"), ("Install", "install")]
    assert text(document) == "Some *text*."


def test_elements_that_say_a_thing_twice_or_in_their_own_way():
    document = read(
        "<main><h1>A</h1><picture><source srcset=a.webp><img src=a.png alt='A diagram'></picture>"
        "<p>Press <kbd>Ctrl</kbd>+<kbd>S</kbd>.</p><details><summary>More</summary><p>Text.</p>"
        "</details><div class='language-js'><button title='Copy Code' class=copy></button>"
        "<span class=lang>js</span><pre><code>let a</code></pre></div>"
        "<p>Mass <span class=katex><span class=katex-mathml><math><semantics><mi>E</mi>"
        "<annotation encoding='application/x-tex'>E=mc^2</annotation></semantics></math></span>"
        "<span class=katex-html aria-hidden=true>E=mc2</span></span>.</p></main>",
        "a.html",
    )
    assert [block.text for block in blocks(document)] == [
        "A diagram",
        "Press `Ctrl`+`S`.",
        "More",
        "Text.",
        "```js\nlet a\n```",
        "Mass $E=mc^2$.",
    ]
