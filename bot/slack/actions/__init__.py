"""Actions: clicks, forms and slash commands are carried out."""
