"""Content: the text, quotations and files of Slack's messages, as people see them; pure."""
