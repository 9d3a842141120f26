"""Demo families, and simulated players that check what the server counts; nothing of the service needs it."""
