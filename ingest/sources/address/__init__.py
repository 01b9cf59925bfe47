"""Addresses: URIs of sources, patterns of paths, and URLs of pages."""
