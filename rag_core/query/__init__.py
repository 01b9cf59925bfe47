"""Query: a question becomes the text to search for."""
