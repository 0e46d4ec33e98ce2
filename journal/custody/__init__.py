"""What happens to the record after a run: incidents close, keys are shredded, old runs are pruned, readers are written down."""
