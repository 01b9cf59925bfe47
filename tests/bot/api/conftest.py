"""An open door for each test."""

from tests.bot.door.conftest import bench, door

__all__ = ["bench", "door"]
