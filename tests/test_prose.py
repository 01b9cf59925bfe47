"""Docstrings, names and pages keep the rules of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    path for room in ("rag_core", "ingest", "bot") for path in sorted((ROOT / room).rglob("*.py"))
]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

BLOCKS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

MOST_WORDS = 12
"""In the first line of a docstring."""

CLAUSES = re.compile(
    r"(What|Whether|Where|Who|Whoever|Whom|Whose|How|Why|When|Whatever|Which|That|If|As|Nobody"
    r"|Somebody|Everybody|Everything|Nothing|Something)\b"
)
STIFF = re.compile(r"\b(whoever|whatever|somebody|nobody|foresaw|sign of life)\b", re.IGNORECASE)
NO_FOR_NOT = re.compile(
    r"(?<!there )(?<!how )\b(is|are|was|were) no (?!longer|more|such|other|better|larger|nearer"
    r"|faster|part of|promise|reason|sign|word|passage\b)\w",
    re.IGNORECASE,
)
"""German says `is no table`, English `is not a table`. The prompts of the LLM stay as measured."""
ARRAYS = re.compile(r"\b(Vectors?|ndarray|NDArray|Tensor|Scores|Matrix)\b")


VERBS = frozenset(
    re.findall(
        r"\w+",
        """
        abandon accept acquire activate adapt add adjust adopt answer append apply as ask assign
        attend
        begin break build
        can cancel change check choose chunk claim clean clear close collapse collect compare
        compile complete compute confirm connect convert count create cross cut
        decide decode decompress dedent delete deliver derive describe detect discard dispatch
        download draft drain draw drop
        edit embed emit encode end enqueue ensure escalate escape estimate exclude execute exit
        expand explain extend extract
        fail feed fence fetch fill find finish fit flatten flush forget format forward free fuse
        generate get group
        halve hand handle has hash hold
        identify ignore index insert inspect is isolate iterate
        join judge
        keep
        label learn leave limit list load locate
        main make map mark mask match measure move
        name neutralise normalise number
        offer on open order
        pack parse pause pick pin plan post postpone prefix prepare preview print probe process
        project prune publish purge put
        queue quote
        raise rank rate react read receive record redact refuse register release remember remove
        rename render renew repair repeat replace report request require rerank reserve resolve
        respond restart restore restrict resume retrieve reveal rewrite roll rotate round run
        sample save say score seal search select send serialise serve set settle share shorten
        should show shutdown silence skip slice slow slugify split spread start stem stop store
        stream strip subscribe suggest summarise switch sync
        take to tokenise translate trigger trim truncate try
        undo unify update upgrade
        visit
        wait walk warm watch withdraw wrap write
        zip
        """,
    )
)
"""With which functions begin: verbs, `is`, `has`, `on` an event, `to` or `as` another form."""


@dataclass(frozen=True)
class Function:
    """A function with a docstring, and what it belongs to."""

    place: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    docstring: str
    is_public: bool

    @property
    def first_line(self) -> str:
        return self.docstring.partition("\n")[0]

    @property
    def is_property(self) -> bool:
        return any("property" in ast.unparse(each) for each in self.node.decorator_list)

    @property
    def parameters(self) -> list[str]:
        taken = self.node.args
        names = [each.arg for each in [*taken.posonlyargs, *taken.args, *taken.kwonlyargs]]
        return [name for name in names if name not in {"self", "cls"}]

    @property
    def returned(self) -> str:
        return ast.unparse(self.node.returns) if self.node.returns else ""


def walk(path: Path, node: ast.AST, *, public: bool = True) -> Iterator[Function]:
    """The functions of a module and of its classes; those within functions are not public."""
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "")
        shown = public and (not name.startswith("_") or name == "__init__")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            place = f"{path.relative_to(ROOT).as_posix()}:{child.lineno} {child.name}"
            yield Function(place, child, ast.get_docstring(child) or "", shown)
            yield from walk(path, child, public=False)
        else:
            yield from walk(path, child, public=shown)


@functools.cache  # read when a test asks: each worker of pytest imports this module
def functions(path: Path) -> list[Function]:
    """The functions of a module."""
    return list(walk(path, ast.parse(path.read_text())))


NAMED_BY_THE_LIBRARY = {"connection_made", "connection_lost", "data_received", "verify_request"}


def names(path: Path) -> Iterator[tuple[str, str]]:
    """Place and name of the functions that a module or a class defines.

    Properties and constructors are named by what they give, commands by what is typed.
    """
    tree = ast.parse(path.read_text())
    owners = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for owner in owners:
        for node in ast.iter_child_nodes(owner):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            decorators = " ".join(map(ast.unparse, node.decorator_list))
            named = re.search(r"property|classmethod|command|callback|setter", decorators)
            is_command = bool(re.search(r"Annotated\[|AsJson", ast.unparse(node.args)))
            if not (
                named
                or is_command
                or node.name.startswith("__")
                or node.name in NAMED_BY_THE_LIBRARY
            ):
                yield f"{name_of(path)}:{node.lineno} {node.name}", node.name.strip("_")


def every(path: Path) -> Iterator[tuple[str, str]]:
    """Place and docstring of the module, its classes, functions and attributes."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if not isinstance(node, BLOCKS):
            continue
        yield f"{name_of(path)}:{getattr(node, 'lineno', 1)}", ast.get_docstring(node) or ""
        for before, after in pairwise(node.body):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if is_text and isinstance(before, ast.Assign | ast.AnnAssign):
                yield f"{name_of(path)}:{after.lineno}", str(after.value.value)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_docstring_begins_with_a_clause(path: Path):
    assert [place for place, text in every(path) if CLAUSES.match(text)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_first_lines_of_functions_are_short(path: Path):
    long = [
        each.place
        for each in functions(path)
        if len(each.first_line.split()) > MOST_WORDS and not each.is_property
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_docstrings_of_functions_begin_with_an_imperative(path: Path):
    """A verb in its base form; `Returns`, a noun or an article is none."""
    other = re.compile(r"(The|A|An|Its|This|These|One|All|Each|Every|No|Some)\b|\w+ing\b|\w+s\b")
    base_forms = {"Pass", "Process", "Address", "Guess", "Compress", "Express", "Discuss"}
    found = [
        each.place
        for each in functions(path)
        if each.docstring
        and not each.is_property
        and not each.node.name.startswith("__")
        and (match := other.match(each.docstring))
        and match[0] not in base_forms
        and not match[0].lower().endswith("bring")
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_with_many_parameters_explain_them(path: Path):
    """Public functions with three parameters or more have the sections that apply to them."""
    missing = []
    for each in functions(path):
        # The docstring of a command is its help.
        is_command = "typer." in ast.unparse(each.node.args)
        if not each.is_public or len(each.parameters) < 3 or is_command:
            continue
        if each.node.name == "__init__":  # the class explains it
            continue
        wanted = ["Args:"]
        if each.returned not in {"", "None", "NoReturn"}:
            wanted.append("Yields:" if "Iterator" in each.returned else "Returns:")
        if any(isinstance(node, ast.Raise) and node.exc for node in ast.walk(each.node)):
            wanted.append("Raises:")
        text = each.docstring.replace("Yields:", "Yields: Returns:")
        missing += [f"{each.place}: {name}" for name in wanted if name not in text]
    assert missing == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrays_have_a_shape(path: Path):
    missing = [
        each.place
        for each in functions(path)
        if ARRAYS.search(each.returned) and each.is_public and "shape" not in each.docstring.lower()
    ]
    assert missing == []


@pytest.mark.parametrize("path", [*MODULES, *PAGES], ids=name_of)
def test_stiff_words_stay_out(path: Path):
    lines = path.read_text().splitlines()
    assert [f"{n}: {line}" for n, line in enumerate(lines, 1) if STIFF.search(line)] == []


@pytest.mark.parametrize("path", [*MODULES, *PAGES], ids=name_of)
def test_what_is_not_a_thing_is_said_so(path: Path):
    lines = path.read_text().splitlines()
    assert [f"{n}: {line}" for n, line in enumerate(lines, 1) if NO_FOR_NOT.search(line)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_begin_with_a_verb(path: Path):
    """A new verb is added to VERBS, after a look whether one that is there would say it."""
    assert [place for place, name in names(path) if name.partition("_")[0] not in VERBS] == []


def test_every_verb_is_used():
    used = {name.partition("_")[0] for path in MODULES for _, name in names(path)}
    assert sorted(VERBS - used) == []
