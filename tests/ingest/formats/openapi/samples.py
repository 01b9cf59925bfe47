"""Descriptions of APIs, and their parts as pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.documents import Document, Page
from ingest.formats import PART_TYPE, read_document
from ingest.formats.openapi.splitting import Splitter

OK = {"200": {"description": "Fine."}}


def build_api(operation: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A description with one operation, `GET /things/{id}`, without a tag."""
    paths = {"/things/{id}": {"get": {"responses": OK, **operation}}}
    return {"openapi": "3.0.3", "info": {"title": "Acme API"}, "paths": paths, **more}


def read_parts(root: Any, files: Mapping[str, Any] | None = None) -> dict[str, Document]:
    """The pages of a description by their names."""
    parts = Splitter("api.yaml", root, (files or {}).get).split()
    return {
        part.name: read_document(Page("docs", f"api.yaml/{part.name}", "", part.data, PART_TYPE))
        for part in parts
    }


def read_operation(operation: Mapping[str, Any], **more: Any) -> str:
    """The text of the only operation."""
    (document,) = read_parts(build_api(operation, **more)).values()
    return "\n\n".join(block.text for block in document.sections[-1].blocks)


def read_body(schema: Any, **schemas: Any) -> str:
    """The text of a response's body with this schema."""
    content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": "Fine.", "content": content}}
    return read_operation({"responses": responses}, components={"schemas": schemas})
