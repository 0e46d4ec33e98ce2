"""What is ours: connections, integrations and their footholds."""
