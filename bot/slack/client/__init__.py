"""Client: calls of the Web API, their rates and their errors."""
