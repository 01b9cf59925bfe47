"""Inbox: a message becomes a question in the inbox, and a question gets its answer."""
