"""The wire of Azure Communication Services: media sockets, call events and Event Grid deliveries."""
