"""What reaches us, found by asking: surveys of all connections, kept as snapshots, and whose each thing is."""
