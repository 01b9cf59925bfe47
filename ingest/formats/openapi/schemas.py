"""Schemas: the properties of a body as rows of a table, with references and variants resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ingest.documents import PageError
from ingest.formats.openapi.values import (
    Fields,
    format_code,
    format_value,
    get_fields,
    get_items,
    get_line,
    get_text,
)

MAX_ROWS = 200
"""Most properties of a body."""

MAX_LEVELS = 7
"""Most levels of properties inside others."""

MAX_STEPS = 500_000
"""Schemas that are looked at for one page; combinations could ask for many times as many."""

_MAX_VALUES = 60
_MAX_VARIANTS = 20
_LIMITS = (
    ("minimum", "At least {}."),
    ("exclusiveMinimum", "More than {}."),
    ("maximum", "At most {}."),
    ("exclusiveMaximum", "Less than {}."),
    ("multipleOf", "A multiple of {}."),
    ("minLength", "At least {} characters."),
    ("maxLength", "At most {} characters."),
    ("minItems", "At least {} items."),
    ("maxItems", "At most {} items."),
    ("pattern", "Pattern {}."),
)

Direction = Literal["request", "response", ""]


@dataclass(frozen=True, slots=True)
class Property:
    """A row of a table of properties.

    Attributes:
        name: its name, with those of the objects around it: `items[].price.amount`.
        type: its type in words.
        is_required: whether it must be there.
        default: its default as code; empty if there is none.
        values: the values that it may have, as code.
        description: its description in Markdown, in one or more lines.
    """

    name: str
    type: str
    is_required: bool
    default: str
    values: str
    description: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema with what it refers to.

    Attributes:
        fields: its keywords, with those of the schemas that it combines.
        trail: keys of the references that led to it; one of them again is a recursion.
        name: the name that the description gives it; empty for a schema without one.
        is_repeated: whether it lies inside itself.
    """

    fields: Fields
    trail: frozenset[str] = frozenset()
    name: str = ""
    is_repeated: bool = False


class SchemaReader:
    """Reads the schemas of a page.

    Args:
        references: values by the keys that `$ref` names.
    """

    def __init__(self, references: Mapping[str, Any]) -> None:
        self._references = references
        self._steps = 0

    def find_target(self, node: Any) -> Any:
        """Return what a node refers to, else itself; None without one."""
        for _ in range(20):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node
            node = self._references.get(node["$ref"])
        return None

    def resolve(self, node: Any, trail: frozenset[str] = frozenset()) -> Schema:
        """Return a schema together with those that it refers to and combines.

        Raises:
            PageError: the page asks for too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise PageError("has schemas that combine too many others")
        if not isinstance(node, dict):
            return Schema({}, trail)
        fields, name = dict[str, Any](), ""
        key = node.get("$ref")
        if isinstance(key, str):
            name = _name_reference(key)
            if key in trail:
                return Schema({"type": "object"}, trail, name, is_repeated=True)
            target = self.resolve(self._references.get(key), trail | {key})
            fields, trail, name = {**target.fields}, target.trail, target.name or name
        above = trail
        for part in get_items(node, "allOf"):
            combined = self.resolve(part, above)
            fields = _unify(fields, combined.fields)
            trail |= combined.trail
        own = {word: value for word, value in node.items() if word not in {"$ref", "allOf"}}
        return Schema(_unify(fields, own), trail, name)

    def describe_type(self, schema: Schema, levels: int = 0) -> str:
        """Return the type of a schema in words."""
        fields = schema.fields
        if schema.is_repeated:
            return f"object ({schema.name}, as above)"
        types = _list_types(fields)
        variants = [] if types else self.list_variants(schema)
        if variants and levels < MAX_LEVELS:
            names = [_name_variant(v) or self.describe_type(v, levels + 1) for v in variants]
            types = [*dict.fromkeys(names), *(["null"] if fields.get("nullable") is True else [])]
        if "array" in types and "items" in fields and levels < MAX_LEVELS:
            item = self.describe_type(self.resolve(fields["items"], schema.trail), levels + 1)
            types[types.index("array")] = f"array of {item}"
        kind = " or ".join(types)
        form = get_line(fields, "format")
        return f"{kind} ({form})" if form and kind else kind or form or "any"

    def list_variants(self, schema: Schema) -> list[Schema]:
        """Return the alternatives of a schema."""
        written = get_items(schema.fields, "oneOf") + get_items(schema.fields, "anyOf")
        return [self.resolve(each, schema.trail) for each in written[:_MAX_VARIANTS]]

    def list_properties(self, schema: Schema, direction: Direction) -> list[Property]:
        """Return the properties of a body, each before those inside it.

        Args:
            schema: the schema of the body.
            direction: what only the other direction has is left out.

        Returns:
            at most `MAX_ROWS` rows; none if the body is neither an object nor a list of objects.
        """
        rows: list[Property] = []
        for row in self._walk(schema, "", direction, 0):
            if len(rows) == MAX_ROWS:
                break
            rows.append(row)
        return rows

    def describe_property(
        self, name: str, schema: Schema, *, is_required: bool, description: str = ""
    ) -> Property:
        """Return the row of a property or parameter.

        Args:
            name: its full name.
            schema: its schema.
            is_required: whether it must be there.
            description: its description; empty to take the schema's.

        Returns:
            the row.
        """
        fields = schema.fields
        values = _list_values(fields)
        if not values and "items" in fields:
            values = _list_values(self.resolve(fields["items"], schema.trail).fields)
        default = fields.get("default")
        return Property(
            name=name,
            type=self.describe_type(schema),
            is_required=is_required,
            default=format_code(default) if default is not None else "",
            values=", ".join(values),
            description=" ".join(_describe(fields, description or get_text(fields, "description"))),
        )

    def _walk(
        self, schema: Schema, prefix: str, direction: Direction, level: int
    ) -> Iterator[Property]:
        """Yield the properties inside a schema, with those inside them."""
        while "items" in schema.fields and level <= MAX_LEVELS:
            schema, prefix, level = (
                self.resolve(schema.fields["items"], schema.trail),
                f"{prefix}[]",
                level + 1,
            )
        if schema.is_repeated or level > MAX_LEVELS:
            return
        required = [word for word in get_items(schema.fields, "required") if isinstance(word, str)]
        start = f"{prefix}." if prefix else ""
        for name, node in _list_named(schema.fields):
            child = self.resolve(node, schema.trail)
            if _is_hidden(child.fields, direction):
                continue
            full = f"{start}{name}"
            yield self.describe_property(full, child, is_required=name in required)
            yield from self._walk(child, full, direction, level + 1)
        yield from self._walk_variants(schema, prefix, direction, level)

    def _walk_variants(
        self, schema: Schema, prefix: str, direction: Direction, level: int
    ) -> Iterator[Property]:
        """Yield the properties of the alternatives; one that all share stands once."""
        variants = self.list_variants(schema)
        found: dict[Property, list[str]] = {}
        for number, variant in enumerate(variants, 1):
            label = _name_variant(variant) or f"variant {number}"
            for count, row in enumerate(self._walk(variant, prefix, direction, level + 1)):
                if count > MAX_ROWS:
                    break
                found.setdefault(row, []).append(label)
        for row, labels in found.items():
            if len(labels) == len(variants):
                yield row
            else:
                where = f"Only in {', '.join(dict.fromkeys(labels))}."
                yield replace(row, description=f"{where} {row.description}".strip())


def _name_reference(key: str) -> str:
    pointer = key.partition("#")[2] or key.partition("#")[0].removesuffix(".yaml")
    return pointer.rpartition("/")[2].replace("~1", "/")[:100]


def _name_variant(schema: Schema) -> str:
    return (get_line(schema.fields, "title") or schema.name)[:100]


def _unify(fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of two schemas that hold together."""
    combined = {**fields, **more}
    for word in ("required", "oneOf", "anyOf"):
        if word in fields and word in more:
            combined[word] = get_items(fields, word) + get_items(more, word)
    ours, theirs = get_fields(fields, "properties"), get_fields(more, "properties")
    if ours and theirs:
        both = {name: {"allOf": [ours[name], theirs[name]]} for name in ours.keys() & theirs.keys()}
        combined["properties"] = {**ours, **theirs, **both}
    elif ours:
        combined["properties"] = ours
    return combined


