"""Home: the Home tab and the suggested prompts."""
