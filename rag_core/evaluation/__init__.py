"""Evaluation: measures how well an index answers questions with known pages (`docent eval`)."""
