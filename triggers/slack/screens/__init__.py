"""What people read in Slack: pure functions from what the journal says of a run to Block Kit."""
