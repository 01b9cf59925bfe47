"""Slack's rules for blocks, kept without slack_sdk's models so that both must agree.

The numbers are from docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.servers.slack.store import SlackError

MARKDOWN = 12_000
BLOCKS = 50
ALL_BLOCKS = 13_200  # measured: https://github.com/slackapi/bolt-js/issues/2509

TASK_STATUSES = {"pending", "in_progress", "complete", "error"}

# Each shape: required keys, then optional ones. `type` and, for blocks, `block_id` are understood.
BLOCK_SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "section": (set(), {"text", "fields", "accessory", "expand"}),
    "divider": (set(), set()),
    "header": ({"text"}, set()),
    "context": ({"elements"}, set()),
    "context_actions": ({"elements"}, set()),
    "actions": ({"elements"}, set()),
    "markdown": ({"text"}, set()),
    "image": ({"alt_text"}, {"image_url", "slack_file", "title"}),
    "rich_text": ({"elements"}, set()),
    "table": ({"rows"}, {"column_settings"}),
    "task_card": ({"task_id", "title", "status"}, {"details", "output", "sources"}),
    "plan": ({"title"}, {"tasks"}),
    "input": ({"label", "element"}, {"hint", "optional", "dispatch_action"}),
}
BUTTON = {"url", "value", "style", "confirm", "accessibility_label", "visible_to_user_ids"}
SELECT = {"placeholder", "confirm", "focus_on_load", "initial_option", "initial_options"}
ELEMENT_SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "button": ({"text", "action_id"}, BUTTON | {"agent_prompt", "agent_prompt_display"}),
    "feedback_buttons": ({"action_id", "positive_button", "negative_button"}, set()),
    "icon_button": ({"icon", "text", "action_id"}, BUTTON - {"url", "style"}),
    "overflow": ({"action_id", "options"}, {"confirm"}),
    "static_select": ({"action_id", "options"}, SELECT),
    "multi_static_select": ({"action_id", "options"}, SELECT | {"max_selected_items"}),
    "radio_buttons": ({"action_id", "options"}, SELECT),
    "checkboxes": ({"action_id", "options"}, SELECT),
    "plain_text_input": (
        {"action_id"},
        {"initial_value", "multiline", "min_length", "max_length", "placeholder", "focus_on_load"},
    ),
}
INPUTS = set(ELEMENT_SHAPES) - {"button", "feedback_buttons", "icon_button", "overflow"}
ALLOWED_ELEMENTS = {
    "actions": set(ELEMENT_SHAPES) - {"feedback_buttons", "icon_button", "plain_text_input"},
    "context_actions": {"feedback_buttons", "icon_button"},
    "section": set(ELEMENT_SHAPES) - {"feedback_buttons", "icon_button", "plain_text_input"},
    "input": INPUTS,
}
MOST_ELEMENTS = {"actions": 25, "context_actions": 5, "context": 10}


def _bad(where: str, why: str) -> SlackError:
    return SlackError("invalid_blocks", f"{where}: {why}")


def _shape(
    node: Any, where: str, *, required: set[str], optional: set[str] = frozenset()
) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise _bad(where, "not an object")
    if missing := required - set(node):
        raise _bad(where, f"missing {sorted(missing)}")
    if unknown := set(node) - required - optional - {"type"}:
        raise _bad(where, f"unknown field {sorted(unknown)}")
    if nulls := [key for key, value in node.items() if value is None]:
        raise _bad(where, f"null in {nulls}")
    return node


def _string(value: Any, where: str, most: int, *, least: int = 1) -> None:
    if not isinstance(value, str) or not least <= len(value) <= most:
        size = len(value) if isinstance(value, str) else type(value).__name__
        raise _bad(where, f"wants a string of {least} to {most} characters, got {size}")


def _text(node: Any, where: str, most: int, *, plain: bool = False) -> None:
    _shape(node, where, required={"type", "text"}, optional={"emoji", "verbatim"})
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if node["type"] not in kinds:
        raise _bad(where, f"text type {node['type']!r}, wants {sorted(kinds)}")
    if "emoji" in node and node["type"] == "mrkdwn":
        raise _bad(where, "emoji is only for plain_text")
    _string(node["text"], where, most)


def _url(value: Any, where: str) -> None:
    _string(value, where, 3_000)
    if not value.startswith(("http://", "https://", "mailto:", "slack://")):
        raise _bad(where, f"not a URL: {value[:60]!r}")


def _feedback(node: Any, where: str) -> None:
    _shape(node, where, required={"text", "value"}, optional={"accessibility_label"})
    _text(node["text"], f"{where}.text", 75, plain=True)
    _string(node["value"], f"{where}.value", 2_000)


def _option(node: Any, where: str) -> None:
    _shape(node, where, required={"text", "value"}, optional={"description", "url"})
    _text(node["text"], f"{where}.text", 75)
    _string(node["value"], f"{where}.value", 150)


def _confirm(node: Any, where: str) -> None:
    sizes = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    _shape(node, where, required=set(sizes), optional={"style"})
    for key, most in sizes.items():
        _text(node[key], f"{where}.{key}", most)


ELEMENT_FIELDS: dict[str, Callable[[Any, str], None]] = {
    "action_id": lambda value, where: _string(value, where, 255),
    "text": lambda value, where: _text(value, where, 75, plain=True),
    "value": lambda value, where: _string(value, where, 2_000),
    "url": _url,
    "accessibility_label": lambda value, where: _string(value, where, 75),
    "placeholder": lambda value, where: _text(value, where, 150, plain=True),
    "positive_button": _feedback,
    "negative_button": _feedback,
    "confirm": _confirm,
}


def _element(node: Any, where: str, allowed: set[str]) -> None:
    kind = node.get("type") if isinstance(node, dict) else None
    if kind not in allowed:
        raise _bad(where, f"element {kind!r} can't stand here")
    required, optional = ELEMENT_SHAPES[kind]
    _shape(node, where, required=required, optional=optional)
    for key, check in ELEMENT_FIELDS.items():
        if key in node:
            check(node[key], f"{where}.{key}")
    if node.get("style") not in {None, "primary", "danger"}:
        raise _bad(where, f"style {node['style']!r}")
    if kind == "overflow" and not 1 <= len(node["options"]) <= 5:
        raise _bad(where, "wants 1 to 5 options")
    for number, option in enumerate(node.get("options", ())):
        _option(option, f"{where}.options[{number}]")


def _image(node: dict[str, Any], where: str) -> None:
    _string(node["alt_text"], f"{where}.alt_text", 2_000)
    if ("image_url" in node) == ("slack_file" in node):
        raise _bad(where, "wants one of image_url and slack_file")
    if "image_url" in node:
        _url(node["image_url"], f"{where}.image_url")
    if "title" in node:
        _text(node["title"], f"{where}.title", 2_000, plain=True)


def _section(block: dict[str, Any], where: str) -> None:
    if not block.get("text") and not block.get("fields"):
        raise _bad(where, "wants text or fields")
    if "text" in block:
        _text(block["text"], f"{where}.text", 3_000)
    if len(block.get("fields", ())) > 10:
        raise _bad(where, "more than 10 fields")
    for number, item in enumerate(block.get("fields", ())):
        _text(item, f"{where}.fields[{number}]", 2_000)
    accessory = block.get("accessory")
    if accessory and accessory.get("type") == "image":
        _shape(accessory, where, required={"alt_text"}, optional={"image_url", "slack_file"})
        _image(accessory, f"{where}.accessory")
    elif accessory:
        _element(accessory, f"{where}.accessory", ALLOWED_ELEMENTS["section"])


def _elements(block: dict[str, Any], where: str) -> None:
    elements, kind = block["elements"], block["type"]
    if not isinstance(elements, list) or not 1 <= len(elements) <= MOST_ELEMENTS[kind]:
        raise _bad(where, f"wants 1 to {MOST_ELEMENTS[kind]} elements")
    for number, element in enumerate(elements):
        place = f"{where}.elements[{number}]"
        if kind != "context":
            _element(element, place, ALLOWED_ELEMENTS[kind])
        elif isinstance(element, dict) and element.get("type") == "image":
            _shape(element, place, required={"alt_text"}, optional={"image_url", "slack_file"})
            _image(element, place)
        else:
            _text(element, place, 3_000)


def _table(block: dict[str, Any], where: str) -> None:
    rows = block["rows"]
    if not 1 <= len(rows) <= 100 or any(not 1 <= len(row) <= 20 for row in rows):
        raise _bad(where, "wants 1 to 100 rows of 1 to 20 cells")
    for cell in (cell for row in rows for cell in row):
        if cell.get("type") not in {"raw_text", "raw_number", "rich_text"}:
            raise _bad(where, f"cell type {cell.get('type')!r}")


def _task(block: dict[str, Any], where: str) -> None:
    _string(block["title"], f"{where}.title", 3_000)
    if block["status"] not in TASK_STATUSES:
        raise _bad(where, f"status {block['status']!r}")
    check_sources(block.get("sources", ()), where)


def _input(block: dict[str, Any], where: str) -> None:
    _text(block["label"], f"{where}.label", 2_000, plain=True)
    _element(block["element"], f"{where}.element", ALLOWED_ELEMENTS["input"])


def _plan(block: dict[str, Any], where: str) -> None:
    _string(block["title"], f"{where}.title", 3_000)
    for number, task in enumerate(block.get("tasks", ())):
        _block(task, f"{where}.tasks[{number}]", {"task_card"})


BLOCK_CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "section": _section,
    "header": lambda block, where: _text(block["text"], where, 150, plain=True),
    "context": _elements,
    "context_actions": _elements,
    "actions": _elements,
    "markdown": lambda block, where: _string(block["text"], where, MARKDOWN),
    "image": _image,
    "table": _table,
    "task_card": _task,
    "plan": _plan,
    "input": _input,
}


def _block(block: Any, where: str, allowed: set[str]) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in allowed:
        raise _bad(where, f"block {kind!r} can't stand here")
    required, optional = BLOCK_SHAPES[kind]
    _shape(block, where, required=required, optional=optional | {"block_id"})
    if "block_id" in block:
        _string(block["block_id"], f"{where}.block_id", 255)
    if kind in BLOCK_CHECKS:
        BLOCK_CHECKS[kind](block, where)


def _no_twins(values: list[str], what: str) -> None:
    if twins := [value for value, count in Counter(values).items() if count > 1]:
        raise SlackError("invalid_blocks", f"{what} used twice: {twins}")


def interactive(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Elements of a block that a person can use."""
    candidates = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
    yield from (element for element in candidates if element and "action_id" in element)


