"""Is the record what was written? Pure checks of chains, heads and anchors; shares no code with the writer but the spelling."""
