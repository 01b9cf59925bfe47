"""Views: the blocks of messages, modals and the Home tab. Pure."""
