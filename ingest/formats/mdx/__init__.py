"""MDX: Markdown with components, each of which says in words what a page shows of it."""
