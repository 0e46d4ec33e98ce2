"""Whether an alert is its source's: exact schemes, in constant time, and never a reason to whoever asks."""
