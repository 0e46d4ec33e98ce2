"""Integrations as people declare them: what `integrations.yaml` may say, its checks, and what is written into it."""
