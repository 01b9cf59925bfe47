"""Elements of HTML pages that need more than a mark in Markdown."""
