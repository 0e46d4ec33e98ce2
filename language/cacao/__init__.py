"""CACAO 2.0, the exchange format of security playbooks: imported into our language, exported from it. It runs nothing."""

from language.cacao.exporting import Exported, export_playbook
from language.cacao.faults import CannotImport, Fault, Loss
from language.cacao.importing import Imported, import_playbook
from language.cacao.source import LARGEST_BYTES

__all__ = [
    "LARGEST_BYTES",
    "CannotImport",
    "Exported",
    "Fault",
    "Imported",
    "Loss",
    "export_playbook",
    "import_playbook",
]
