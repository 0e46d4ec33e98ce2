"""The service: one process with the API, warm workers and the supervisor. `ringfence serve` and `ringfence worker` run it."""
