"""Appending: requests, the transaction that carries them out, the thread that groups them, and the lease that allows it."""
