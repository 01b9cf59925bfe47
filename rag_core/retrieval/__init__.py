"""Retrieval: hits become candidates, and candidates become passages."""
