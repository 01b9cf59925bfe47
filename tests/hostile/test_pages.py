"""Pages that ask for too much work: read in one real sync, each beside a harmless neighbour."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import Downloads, parse_sources
from tests.hostile import office_files
from tests.hostile.attacks import Attack, each_attack, read_attacks
from tests.hostile.sync import Synced, sync_sources
from tests.ingest.formats.samples import docx, paragraph, pdf

Files = Mapping[str, bytes]
MB = 2**20
MAX_INCLUDED = 300_000
"""Less than docent allows, so that its chunks are fewer."""


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Synced:
    folder = tmp_path_factory.mktemp("pages")
    for number, attack in enumerate(read_attacks("pages")):
        write(folder / "docs" / str(number), attack)
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr("ingest.includes.allowance.MAX_INCLUDED", MAX_INCLUDED)
        sources = parse_sources(str(folder / "docs"))
        return sync_sources(sources, Downloads(folder / "snapshots"), folder)


@pytest.fixture(scope="module")
def texts(synced: Synced) -> Mapping[str, str]:
    """The texts by path: there is one source."""
    return {path: text for (_, path), text in synced.texts.items()}


@each_attack("pages")
def test_a_page_costs_no_more_than_its_line(
    attack: Attack, synced: Synced, texts: Mapping[str, str]
):
    folder = str(read_attacks("pages").index(attack))
    lines = [line for line in synced.report.failures if line.startswith(f"{folder}/")]
    assert f"neighbour {folder}" in texts[f"{folder}/neighbour.md"]
    assert not [line for line in lines if "took longer" in line or "GiB" in line]
    assert all(len(line) < 500 and "\n" not in line for line in lines)
    if "line" in attack:
        assert any(attack["line"] in line for line in lines), lines
    elif "shown" in attack:
        assert attack["shown"] in texts.get(f"{folder}/{attack['path']}", ""), lines
    else:
        assert attack["either"]
        assert lines or f"{folder}/{attack['path']}" in texts


def test_the_report_has_a_line_for_each_page_and_no_flood(synced: Synced):
    assert len(synced.report.failures) <= 2 * len(read_attacks("pages"))


@pytest.mark.parametrize("build", ["many_variables", "many_includes"])
def test_what_a_page_includes_is_counted(build: str, texts: Mapping[str, str]):
    builds = [attack.get("build") for attack in read_attacks("pages")]
    text = texts[f"{builds.index(build)}/odd.md"]
    written = len(BUILDERS[build]()[""])
    assert MAX_INCLUDED / 2 < len(text) < MAX_INCLUDED + written


def write(folder: Path, attack: Attack) -> None:
    """Write the page of an attack and its neighbour."""
    folder.mkdir(parents=True)
    (folder / "neighbour.md").write_text(f"# Fine\n\nneighbour {folder.name}")
    page = folder / attack["path"]
    if attack.get("build") == "sparse":
        with page.open("wb") as file:
            file.truncate(3 * 2**30)
    elif "build" in attack:
        for name, data in BUILDERS[attack["build"]]().items():
            (folder / (name or attack["path"])).write_bytes(data)
    else:
        page.write_bytes(repeat(attack).encode(attack.get("encoding", "utf-8")))


def repeat(attack: Attack) -> str:
    """Return the text of an attack, repeated as it says."""
    text, times = attack.get("repeat", ("", 0))
    return attack.get("text") or attack.get("before", "") + text * times + attack.get("after", "")


def yaml_aliases() -> Files:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    return {"": "\n".join(["---", "title: T", *lines, "---", "", "there is text"]).encode()}


def yaml_merges() -> Files:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
    return {"": "\n".join(["---", "title: T", *lines, "---", "", "there is text"]).encode()}


def rst_substitutions() -> Files:
    names = "abcdefghijklmnopqrstu"
    pairs = itertools.pairwise(names)
    lines = [f".. |{name}| replace:: |{following}| |{following}|" for name, following in pairs]
    return {"": "\n".join([*lines, ".. |u| replace:: x", "", "|a|", ""]).encode()}


def notebook_output() -> Files:
    printed: dict[str, Any] = {"output_type": "stream", "name": "stdout", "text": "x" * MB}
    cells = [
        {"cell_type": "markdown", "source": "there is text"},
        {"cell_type": "code", "source": "a", "outputs": [printed] * 8},
    ]
    return {"": json.dumps({"cells": cells}).encode()}


def many_variables() -> Files:
    page = "there is text {{a}}" + "{{a}}" * 100_000
    return {"": page.encode(), "Variables.json": json.dumps({"a": "x" * 10_000}).encode()}


def many_includes() -> Files:
    page = "there is text\n\n" + "{{large.md}}\n" * 10_000
    return {"": page.encode(), "large.md": b"word " * 10_000}


def doubling_includes() -> Files:
    names = ["", *(f"d{n}.md" for n in range(8))]
    files = {
        name: f'there is text {name}\n\n--8<-- "{after}"\n\n--8<-- "{after}"\n'.encode()
        for name, after in itertools.pairwise(names)
    }
    return {**files, names[-1]: b"end " * 50}


def chained_includes() -> Files:
    names = ["", *(f"c{n}.md" for n in range(12))]
    files = {
        name: f'there is text\n\n--8<-- "{after}"\n'.encode()
        for name, after in itertools.pairwise(names)
    }
    return {**files, names[-1]: b"end"}


def many_parts() -> Files:
    marks = "".join(f'--8<-- "lines.md:{n}:{n}"\n' for n in range(1, 2_000))
    page = f"there is text\n\n{marks}"
    return {"": page.encode(), "lines.md": b"a line of some words\n" * 5_000}


def growing_values() -> Files:
    value = "x" * 10_000
    page = f"import A from './_part.mdx'\n\nthere is text\n\n<A v='{value}' />\n"
    return {"": page.encode(), "_part.mdx": b"{props.v} " * 1_000}


def docx_tags() -> Files:
    return {"": docx("<w:p/>" * 1_100_000)}


def docx_large() -> Files:
    return {"": docx(paragraph("a" * 70 * MB))}


def docx_nested() -> Files:
    return {"": docx("<w:ins>" * 30_000 + paragraph("a") + "</w:ins>" * 30_000)}


def docx_entities() -> Files:
    entities = '<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">'
    entities += "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return _replace_part("word/document.xml", f"{entities}]><a>&a11;</a>".encode())


def docx_files() -> Files:
    return _add_parts((f"word/media/{number}.txt", b"") for number in range(10_100))


def docx_false_size() -> Files:
    data = docx(paragraph("a" * 1_000))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        size = parts.getinfo("word/document.xml").file_size
    wrong, right = (10).to_bytes(4, "little"), size.to_bytes(4, "little")
    return {"": data.replace(right, wrong)}


def _replace_part(name: str, content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(docx(paragraph("a")))) as parts:
        contents = {each: parts.read(each) for each in parts.namelist()} | {name: content}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for each, data in contents.items():
            written.writestr(each, data)
    return {"": file.getvalue()}


def _add_parts(parts: Iterator[tuple[str, bytes]]) -> Files:
    file = io.BytesIO(docx(paragraph("a")))
    with zipfile.ZipFile(file, "a") as written:
        for name, data in parts:
            written.writestr(name, data)
    return {"": file.getvalue()}


def _write_pdf(*objects: str) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size} /Root 1 0 R>>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF\n".encode()


def pdf_loop() -> Files:
    return {
        "": _write_pdf("<</Type /Catalog /Pages 2 0 R>>", "<</Type /Pages /Kids [2 0 R] /Count 2>>")
    }


def pdf_count() -> Files:
    pages = "<</Type /Pages /Kids [] /Count 1000000>>"
    return {"": _write_pdf("<</Type /Catalog /Pages 2 0 R>>", pages)}


def pdf_faults() -> Files:
    whole = pdf(["there is text"])
    return {"": whole.replace(b"/Type", b"/Tipe", 1) + b"\n1 0 obj <<" * 5_000}


BUILDERS: Mapping[str, Callable[[], Files]] = office_files.BUILDERS | {
    build.__name__: build
    for build in (
        docx_entities,
        docx_false_size,
        docx_files,
        docx_large,
        docx_nested,
        docx_tags,
        many_includes,
        doubling_includes,
        chained_includes,
        many_parts,
        growing_values,
        many_variables,
        notebook_output,
        pdf_count,
        pdf_faults,
        pdf_loop,
        rst_substitutions,
        yaml_aliases,
        yaml_merges,
    )
}
