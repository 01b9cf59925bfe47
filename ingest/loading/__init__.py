"""Loading: from files to pages, and from pages to chunks."""
