"""The MCP server: docent's name, its tools, and how a model should use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations

from bot.calls.library import Library
from bot.calls.requests import Caller
from bot.mcp.tools import ANSWER_SECONDS, Tools
from rag_core import __version__

INSTRUCTIONS = """\
docent answers from the documentation that its team has chosen.
Ask ask_docs a whole question: it returns a checked answer with numbered citations and links.
Use search_docs to see the passages yourself, and read_page to read a page or a section of one.
The status not_found means that the documentation does not say it: then do not guess.
Cite the links that the results name. Results name the revision of the documentation and when it \
was last read."""

_SAID = {
    "search_docs": (
        "Search the documentation",
        "Search the documentation. Returns passages with their links, best first.",
    ),
    "read_page": (
        "Read a page of the documentation",
        "Read a page of the documentation, or one section of it. A long page comes in pieces.",
    ),
    "ask_docs": (
        "Ask the documentation",
        "Answer a question from the documentation, with numbered, checked citations.",
    ),
}
"""The title and the description of each tool."""


def build_server(
    library: Library,
    *,
    find_caller: Callable[[Context[Any, Any]], Caller] = lambda _: Caller(),
    answer_seconds: float = ANSWER_SECONDS,
) -> MCPServer[Any]:
    """Build the server over a library.

    Args:
        library: searches, reads and answers.
        find_caller: returns who calls.
        answer_seconds: the longest time for an answer.

    Returns:
        The server, for every transport and revision of the protocol.
    """
    # The log is docent's: a level of its own would make every command of the protocol a line.
    server: MCPServer[Any] = MCPServer(
        "docent",
        title="docent",
        version=__version__,
        instructions=INSTRUCTIONS,
        log_level="CRITICAL",
        subscriptions=False,
    )
    tools = Tools(library, find_caller, answer_seconds=answer_seconds)
    for work in (tools.search_docs, tools.read_page, tools.ask_docs):
        title, description = _SAID[work.__name__]
        server.add_tool(
            work,
            title=title,
            description=description,
            annotations=ToolAnnotations(
                title=title,
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        )
    return server
