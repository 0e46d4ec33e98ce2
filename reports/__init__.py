"""What people read of a journal."""
