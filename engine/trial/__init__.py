"""Trials: a playbook's cases, carried out by the real engine against what the case says is there. Touches no network."""
