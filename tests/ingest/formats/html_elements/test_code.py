from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page

HUGO = (
    '<div class="highlight"><div class="chroma"><table class="lntable"><tr><td class="lntd">'
    '<pre class="chroma"><code><span class="lnt">1\n</span><span class="lnt">2\n</span>'
    '</code></pre></td><td class="lntd"><pre class="chroma">'
    '<code class="language-sh" data-lang="sh"><span class="line"><span class="cl">a\n</span>'
    '</span><span class="line">b\n</span></code></pre></td></tr></table></div></div>'
)
ROUGE = (
    '<div class="language-sh highlighter-rouge"><div class="highlight">'
    '<pre class="highlight"><code><table class="rouge-table"><tbody><tr>'
    '<td class="rouge-gutter gl"><pre class="lineno">1\n2\n</pre></td><td class="rouge-code">'
    "<pre>a\nb\n</pre></td></tr></tbody></table></code></pre></div></div>"
)
SPHINX = (
    '<div class="highlight-sh notranslate"><table class="highlighttable"><tr>'
    '<td class="linenos"><div class="linenodiv"><pre><span class="normal">1</span>\n'
    '<span class="normal">2</span></pre></div></td><td class="code"><div><pre><span>'
    "</span>a\nb\n</pre></div></td></tr></table></div>"
)
GITHUB = (
    '<div class="highlight-source-sh"><table><tr><td class="blob-num" data-line-number="1">'
    '</td><td class="blob-code">a</td></tr><tr><td class="blob-num" data-line-number="2">'
    '</td><td class="blob-code">b</td></tr></table></div>'
)
HIGHLIGHT_JS = (
    '<pre><code class="hljs language-sh"><table class="hljs-ln"><tr>'
    '<td class="hljs-ln-numbers" data-line-number="1"><div class="hljs-ln-n"></div></td>'
    '<td class="hljs-ln-code">a</td></tr><tr>'
    '<td class="hljs-ln-numbers" data-line-number="2"></td><td class="hljs-ln-code">b</td>'
    "</tr></table></code></pre>"
)
VITEPRESS = (
    '<div class="language-sh line-numbers-mode"><pre class="shiki"><code><span class="line">a'
    '</span>\n<span class="line">b</span></code></pre><div class="line-numbers-wrapper">'
    '<span class="line-number">1</span><br><span class="line-number">2</span></div></div>'
)
PRISM = '<pre class="line-numbers language-sh"><code>a\nb</code></pre>'
INLINE = (
    '<pre class="language-sh"><code><span class="ln">1</span>a\n<span class="ln">2</span>b'
    "</code></pre>"
)


@pytest.mark.parametrize(
    "html", [HUGO, ROUGE, SPHINX, GITHUB, HIGHLIGHT_JS, VITEPRESS, PRISM, INLINE]
)
def test_numbers_of_lines_are_no_code(html: str):
    assert convert_html_page(html)[1] == "```sh\na\nb\n```"


def test_names_of_line_numbers_on_other_text():
    html = '<p class="line-number">Line <b>12</b> of the plan</p><span class="ln">Ln</span>'
    assert convert_html_page(html)[1].split() == ["Line", "**12**", "of", "the", "plan", "Ln"]


def test_a_table_of_numbers_is_no_listing():
    html = "<table><tr><td>1</td><td>EU</td></tr><tr><td>2</td><td>US</td></tr></table>"
    assert "| 2 | US |" in convert_html_page(html)[1]


@pytest.mark.parametrize(
    "code",
    [
        "<div class=ec-line><div class=code>a</div></div><div class=ec-line><div>  b</div></div>",
        "<div class=line><div>a</div></div>\n<div class=line><div>  b</div></div>\n",
        "<div>a\n</div><div>  b\n</div>",
        "<ol class=linenums><li class=L0><span>a</span></li><li class=L1>  b</li></ol>",
        "<div><p class=ln>1</p><div>a</div></div><div><p class=ln>2</p><div>  b</div></div>",
    ],
)
def test_lines_that_are_elements_end_once(code: str):
    assert convert_html_page(f"<pre><code>{code}</code></pre>")[1] == "```\na\n  b\n```"


def test_empty_lines_that_are_elements_stay():
    code = "<div><div>a</div></div><div><div>\n</div></div><div><div>b</div></div>"
    assert convert_html_page(f"<pre>{code}</pre>")[1] == "```\na\n\nb\n```"