def _list_types(fields: Fields) -> list[str]:
    written = fields.get("type")
    types = [
        word
        for word in (written if isinstance(written, list) else [written])
        if isinstance(word, str) and word
    ]
    if not types and not (get_items(fields, "oneOf") or get_items(fields, "anyOf")):
        types = [name for name, sign in (("object", "properties"), ("array", "items"))
                 if sign in fields][:1]  # fmt: skip
        types = types or list(dict.fromkeys(map(_name_type, _list_allowed(fields))))
    if fields.get("nullable") is True and types and "null" not in types:
        types.append("null")
    return types


def _name_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = ((str, "string"), (int, "integer"), (float, "number"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "any")


def _list_allowed(fields: Fields) -> list[Any]:
    return [fields["const"]] if "const" in fields else get_items(fields, "enum")


def _list_values(fields: Fields) -> list[str]:
    allowed = _list_allowed(fields)
    values = [format_code(value) for value in allowed[:_MAX_VALUES]]
    more = len(allowed) - _MAX_VALUES
    return [*filter(None, values), *([f"and {more} more"] if more > 0 else [])]


def _list_named(fields: Fields) -> Iterator[tuple[str, Any]]:
    """Yield names and schemas of properties; `*` is any name."""
    yield from get_fields(fields, "properties").items()
    yield from get_fields(fields, "patternProperties").items()
    others = fields.get("additionalProperties")
    if isinstance(others, dict) and others:
        yield "*", others


def _is_hidden(fields: Fields, direction: Direction) -> bool:
    other = {"request": "readOnly", "response": "writeOnly", "": ""}[direction]
    return fields.get(other) is True


def _describe(fields: Fields, description: str) -> Iterator[str]:
    """Yield the sentences that describe a schema."""
    if fields.get("deprecated") is True:
        yield "Deprecated."
    limits = list(_list_limits(fields))
    if description:
        is_open = limits and description.rstrip()[-1:].isalnum()
        yield f"{description.rstrip()}." if is_open else description
    yield from limits


def _list_limits(fields: Fields) -> Iterator[str]:
    """Yield what values may be, and an example."""
    for word, sentence in _LIMITS:
        limit = fields.get(word)
        if isinstance(limit, str | int | float) and not isinstance(limit, bool):
            yield sentence.format(format_code(limit) if word == "pattern" else limit)
    example = fields.get("example", next(iter(get_items(fields, "examples")), None))
    if example is not None and len(format_value(example)) <= 100:
        yield f"Example: {format_code(example)}."
