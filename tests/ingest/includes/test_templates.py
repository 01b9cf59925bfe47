from __future__ import annotations

import pytest

from tests.ingest.includes.samples import fill, show

FILES = {
    "_includes/note.md": "Note: {{ include.text }}{{ include.other }}\n",
    "_includes/box.html": "<b>{{ include.text }}</b>\n",
    "_includes/loop.html": "{% for a in b %}{{ a }}{% endfor %}",
    "_common/part.md": "---\n_comment: x\n---\n\npart\n",
    "docs/conf.yml": "a: 1\n",
    "data/reusables/a/b.md": "reusable\n",
    ".gitbook/includes/x.md": "---\ntitle: X\n---\nbook\n",
    "docs/part.md": "intro\n<!--s-->\n# H\ntext\n<!--e-->\nend\n",
    "docs/examples/pod.yaml": "kind: Pod\n",
    "docs/fragments/f.md": "fragment",
}


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ('{% include note.md text="be careful" %}', "Note: be careful"),
        ('{% include box.html text="x" %}', "<b>x</b>"),
        ("{% include note.md text=page.title %}", "Note: "),
        ("{% include loop.html %}", "{% include loop.html %}"),
        ('{% include none.html content="x" %}', '{% include none.html content="x" %}'),
        (
            "{% raw %}{% include note.md %}{% endraw %}",
            "{% raw %}{% include note.md %}{% endraw %}",
        ),
        ("```\n{% include none.md %}\n```", "```\n{% include none.md %}\n```"),
        ("```\n{% include_relative conf.yml %}\n```", "```\na: 1\n```"),
        ("`{% include note.md %}`", "`{% include note.md %}`"),
        ("{% include_relative part.md %}", "intro\n<!--s-->\n# H\ntext\n<!--e-->\nend"),
        ('{% include "../.gitbook/includes/x.md" %}', "book"),
        ('{% include "./part.md" %}', "intro\n<!--s-->\n# H\ntext\n<!--e-->\nend"),
        (
            '{% include-markdown "part.md" start="<!--s-->" end="<!--e-->" heading-offset=1 %}',
            "\n## H\ntext",
        ),
        ("{% data reusables.a.b %}", "reusable"),
        ("{% data variables.a.b %}", "{% data variables.a.b %}"),
        ('{% render "note.md" %}', "Note: "),
        ('{{% include "/_common/part.md" %}}', "part"),
        ('{{% include "_common/part" %}}', "part"),
        ('{{%/* include "/_common/part.md" */%}}', '{{%/* include "/_common/part.md" */%}}'),
        ('{{< readfile file="conf.yml" code="true" lang="yaml" >}}', "```yaml\na: 1\n```"),
        ('{{% readfile file="/_common/part.md" %}}', "part"),
        ('{{< code_sample file="pod.yaml" >}}', "**pod.yaml**\n\n```yaml\nkind: Pod\n```"),
        (
            '{{< code file="a.sh" >}}\nls\n{{< /code >}}',
            '{{< code file="a.sh" >}}\nls\n{{< /code >}}',
        ),
        ('{{% include "none.md" %}}', ""),
        ("{{fragments/f.md}}", "fragment"),
        ("- {{ fragments/f.md }}", "- fragment"),
        ("`{{none.md}}`", "`{{none.md}}`"),
        ("{{none.md}}", ""),
    ],
)
def test_tags(page: str, shown: str):
    assert show(page, FILES) == shown


def test_what_stays_is_reported_once():
    filled = fill(FILES, **{"docs/a.md": "{% include none.html %}\n" * 2 + "`{% include x.md %}`"})
    assert filled.failures == ('docs/a.md: its include "none.html" is not in the source',)
    assert filled.texts == {}


def test_many_values_do_not_grow_without_end():
    files = {"_includes/a.md": "{{ include.v }}" * 10_000}
    shown = show(f'{{% include a.md v="{"x" * 3_000}" %}}', files)
    assert len(shown) < 1_000_000
