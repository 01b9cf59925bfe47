"""Discord: answers, buttons and checks for a Discord bot."""