def count_characters(node: Any) -> int:
    """Count the characters of all strings in blocks, addresses and values too, without types."""
    if isinstance(node, dict):
        return sum(count_characters(value) for key, value in node.items() if key != "type")
    if isinstance(node, list):
        return sum(map(count_characters, node))
    return len(node) if isinstance(node, str) else 0


def check_blocks(
    blocks: Any, *, most: int = BLOCKS, surface: str = "message", above: str = ""
) -> None:
    """Refuse blocks that Slack would refuse.

    `surface` is "message", "home" or "modal"; `above` is the text that was streamed above them.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format", type(blocks).__name__)
    if len(blocks) > most:
        raise SlackError("invalid_blocks", f"{len(blocks)} blocks, at most {most}")
    allowed = set(BLOCK_SHAPES)
    if surface != "message":
        allowed -= {"markdown", "context_actions", "table", "task_card", "plan"}
    for number, block in enumerate(blocks):
        _block(block, f"blocks[{number}]", allowed)
        _no_twins([element["action_id"] for element in interactive(block)], "action_id")
    _no_twins([block["block_id"] for block in blocks if "block_id" in block], "block_id")
    total = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if total > MARKDOWN:
        raise SlackError("msg_blocks_too_long", f"{total} characters of markdown, most {MARKDOWN}")
    if surface != "message":
        return
    total = len(above) + count_characters(blocks)
    if total > ALL_BLOCKS:
        raise SlackError("msg_blocks_too_long", f"{total} characters in all, most {ALL_BLOCKS}")
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise SlackError("invalid_blocks", "only_one_table_allowed")


def check_sources(sources: Any, where: str) -> None:
    """Refuse URL sources of a task that are not `{type: url, url, text}`."""
    for number, source in enumerate(sources):
        place = f"{where}.sources[{number}]"
        _shape(source, place, required={"type", "url", "text"}, optional={"icon_url"})
        _url(source["url"], place)
        _string(source["text"], place, 3_000)
