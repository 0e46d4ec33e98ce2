"""Ways in: each checks who asks, turns it into inputs, and starts a flow."""
