"""Storage: the bot's tables in the state database."""
