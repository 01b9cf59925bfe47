"""The application: the command line, Slack, and the conversation they share."""
