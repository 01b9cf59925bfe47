"""Loading: files become pages, and pages become chunks."""
