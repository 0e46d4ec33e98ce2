"""The playbook language: reads a YAML runbook, checks all of it before a run, and answers its expressions during one.

It knows no connector and no inventory: what may be named comes in as a Catalogue.
"""

from language.catalogue import Catalogue, Entry, Nothing
from language.checked import Asked, Checked
from language.errors import BadInput, BadPlaybook, Problem
from language.inputs import AnySecret, GivenIntegration
from language.model import Input, Phase, Playbook, Step
from language.reading import read
from language.values import Doubt, Incident, RunInfo, StepValue, Values

__all__ = [
    "AnySecret",
    "Asked",
    "BadInput",
    "BadPlaybook",
    "Catalogue",
    "Checked",
    "Doubt",
    "Entry",
    "GivenIntegration",
    "Incident",
    "Input",
    "Nothing",
    "Phase",
    "Playbook",
    "Problem",
    "RunInfo",
    "Step",
    "StepValue",
    "Values",
    "read",
]
