"""The playbook language: reads a YAML runbook, checks all of it before a run, and answers its expressions during one.

It knows no connector and no inventory: what may be named comes in as a Catalogue.
"""

from language.catalogue import Catalogue, Cut, Entry, Nothing
from language.checked import Asked, Checked
from language.errors import BadInput, BadPlaybook, Problem
from language.inputs import AnySecret, GivenFoothold, GivenIntegration
from language.model import Guardrails, Input, Layer, Phase, Playbook, Step, Trigger
from language.reading import read
from language.subs import Library
from language.values import Doubt, Incident, RunInfo, StepValue, Values

__all__ = [
    "AnySecret",
    "Asked",
    "BadInput",
    "BadPlaybook",
    "Catalogue",
    "Checked",
    "Cut",
    "Doubt",
    "Entry",
    "GivenFoothold",
    "GivenIntegration",
    "Guardrails",
    "Incident",
    "Input",
    "Layer",
    "Library",
    "Nothing",
    "Phase",
    "Playbook",
    "Problem",
    "RunInfo",
    "Step",
    "StepValue",
    "Trigger",
    "Values",
    "read",
]
