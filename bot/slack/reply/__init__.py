"""Reply: shows an answer in Slack, streamed, edited or posted once."""
