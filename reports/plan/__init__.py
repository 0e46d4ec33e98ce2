"""The plan as a responder reads it before anything happens: plain lines, or a tree on a terminal."""

from reports.plan.shown import lines, tree

__all__ = ["lines", "tree"]
