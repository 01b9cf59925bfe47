"""The help of the commands: a switch has no type, and a repeated option that of one value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from typer.core import TyperGroup, TyperOption

_LIST = re.compile(r"list\[(\w+)\]")


class CommandGroup(TyperGroup):
    """The commands of docent, with plain types in their help."""

    def get_params(self, ctx: Any) -> list[Any]:  # typer's own types are private
        """Return the parameters of docent itself."""
        params = super().get_params(ctx)
        shorten_types(params, ctx)
        return params

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            shorten_types(command.get_params(ctx), ctx)
        return command


def shorten_types(params: Iterable[Any], ctx: Any) -> None:
    """Show no `<bool>` for switches, and `<str>` for `<list[str]>`."""
    for param in params:
        if not isinstance(param, TyperOption) or param.metavar is not None:
            continue
        if param.is_flag:
            param.metavar = ""
        elif param.multiple:
            param.metavar = _LIST.sub(lambda match: match[1].lower(), param.display_type(ctx))
