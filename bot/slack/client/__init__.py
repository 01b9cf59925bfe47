"""Client: calls to the Web API, their rates and their errors."""
