"""Reply: an answer appears in Slack, streamed, edited or posted."""
