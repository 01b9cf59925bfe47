"""Markdown as Discord shows it."""

import pytest

from bot.discord.content.dialect import render_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
        ("#### Four *x*\n\ntext", "**Four *x***\ntext".replace("***", "***")),
        ("Two\nlines\n===\n\ntext", "# Two lines\ntext"),
        ("**bold** _it_ ~~no~~ `x < y`", "**bold** *it* ~~no~~ `x < y`"),
        ("**a _b_** _**c** d_", "**a _b_** _**c** d_"),
        ("__init__ is bold", "**init** is bold"),
        ("\\_\\_init\\_\\_ ||x||", "\\_\\_init\\_\\_ \\|\\|x\\|\\|"),
        ("@everyone <@1> <#2> :smile:", "\\@everyone \\<@1> \\<#2> \\:smile:"),
        ("<div>x</div>", "\\<div>x\\</div>"),
        ("one\n\n---\n\ntwo", "one\n\ntwo"),
        ("[a page](https://a.b/c)", "[a page](<https://a.b/c>)"),
        ("![a picture](https://a.b/c.png)", "[a picture](<https://a.b/c.png>)"),
        ("[a page](other.md)", "a page"),
        ("[1] and [f(x)](y)", "[1] and f(x)"),
        ("- one\n- two\n  - three", "- one\n- two\n  - three"),
        ("3. one\n4. two\n   - three", "3. one\n4. two\n   - three"),
        ("1\\. one\n\\- two\n\\# three", "1\\. one\n\\- two\n\\# three"),
        ("- # One\n- > two", "- **One**\n- two"),
        ("> said\n>\n> > more", "> said\n> more"),
        ("```python title=x\nx = 1\n```", "```python\nx = 1\n```"),
        ("```{note}\nx\n```", "```\nx\n```"),
        ("    x = 1", "```\nx = 1\n```"),
        ("text\n\n```\nx\n```\n\ntext", "text\n```\nx\n```\ntext"),
        ("1. do\n   ```sh\n     x\n   ```\n   more\n2. y", "1. do\n```sh\n  x\n```\n   more\n2. y"),
        ("- ```\n  x\n  ```", "-\n```\nx\n```"),
        ("> ```\n> x\n> ```", "> ```\n> x\n> ```"),
        ("````\n```\nx\n```\n````", "```\n`\u200b`\u200b`\nx\n`\u200b`\u200b`\n```"),
        ("", ""),
    ],
)
def test_markdown_is_shown_as_discord_shows_it(text: str, shown: str):
    assert render_markdown(text) == shown
