"""Quotations: answers without an LLM, in the words of the documentation."""
