"""Documentation becomes an index: sources, documents, chunks, published versions."""
