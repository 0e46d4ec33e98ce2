"""The plan: what would be cut, by looks and finds only, with its hashes. It is the first observation of each step."""

from engine.plan.looking import NothingSeen, plan

__all__ = ["NothingSeen", "plan"]
