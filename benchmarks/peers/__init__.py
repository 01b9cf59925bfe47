"""The same update of the documentation with LlamaIndex's and LangChain's own ways to update."""
