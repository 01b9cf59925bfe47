"""The HTTP API: `/v1`, for programs that speak no MCP."""
