"""Descriptions of HTTP APIs in OpenAPI 3 and 2: a page for each tag, a section an operation."""
