from __future__ import annotations

from ingest.formats import read_document
from tests.ingest.formats.reading import blocks
from tests.ingest.sites.trees import find_page, read_tree

MKDOCS = """\
site_name: Tool
site_url: https://tool.test/
docs_dir: manual
markdown_extensions:
  - pymdownx.snippets:
      base_path: [parts]
      auto_append: [manual/links.md]
"""
CONF = '''\
extensions = []
html_baseurl = "https://tool.test/"
rst_prolog = """
.. warning:: These pages are a draft.

.. |tool| replace:: The Tool
"""
rst_epilog = """
.. _home page: https://home.test/
"""
'''


def show(files: dict[str, str], path: str, folder: str = "") -> list[str]:
    page = find_page(read_tree(files, folder=folder), path)
    return [block.text for block in blocks(read_document(page))]


def test_snippets_lie_in_the_folders_that_the_settings_name():
    files = {
        "mkdocs.yml": MKDOCS,
        "manual/a.md": '# A\n\n--8<-- "quota.md"\n',
        "manual/links.md": "[set up]: b.md\n",
        "parts/quota.md": "A quota of 9.\n",
    }
    assert show(files, "manual/a.md") == ["A quota of 9."]


def test_a_snippet_is_named_from_the_top_of_the_repository():
    files = {
        "mkdocs.yml": MKDOCS.replace("base_path: [parts]", "check_paths: true"),
        "manual/a.md": '# A\n\n--8<-- "manual/deep/quota.md"\n',
        "manual/links.md": "",
        "manual/deep/quota.md": "A quota of 9.\n",
    }
    assert show(files, "a.md", folder="manual/") == ["A quota of 9."]


def test_definitions_of_an_appended_file_are_those_of_each_page():
    files = {
        "mkdocs.yml": MKDOCS,
        "manual/a.md": "# A\n\nFirst [set up] the HTML.\n",
        "manual/b.md": "# B\n\nText.\n",
        "manual/links.md": "[set up]: b.md\n",
    }
    assert show(files, "manual/a.md") == ["First [set up](https://tool.test/b/) the HTML."]


def test_an_appended_file_that_is_missing_is_one_line():
    pages = {"manual/a.md": "# A\n\nText.\n", "manual/b.md": "# B\n\nText.\n"}
    failures = read_tree({"mkdocs.yml": MKDOCS, **pages}).failures
    assert [line for line in failures if "links.md" in line] == [
        '"manual/links.md", which the site appends to its pages, is not in the source'
    ]


def test_what_sphinx_defines_for_each_page():
    files = {
        "conf.py": CONF,
        "a.rst": "A\n=\n\n|tool| has a `home page`_.\n",
        "b.md": "# B\n\nText.\n",
    }
    assert show(files, "a.rst") == ["The Tool has a [home page](https://home.test/)."]
    assert show(files, "b.md") == ["Text."]
