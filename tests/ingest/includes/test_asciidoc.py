from __future__ import annotations

import pytest

from tests.ingest.includes.samples import fill, show

CODE = "# tag::a[]\none\n# tag::b[]\ntwo\n# end::b[]\n# end::a[]\nthree\n"
FILES = {
    "docs/x.rb": CODE,
    "docs/part.adoc": "== Part\n\n----\n== no heading\n----\n\ninclude::more.adoc[]\n",
    "docs/more.adoc": "more\n",
    "modules/ROOT/partials/p.adoc": "of Antora\n",
    "modules/ROOT/examples/e.yml": "a: 1\n",
}


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("include::x.rb[tag=a]", "one\ntwo"),
        ("include::x.rb[tags=a;!b]", "one"),
        ("include::x.rb[tags=**]", "one\ntwo\nthree"),
        ("include::x.rb[tags=!b]", "one\nthree"),
        ("include::x.rb[]", "one\ntwo\nthree"),
        ("include::x.rb[lines=2..4;7]", "one\n# tag::b[]\ntwo\nthree"),
        ('include::x.rb[lines="7..-1"]', "three"),
        ("----\ninclude::x.rb[tag=b,indent=2]\n----", "----\n  two\n----"),
        ("include::part.adoc[leveloffset=+1]", "=== Part\n\n----\n== no heading\n----\n\nmore"),
        ("|===\n|x\na|include::more.adoc[]\n|===", "|===\n|x\na|more\n|==="),
        ("a| include::more.adoc[] | y", "a| more | y"),
        ("|include::more.adoc[]", "|include::more.adoc[]"),
        ("see include::more.adoc[]", "see include::more.adoc[]"),
        ("\\include::x.rb[]", "\\include::x.rb[]"),
        (":dir: .\n\ninclude::{dir}/more.adoc[]", ":dir: .\n\nmore"),
        ("include::none.adoc[opts=optional]", "include::none.adoc[opts=optional]"),
        ("include::none.adoc[]", ""),
    ],
)
def test_directives(page: str, shown: str):
    assert show(page, FILES, "docs/a.adoc") == shown


@pytest.mark.parametrize("target", ["partial$p.adoc", "ROOT:partial$p.adoc"])
def test_families_of_antora(target: str):
    path = "modules/ROOT/pages/deep/a.adoc"
    assert show(f"include::{target}[]", FILES, path) == "of Antora"
    assert show("include::example$e.yml[]", FILES, path) == "a: 1"


def test_a_missing_tag_is_reported():
    filled = fill(FILES, **{"docs/a.adoc": "include::x.rb[tag=c]\n"})
    assert filled.failures == ('docs/a.adoc: its include "x.rb" has no "c"',)
