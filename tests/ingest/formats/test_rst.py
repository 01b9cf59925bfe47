from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from ingest.documents import PageError
from ingest.formats import rst
from tests.ingest.formats.reading import blocks, outline, read, read_file, text


def shown(source: str) -> list[str]:
    return [block.text for block in blocks(read(dedent(source), "a.rst"))]


def test_sections_have_the_anchors_of_sphinx():
    document = read(
        dedent(
            """\
            :orphan:

            .. _label:

            Getting Started: 2.0!
            =====================

            Text.

            What's new?
            -----------

            More.
            """
        ),
        "a.rst",
    )
    assert document.title == "Getting Started: 2.0!"
    assert outline(document) == [
        ("Getting Started: 2.0!", "getting-started-2-0"),
        ("What's new?", "what-s-new"),
    ]


def test_roles_read_as_on_the_page():
    assert shown(
        """\
        See :ref:`the guide <guide>`, :doc:`/index`, :class:`~ray.data.Dataset`,
        :meth:`~ray.data.Dataset.map`, :py:func:`ray.get`, :meth:`fit() <ray.fit>`,
        :unheard-of:`words`, ``literal_``, |version| and missing_.
        """
    ) == [
        (
            "See the guide, /index, `Dataset`, `map()`, `ray.get()`, `fit()`, `words`, `literal_`, "
            "|version| and missing_."
        )
    ]


def test_directives_keep_their_text():
    assert shown(
        """\
        .. toctree::
            :maxdepth: 2

            hidden

        .. code-block:: yaml
            :emphasize-lines: 1

            a: 1

        .. warning::

            Be careful.

        .. tab-set::

            .. tab-item:: Python
                :sync: py

                Text of *Python*.

        .. versionadded:: 2.4
            Faster.

        .. never-heard-of:: Some title
            :option: x

            Its content.

        .. literalinclude:: /code/stopping.py
            :language: python

        .. image:: a.png
            :alt: A diagram

        .. list-table::
            :header-rows: 1

            * - Name
              - Default
            * - port
              - 19530
        """
    ) == [
        "```yaml\na: 1\n```",
        "Warning",
        "Be careful.",
        "Python:",
        "Text of *Python*.",
        "New in version 2.4: Faster.",
        "Some title:",
        "Its content.",
        "See `/code/stopping.py`.",
        "A diagram",
        "| Name | Default |\n| --- | --- |\n| port | 19530 |",
    ]


def test_no_file_is_read_and_no_html_is_taken_over(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("swordfish")
    found = shown(
        f"""\
        .. include:: {secret}

        .. raw:: html

            <script>alert(1)</script>

        .. csv-table::
            :file: {secret}

        .. literalinclude:: {secret}

        Text.
        """
    )
    assert "swordfish" not in str(found)
    assert "alert" not in str(found)
    assert found[-1] == "Text."


def test_what_docutils_can_not_read_stays_as_written():
    found = "\n".join(shown("Before.\n\n==== ===\na    b c d\n====\n\nAfter **open.\n"))
    assert "Before." in found
    assert "a    b c d" in found
    assert "open." in found
    assert "System Message" not in found


def test_a_page_that_is_too_large(monkeypatch):
    monkeypatch.setattr(rst, "MAX_CHARS", 10)
    with pytest.raises(PageError, match="larger than"):
        read("x" * 11, "a.rst")


@pytest.mark.parametrize(
    ("name", "title", "heading", "sentence"),
    [
        (
            "actors.rst",
            "Actors",
            ("Calling the actor", "calling-the-actor"),
            "```java\n// A regular Java class.\npublic class Counter {\n\n  private int value = 0;",
        ),
        (
            "performance-tips.rst",
            "Advanced: Performance Tips and Tuning",
            ("Tuning read parallelism", "tuning-read-parallelism"),
            "By default, Ray Data automatically selects the read `parallelism`",
        ),
        (
            "tune-stopping.rst",
            "How to Define Stopping Criteria for a Ray Tune Experiment",
            ("Stop on trial failures", "stop-on-trial-failures"),
            "Custom Stopper Class:",
        ),
        (
            "profiling.rst",
            "Profiling for Ray Developers",
            ("Installation", "installation"),
            "```bash\nsudo apt-get install google-perftools libgoogle-perftools-dev\n```",
        ),
    ],
)
def test_real_pages(shared: Path, name: str, title: str, heading: tuple[str, str], sentence: str):
    document = read_file(shared / "corpus/formats/rst" / name)
    assert document.title == title
    assert heading in outline(document)
    assert sentence in text(document)


def test_no_markup_is_left_of_real_pages(shared: Path):
    pages = sorted((shared / "corpus/formats/rst").glob("*.rst"))
    assert len(pages) == 6
    for page in pages:
        document = read_file(page)
        assert all(section.anchor for section in document.sections)
        prose = "\n".join(b.text for b in blocks(document) if b.kind != "fence")
        for markup in (":ref:", ":meth:", "tab-item", "toctree", ":sync:", "literalinclude"):
            assert markup not in prose, page.name


def test_the_roles_of_a_page_are_no_other_pages():
    before = shown(":strong:`c` and `b`.")
    shown(".. default-role:: literal\n\n.. role:: strong(emphasis)\n\nA `b` :strong:`c`.\n")
    assert shown(":strong:`c` and `b`.") == before


WATCHED: list[list[str]] = []
"""The list that openings are noted in, if a test watches: an audit hook stays for good."""


def note_opening(event: str, arguments: tuple[object, ...]) -> None:
    if WATCHED and event in {"open", "os.scandir", "socket.getaddrinfo", "subprocess.Popen"}:
        WATCHED[0].append(str(arguments[0]))


@pytest.fixture(scope="module", autouse=True)
def hook() -> None:
    sys.addaudithook(note_opening)


@contextmanager
def watch() -> Iterator[list[str]]:
    opened: list[str] = []
    WATCHED.append(opened)
    try:
        yield opened
    finally:
        WATCHED.clear()


@pytest.mark.parametrize("name", ["canary.txt", "canary.svg", "canary.png"])
@pytest.mark.parametrize(
    "directive",
    [
        *("include:: {}", "literalinclude:: {}", "parsed-literal:: {}", "highlight:: {}"),
        *("include:: {}\n   :code: python", "include:: {}\n   :parser: markdown"),
        *("raw:: html\n   :file: {}", "raw:: html\n   :url: file://{}"),
        *("csv-table:: T\n   :file: {}", "csv-table:: T\n   :url: file://{}"),
        *("image:: {}\n   :loading: embed", "image:: file://{}\n   :loading: embed"),
        *("figure:: {}\n   :loading: embed", "|a| image:: {}\n   :loading: embed\n\n|a|"),
        *("image:: {}\n   :scale: 50", "figure:: {}\n   :figwidth: image"),
        *("math::\n   :file: {}", "graphviz:: {}", "uml:: {}", "table:: T\n   :file: {}"),
        *("code:: python\n   :file: {}", "list-table::\n   :file: {}", "video:: {}"),
        "role:: odd(raw)\n   :format: html\n   :file: {}\n\n:odd:`x`",
    ],
)
def test_no_directive_reads_a_file(tmp_path: Path, name: str, directive: str):
    canary = tmp_path / name
    canary.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>sings</text></svg>")
    source = f"Text.\n\n.. {directive.format(canary)}\n\nThe end.\n"
    with watch() as opened:
        words = text(read(source, "a.rst"))
    assert "The end." in words
    assert "sings" not in words
    assert not [place for place in opened if str(tmp_path) in place]
