"""Plan, execute, settle, sweep, judge, undo. Knows nothing of Prefect nor of any provider."""
