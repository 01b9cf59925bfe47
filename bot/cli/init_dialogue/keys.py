"""Asks for the keys of servers; the key of one server never goes to another in silence."""

from __future__ import annotations

from bot.cli.init_dialogue.questions import Questions, print_line


def ask_for_key(questions: Questions, address: str) -> None:
    """Ask for the key of the server that a setting names."""
    from bot.setup.server_keys import KEYS, find_strange_keys

    name = KEYS[address]
    is_strange = name in find_strange_keys(questions.values, questions.written)
    questions.ask_for_secret(
        "Its key, Enter for none" if is_strange or not questions.get(name) else "Its key",
        name,
        keeps_old=not is_strange,
    )


def ask_for_left_keys(questions: Questions) -> None:
    """Ask for the key of each server that an option has changed."""
    from bot.setup.server_keys import KEYS, find_strange_keys

    for name in find_strange_keys(questions.values, questions.written):
        address = next(each for each, key in KEYS.items() if key == name)
        print_line(f"{address} is another server now, so the {name} in .env may not be its key.")
        questions.ask_for_secret(f"{name}, Enter for none", name, keeps_old=False)
