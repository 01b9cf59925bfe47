"""MCP: docent for editors and other programs that speak the Model Context Protocol."""
