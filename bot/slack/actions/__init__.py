"""Actions: carry out clicks, forms and slash commands."""
