"""Markdown of each site maker reads as its pages do, and code never changes."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.formats.dialects.recall import measure
from tests.ingest.formats.reading import blocks, outline, read, text

# Each pair is a page as people write it and the words that its readers see, in their order.
SAMPLES = {
    "mkdocs": (
        """\
        # Kettle { #top .big }

        !!! warning "Hot *steam*"
            Keep away.

            === "Gas"

                ``` sh title="boil.sh"
                !!! boil --now
                ```

            === "Electric"

                Plug it in.

        ??? note ""
            No title here.

        /// tip | Descale it
        Use ++ctrl+shift+d++ and ==lemon== juice.
        ///

        /// details | More
            type: info
        Only ^^twice^^ a year.
        ///

        ::: kettle.core.Boiler
            options:
                show_source: false

        Heat
        :   Measured in watts.

            Never above 3000.

        Press :material-power: to start, at 10:30:45. [Buy](shop.md){ .md-button target=_blank }
        The {--old--}{++new++} lid and {~~red~>blue~~} base.
        """,
        """\
        Kettle Hot steam Keep away. Gas !!! boil --now Electric Plug it in. No title here.
        Descale it Use Ctrl+Shift+D and lemon juice. More Only twice a year. kettle.core.Boiler
        Heat Measured in watts. Never above 3000. Press to start, at 10:30:45. Buy
        The new lid and blue base.
        """,
    ),
    "myst": (
        """\
        ---
        myst:
          substitutions:
            maker: Hotline
        ---
        (kettle/top)=
        # Kettle

        % a comment
        ```{admonition} Mind the lid
        :class: warning
        It is **hot**.
        ```

        ::::{tab-set}
        :::{tab-item} Gas
        :sync: gas
        ```{code-block} sh
        :linenos:
        :caption: boil.sh

        :not-an-option: boil
        ```
        :::
        ::::

        ```{list-table} Sizes
        :header-rows: 1
        * - Size
          - Litres
        * - small
          -
        * - large
          - 2
        ```

        ```{csv-table}
        :header: Part, Price
        Lid, "1,50"
        ```

        ```{figure} lid.png
        :alt: A lid
        The lid.
        ```

        ````{grid} 2
        ```{grid-item-card} Manuals
        :link: manuals
        Read first.
        +++
        Footer.
        ```
        ````

        ```{deprecated} 3.0
        Use the new lid.
        ```

        By {{ maker }}: {ref}`kettle/top`, {doc}`the guide <guide>`, {kbd}`Esc`, {bdg-info}`beta`,
        {term}`steam` and {octicon}`gear`.

        ```{toctree}
        hidden
        ```
        """,
        """\
        Kettle Mind the lid It is hot. Gas boil.sh :not-an-option: boil Sizes Size Litres small
        large 2 Part Price Lid 1,50 A lid The lid. Manuals Read first. Footer. Deprecated since
        version 3.0 Use the new lid. By Hotline: Kettle, the guide, Esc, beta, steam and .
        """,
    ),
    "hugo": (
        """\
        +++
        title = "Kettle"
        [menu]
        main = 1
        +++

        {{< tabpane text=true >}}
        {{% tab header="Gas" %}}
        {{< highlight sh "linenos=table" >}}
        # light it
        {{< not-a-tag >}}
        {{< /highlight >}}
        {{% /tab %}}
        {{< /tabpane >}}

        {{< tabs items="Coal,Wood" >}}
        {{< tab >}}Black.{{< /tab >}}
        {{< tab >}}Brown.{{< /tab >}}
        {{< /tabs >}}

        {{% alert title="Mind the lid" color="warning" %}}
        It is hot.
        {{% /alert %}}

        {{< figure src="lid.png" alt="A lid" caption="The lid." >}}
        {{< code-toggle file=hugo >}}
        [params]
        boil = true
        {{< /code-toggle >}}

        A {{< glossary_tooltip text="boiler" term_id="boil" >}} since {{< param "first" >}};
        write {{</* ref "x" */>}}. {{< comment >}}hidden{{< /comment >}}
        See [the lid]({{< relref "lid.md#top" >}}). {{< youtube abc >}}
        """,
        """\
        Gas # light it {{< not-a-tag >}} Coal Black. Wood Brown. Mind the lid It is hot.
        The lid. A lid [params] boil = true A boiler since first; write {{< ref "x" >}}.
        See the lid.
        """,
    ),
    "jekyll": (
        """\
        ---
        layout: page
        ---
        # Kettle
        {: #top .no_toc}

        1. TOC
        {:toc}

        {% include note.html type="warn" content="It is *hot*." %}
        {% assign lid = site.lids | first %}
        {% comment %}
        hidden
        {% endcomment %}
        {% highlight sh linenos %}
        # light it
        {% endhighlight %}

        {% for each in site.lids %}
        A lid{% if each.old %} that is old{% endif %}.
        {% endfor %}

        Version {{ page.version | upcase }} of [the lid]({% link _docs/lid.md %}){:target="_blank"}.
        {:.lead}
        """,
        """\
        Kettle It is hot. # light it A lid that is old. Version page.version of the lid.
        """,
    ),
    "gitbook": (
        """\
        # Kettle

        {% hint style="danger" %}
        It is hot.
        {% endhint %}

        {% tabs %}
        {% tab title="Gas" %}
        {% code title="boil.sh" %}
        ```sh
        {% boil %}
        ```
        {% endcode %}
        {% endtab %}
        {% endtabs %}

        {% content-ref url="lid.md" %}
        [lid.md](lid.md)
        {% endcontent-ref %}
        """,
        """\
        Kettle Danger It is hot. Gas boil.sh {% boil %} lid.md
        """,
    ),
    "vitepress": (
        """\
        # Kettle

        [[toc]]

        ::: details Click *me*
        Steam.
        :::

        ::: code-group
        ```sh [gas]
        :::
        ```
        :::

        ::: tip
        Use {{ water }}.
        :::

        Read [[Lids|about lids]] and [[Spouts]] but not [[1, 2]].
        """,
        """\
        Kettle Click me Steam. ::: Tip Use water. Read about lids and Spouts but not [[1, 2]].
        """,
    ),
    "docusaurus": (
        """\
        # Kettle ## {#top}

        See <https://x.org/?a=1&amp;b=2> or [it](https://x.org/?a=1&amp;b=2).

        :::danger[Mind the lid]{.big}

        It is hot.

        :::info
        Nested.
        :::

        > [!TIP] Descale
        > Use lemon&nbsp;juice &amp; water, `&amp;` in code.

        <!-- prettier-ignore -->
        Press <kbd>Esc</kbd>.
        """,
        """\
        Kettle See https://x.org/?a=1&b=2 or it.
        Mind the lid It is hot. Info Nested. Descale Use lemon juice & water, &amp; in code.
        Press Esc.
        """,
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_visible_is_lost_and_nothing_else_is_read(name: str):
    source, visible = map(dedent, SAMPLES[name])
    recall, extra = measure(read(source), visible)
    assert recall >= 0.995, text(read(source))
    assert extra <= 0.01, text(read(source))


def test_a_fence_is_closed_by_its_own_kind_only():
    page = '# T\n\n``` md title="E"\n=== "C"\n\n    ``` c\n    x\n    ```\n```\n\nAfter.'
    assert [block.text for block in blocks(read(page))] == [
        '``` md title="E"\n=== "C"\n\n    ``` c\n    x\n    ```\n```',
        "After.",
    ]


LINES = st.sampled_from(
    [
        *(
            "!!! note",
            '=== "Tab"',
            "/// tip | A",
            "///",
            ":::note",
            ":::",
            "::: a.b",
            "(a)=",
            "{#a}",
        ),
        *(
            "{: .a}",
            "{% tab %}",
            "{% endhighlight %}",
            "{{< x >}}",
            "{{ x }}",
            "<!-- a -->",
            "<b>a",
        ),
        *(
            "[a]: b",
            "[a]",
            "[^1]: b",
            "*[A]: b",
            "# a",
            "+++",
            "---",
            "a ==b== c",
            ":smile:",
            "&amp;",
        ),
        *("{ref}`a`", "[[a]]", "++ctrl+a++", "a.md", "[a](b.md)", "", "  a", "    b", "> c", "% d"),
        *(
            "- a",
            "1. a",
            "| a | b |",
            "$a$",
            "```",
            "~~~",
            "````",
            "~~~~~ x",
            "    ```",
            "{% raw %}",
        ),
    ]
)
INFOS = st.sampled_from(["", "py", " md title='E'", " sh [npm]", '{ .a hl_lines="1" }', " {r}"])
AROUND = {
    "page": ("", ""),
    "list": ("- a\n\n", "  "),
    "number": ("1. a\n\n", "   "),
    "quotation": ("", "> "),
    "admonition": ("!!! note\n\n", "    "),
    "tab": ('=== "T"\n\n', "    "),
}


@st.composite
def fences(draw: st.DrawFn) -> tuple[str, str]:
    """A fence and the code in it, which has fences of other kinds."""
    mark = draw(st.sampled_from("`~")) * draw(st.integers(3, 6))
    code = draw(st.lists(LINES, min_size=1, max_size=6).filter(any))
    if any(_closes(line, mark) for line in code):
        mark = mark[0] * 7
    # An empty line at an end is trimmed where a fence is moved.
    lines = ["x", *code, "y"]
    return f"{mark}{draw(INFOS)}", "\n".join(lines)


def _closes(line: str, mark: str) -> bool:
    return len(line) - len(line.lstrip()) < 4 and line.strip().startswith(mark)


@settings(max_examples=150)
@given(fence=fences(), around=st.lists(st.sampled_from(sorted(AROUND)), max_size=3))
def test_code_comes_out_as_it_went_in(fence: tuple[str, str], around: list[str]):
    opening, code = fence
    mark = opening[: len(opening) - len(opening.lstrip("`~"))]
    page = f"{opening}\n{code}\n{mark}"
    for name in around:
        head, margin = AROUND[name]
        page = head + indent(page, margin, bool if margin == "> " else str.strip)
    document = read(f"# A\n\n{page}\n\nAfter it.\n")
    shown = [line.lstrip(" >") for line in text(document).split("\n") if line.strip(" >")]
    wanted = [line.lstrip(" >") for line in code.split("\n") if line.strip(" >")]
    begin = shown.index(wanted[0])
    assert shown[begin : begin + len(wanted)] == wanted
    assert shown[-1] == "After it."
    assert [anchor for _, anchor in outline(document)] == ["a"]


@settings(max_examples=100)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_any_lines_are_read(page: str):
    assert read(page).title


@pytest.mark.parametrize(
    ("page", "anchors"),
    [
        ("# A { #own .c }", ["own"]),
        ("# A {: #own .c }", ["own"]),
        ('# A { id="9.7.6" }', ["9.7.6"]),
        ("# A {#own}\n{: .c #other}", ["own"]),
        ("# A ## {#own}", ["own"]),
        ("# A\n{: .c #own}", ["own"]),
        ("A\n===\n{: #own}", ["own"]),
        ("{: #own}\n# A", ["own"]),
        ("(my/label)=\n# A", ["my-label"]),
        ("(my-label)=\n\nText.\n\n# A", ["", "a"]),
        ("# A {name}", ["a-name"]),
        ('# A { data-toc-label="B" }', ["a"]),
        ("# A :material-heart:{ .x }", ["a"]),
        ("# A {% #own %}", ["own"]),
        ("# `{#a}` is code", ["a-is-code"]),
    ],
)
def test_anchors_that_a_page_gives(page: str, anchors: list[str]):
    assert [section.anchor for section in read(page).sections] == anchors


@pytest.mark.parametrize(
    "page",
    [
        "It is 10:30:45 or a:b:c, at host:port: now.",
        "If x == 1 and y == 2, then i++ + j++.",
        "Costs $5 and $10, a^^b, C++ and g++.",
        "Use {braces} and [brackets] and [x][y] and [^9].",
        "The array [[1, 2], [3, 4]] and [[ -f x ]].",
        "Write `:smile:` and `[a][b]` and `{{ x }}` and `==a==`.",
        "A template of {{ name }} is text here.",
        "An {unknown}`role` stays.",
    ],
)
def test_text_that_only_looks_like_a_mark_stays(page: str):
    assert text(read(f"{page}\n\n[b]: https://x.org\n")) == page


def test_a_language_in_braces_is_code():
    page = "```{r, echo=FALSE}\n:a: b\n```\n\n```{python}\nx\n```"
    assert "\n\n".join(block.text for block in blocks(read(page))) == page
