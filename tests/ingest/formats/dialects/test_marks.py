from __future__ import annotations

from tests.ingest.formats.reading import blocks, read


def test_a_tab_with_a_language_is_code():
    text = """{{< tabs name="boil" >}}
{{< tab name="Shell" codelang="bash" >}}
# light it
boil {{ lid }}
{{< /tab >}}
{{% tab name="Words" %}}
Boil *it*.
{{% /tab %}}
{{< /tabs >}}
"""
    assert [block.text for block in blocks(read(text, "a.md"))] == [
        "**Shell**",
        "```bash\n# light it\nboil {{ lid }}\n```",
        "**Words**",
        "Boil *it*.",
    ]
