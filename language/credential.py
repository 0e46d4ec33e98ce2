"""What looks like a credential: such a thing stands in no file of ours. Knows the forms of issuers that give theirs one."""

import re

_CREDENTIAL = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|xox[abeprs]-[\w-]{10,}"
    r"|(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|glpat-[\w-]{20}|sk_live_\w{16,}|AIza[\w-]{35}"
)


def is_credential(text: str) -> bool:
    """Whether a text has a credential in it. Whoever says so does not show it: more people read logs than the file."""
    return _CREDENTIAL.search(text) is not None
