"""Changes: the difference between the sources and the index."""
