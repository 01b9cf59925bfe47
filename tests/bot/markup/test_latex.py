r"""Formulas become readable, and nothing that only looks like one is touched."""

# ruff: noqa: RUF001  (Greek letters)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup.latex import convert_to_unicode, split_formulas
from bot.markup.markdown import split_code


def render_formulas(text: str) -> str:
    """Markdown with its formulas as code."""
    return "".join(
        piece
        for part, is_code in split_code(text, last=True)
        for piece, _ in ([(part, True)] if is_code else split_formulas(part))
    )


pieces = st.lists(
    st.sampled_from(
        [
            "$",
            "$$",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
            "`",
            "```\n",
            "x",
            " ",
            "\n",
            "\n\n",
            "5",
            "^2",
            "\\",
        ]
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"is $\frac{a \cdot b}{\|a\|}$.", "is `(a · b)/(‖a‖)`."),
        (r"\(x_i^2 \le \alpha\)", "`xᵢ² ≤ α`"),
        (r"$$d = \sqrt{\sum_{i=1}^n (a_i - b_i)^2}$$", "\n```\nd = √(∑ᵢ₌₁ⁿ (aᵢ - bᵢ)²)\n```\n"),
        (r"\[\mathrm{score} \in [0, 1]\]", "\n```\nscore ∈ [0, 1]\n```\n"),
        ("the $k$ nearest", "the `k` nearest"),
        (r"\(n-1\), \(O(n)\), \(5\), \(x, y\)", "`n-1`, `O(n)`, `5`, `x, y`"),
        (r"so \[x_i = 1\] holds", "so `xᵢ = 1` holds"),
        ("\\[\nx = 1\n\\]", "\n```\nx = 1\n```\n"),
        (r"**$x^2$** ($\{0, 1\}$)", r"**`x²`** (`\{0, 1\}`)"),
        ("- $$x = 1$$\n- b", "- `x = 1`\n- b"),
        ("1. a\n\n   $$x = 1$$\n\n2. b", "1. a\n\n   \n   ```\n   x = 1\n   ```\n\n\n2. b"),
        (r"$x_{max}$, $y_{log}$ and $\unknown$", r"`xₘₐₓ`, `y_(log)` and `\unknown`"),
    ],
)
def test_formulas_are_shown_as_code(text: str, shown: str):
    assert render_formulas(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "> So:\n>\n> $$\n> d(x, y) = \\sum_i x_i\n> $$\n>\n> It is.",
            "> So:\n>\n> \n> ```\n> d(x, y) = ∑ᵢ xᵢ\n> ```\n>\n> It is.",
        ),
        ("> \\[\n> a = b\n> + c\n> \\]", "> \n> ```\n> a = b\n> + c\n> ```"),
        ("> > $$x^2$$", "> > \n> > ```\n> > x²\n> > ```"),
        ("> with $a\n> + b$ here", "> with `a + b` here"),
        ("> - $$x^2$$", "> - `x²`"),
        ("> a $x\n>\n> y$ b", "> a $x\n>\n> y$ b"),
    ],
)
def test_formulas_in_a_quotation_stay_in_it(text: str, shown: str):
    assert render_formulas(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5, or $6 with tax.",
        "Set $HOME and $PATH now.",
        "Write `$x^2$` or `\\(x\\)`.",
        "```bash\necho $A $B_C$\n```",
        "a $x^2 without an end",
        "$one\n\nand two$",
        "A regular expression: \\d+\\.",
        r"The regex \[a-z\] matches one letter, \[0-9\]{2} two digits, and \[^abc\] others.",
        r"\[a-z_0-9\]+, \(foo|bar\), \(\d+\), \(.*\) and \(a\)\1 match.",
        r"- \[ \] to do" + "\n" + r"- \[x\] done, \[link\](url)",
        r"Escape \[x=1\] so, or \[key=value\], \[batch_size = 10\] and \[a > b\].",
        r"\[key=value\]",
        r"\[--port=1\]" + "\n" + r"\[a+b\]",
        r"sed 's/\(a\)/b/', sed 's|\(x\)|y|', grep '\(n\)\|m' and grep \"\(a\)\"",
        r"find . \( -name a -o -name b \)",
        r"C:\Program Files \(x86\)\app and \\server\a$ or \\server\b$",
        r"^foo$|^bar$ or ^\d+$ or ^a+$|^b+$",
        "${A}${B}, $(pwd)$(id), $FOO$BAR, $VAR_A and $VAR_B$",
        "$PATH:/bin:$HOME, $env:PATH += ';C:\\bin'; $env:X",
        "$5/month, $/month and €/$, US$10 or A$10",
        "Run echo $$ and kill $$, or $$HOME and $$PATH.",
        "jQuery's $('a') and $('b'), $foo->bar and $baz->qux",
        "awk '{print $1, $NF}' and s/^a$/b/ and s/c$/d/",
    ],
)
def test_what_is_no_formula_stays(text: str):
    assert render_formulas(text) == text


def test_formulas_in_a_table_keep_its_rows():
    table = "| f | g |\n|---|---|\n| \\(x_i\\) | $$y^2$$ |\n| $a \\mid b$ | \\[z^2\\] |"
    shown = render_formulas(table)
    assert shown == "| f | g |\n|---|---|\n| `xᵢ` | `y²` |\n| `a ∣ b` | `z²` |"


@given(st.text(alphabet="abc\\{}^_$ ()|0123", max_size=60))
def test_any_formula_can_be_shown(formula: str):
    assert convert_to_unicode(formula).strip() == convert_to_unicode(formula)


@pytest.mark.parametrize("opener", ["\\(", "\\[", "$$", "$a"])
def test_openers_without_an_end_cost_little(opener: str):
    """Looked for to the end of the text by each of them, this would take minutes."""
    text = f"{opener} x " * 20_000
    assert "x" in render_formulas(text)
