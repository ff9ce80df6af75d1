"""The browsers' WebSockets: the conversation, the dashboard that watches one, and the messages that both are sent."""
