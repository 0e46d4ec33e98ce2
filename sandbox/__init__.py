"""The practice company and its attacker: a process of its own, which shares no code with what is tried on it."""
