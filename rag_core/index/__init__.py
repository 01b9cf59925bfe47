"""Index: chunks in Milvus, searched by vectors and by words."""
