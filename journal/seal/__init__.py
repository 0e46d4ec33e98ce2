"""What nobody may read without a key: secrets of a run, names of people."""
