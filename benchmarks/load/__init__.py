"""Many people who ask at once, in a workspace that keeps Slack's limits."""
