from __future__ import annotations

from textwrap import dedent

from tests.ingest.formats.reading import blocks, outline, read


def render(source: str) -> list[str]:
    return [block.text for block in blocks(read(dedent(source), "a.rst"))]


def test_expressions_and_numbers_are_no_text():
    assert render(
        """\
        .. only:: html

           For the web.

        .. ifconfig:: level in ("alpha", "beta")

           For testers.

        .. grid:: 1 2 3

           .. grid-item-card:: Fast

              Really.
        """
    ) == ["For the web.", "For testers.", "Fast:", "Really."]


def test_tabs_have_their_names():
    assert render(
        """\
        .. tabs::

           .. group-tab:: Linux

              Use apt.

           .. code-tab:: bash

              apt install x

           .. code-tab:: python Python 3

              x = 1
        """
    ) == [
        "Linux:",
        "Use apt.",
        "bash:",
        "```bash\napt install x\n```",
        "Python 3:",
        "```python\nx = 1\n```",
    ]


def test_versions_begin_their_notes():
    assert render(
        """\
        .. versionadded:: 2.1

           The *fast* mode.

        .. versionchanged:: 2.2 Faster.

        .. deprecated:: 3.0

        .. seealso:: :ref:`elsewhere`

        .. seealso::

           The plan.
        """
    ) == [
        "Added in version 2.1: The *fast* mode.",
        "Changed in version 2.2: Faster.",
        "Deprecated since version 3.0.",
        "See also elsewhere",
        "See also:",
        "The plan.",
    ]


def test_objects_have_signatures_and_readable_fields():
    assert render(
        """\
        .. py:class:: Client(url)
                      Client(host, port)

           A client.

           .. py:method:: get(key: str) -> bytes

              :param str key: Which *one*.
              :param limit: How many.
              :type limit: int
              :raises KeyError: There is none.
              :return: The value.
              :meta: x

        .. option:: --fast

        .. http:get:: /users
        """
    ) == [
        "`Client(url)`",
        "`Client(host, port)`",
        "A client.",
        "`get(key: str) -> bytes`",
        (
            "- `key` (str): Which *one*.\n- `limit` (int): How many.\n"
            "- Raises `KeyError`: There is none.\n- Returns: The value.\n- Meta: x"
        ),
        "`--fast`",
        "`GET /users`",
    ]


def test_a_definition_may_have_several_terms():
    assert render(
        """\
        .. glossary::
           :sorted:

           shard
           piece
              A part.
           node
              A machine.
        """
    ) == ["shard, piece", "A part.", "node", "A machine."]


def test_a_reference_shows_the_heading_or_caption_that_it_points_at():
    assert (
        render(
            """\
        See :ref:`my-plan`, :ref:`the-picture`, :ref:`elsewhere` and :ref:`own <my-plan>`.

        .. _the-picture:

        .. figure:: a.png

           How it flows

        .. _my-plan:

        Limits of a plan
        ----------------
        """
        )[0]
        == "See Limits of a plan, How it flows, elsewhere and own."
    )


def test_a_label_does_not_change_the_anchor_of_its_heading():
    document = read(
        ".. _api-reference:\n\nAPI Reference\n=============\n\na\n\n.. _other:\n\n"
        "Setup\n-----\n\nb\n\nSetup\n-----\n\nc\n",
        "a.rst",
    )
    assert [anchor for _, anchor in outline(document)] == ["api-reference", "setup", "id2"]


def test_captions_of_code_and_parts_of_cards_are_text():
    assert render(
        """\
        .. code-block:: sh
           :caption: Light *it*

           boil ^^^

        .. literalinclude:: boil.sh
           :caption: boil.sh, whole

        .. card:: Kettle

           Red.
           ^^^
           A lid.

           .. code-block:: text

              ++++
           +++
           See the lid.
        """
    ) == [
        "Light *it*",
        "```sh\nboil ^^^\n```",
        "boil.sh, whole",
        "See `boil.sh`.",
        "Kettle:",
        "Red.",
        "A lid.",
        "```\n++++\n```",
        "See the lid.",
    ]


def test_code_has_its_caption():
    assert render(
        """\
        .. code-block:: python
           :caption: The file ``limits.py``

           LIMIT = 3

        .. code-block:: sh
           :linenos:

           ls
        """
    ) == ["The file `limits.py`", "```python\nLIMIT = 3\n```", "```sh\nls\n```"]
