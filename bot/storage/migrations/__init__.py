"""Migrations: the history of the tables of the bot."""
