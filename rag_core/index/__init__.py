"""Index: chunks in Milvus, for search by vectors and by words."""
