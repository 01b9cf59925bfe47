"""Client: the connection to Discord, and the reasons why there is none."""
