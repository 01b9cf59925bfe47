"""Sites: which maker builds a source's pages, and the addresses that it gives them."""
