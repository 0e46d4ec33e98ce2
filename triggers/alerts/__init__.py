"""Alerts: who sent it, what it says, and what follows from it."""
