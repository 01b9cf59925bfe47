"""Views: buttons, the form after a thumb down, and the texts that only one person sees. Pure."""
