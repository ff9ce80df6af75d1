"""Tools of MCP servers: their connections, and what makes each a tool that an agent's model may call."""
