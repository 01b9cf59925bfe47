"""PDFs with text at places that the test says, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FONTS = {
    "F": b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Type/Encoding"
    b"/BaseEncoding/WinAnsiEncoding/Differences[1/fi]>>>>",
    "C": b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    # Two bytes a character, and no table that says which character that is.
    "U": b"<</Type/Font/Subtype/Type0/BaseFont/Odd/Encoding/Identity-H/DescendantFonts[<</Type"
    b"/Font/Subtype/CIDFontType2/BaseFont/Odd/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    b"/Supplement 0>>/DW 500/FontDescriptor<</Type/FontDescriptor/FontName/Odd/Flags 4>>>>]>>",
}
PICTURE = b"q 500 0 0 700 40 40 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"

Text = tuple[float, float, str]
"""Left end, baseline, and text."""


def put(texts: Iterable[Text], *, size: float = 10, font: str = "F") -> bytes:
    """The drawing of texts; those of the font `U` are hexadecimal."""
    shown = []
    for x, y, text in texts:
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        written = f"<{text}>" if font == "U" else f"({escaped})"
        shown.append(f"BT /{font} {size} Tf {x} {y} Td {written} Tj ET".encode("cp1252"))
    return b"\n".join(shown)


def put_lines(lines: Sequence[str], *, left: float = 72, top: float = 700, **font: object) -> bytes:
    """The drawing of lines below each other."""
    return put([(left, top - 12 * n, line) for n, line in enumerate(lines)], **font)  # type: ignore[arg-type]


def write_pdf(*pages: Sequence[bytes]) -> bytes:
    """A PDF whose pages are drawn by these pieces."""
    fonts = b"".join(b"/%s %d 0 R" % (name.encode(), n) for n, name in enumerate(FONTS, 3))
    first = 3 + len(FONTS)
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 595 842]/Resources<</Font<<%s>>>>>>"
        % (kids, len(pages), fonts),
        *FONTS.values(),
    ]
    for number, pieces in enumerate(pages):
        content = b"\n".join(pieces)
        objects.append(b"<</Type/Page/Parent 2 0 R/Contents %d 0 R>>" % (first + 2 * number + 1))
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    data = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, len(data))
    )
