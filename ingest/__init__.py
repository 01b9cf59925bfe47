"""Indexing of documentation: sources, documents, chunks, published versions."""
