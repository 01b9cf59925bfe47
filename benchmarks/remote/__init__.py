"""Models on servers: what they cost a question, and how many servers share a build."""
