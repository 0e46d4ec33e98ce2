"""Whether a network address is one. The published schemas let nearly anything pass; a wrong one sends a responder astray.

A value that is filled in by a variable is not judged: it is not known yet.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from language.cacao.faults import pointer

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")
_FILLED_IN = re.compile(r"__[a-zA-Z_][a-zA-Z0-9_-]*__:value")


def wrong(address: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Go through the addresses of an agent or target that are none: where each stands, and what it should be."""
    for kind, values in address.items():
        check = _CHECKS.get(kind)
        for number, value in enumerate(values):
            if check is None or (isinstance(value, str) and _FILLED_IN.search(value)):
                continue
            if not check[1](value):
                yield where + pointer("address", kind, number), check[0]


def wrong_contact(contact: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Go through the e-mail addresses of a person or a group that are none."""
    mails = contact.get("email", {})
    for key, value in mails.items() if isinstance(mails, dict) else ():
        if isinstance(value, str) and _FILLED_IN.search(value):
            continue
        if not is_mail(value):
            yield where + pointer("contact", "email", key), "is no e-mail address"


def is_mail(value: Any) -> bool:
    """Whether it is a name, an @ and a domain."""
    if not isinstance(value, str) or value.count("@") != 1:
        return False
    name, _, domain = value.partition("@")
    sound = _MAIL.fullmatch(name) and not name.startswith(".") and not name.endswith(".") and ".." not in name
    return bool(sound) and "." in domain and is_domain(domain)


def is_domain(value: Any) -> bool:
    """Whether it is a domain name: labels of letters, digits and hyphens (other scripts by their own letters)."""
    if not isinstance(value, str):
        return False
    try:
        name = value.removesuffix(".").encode("idna").decode()
    except UnicodeError:
        return False
    labels = name.split(".")
    # What ends in a number is an IPv4 address, and as such a wrong one.
    return len(name) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def is_url(value: Any) -> bool:
    """Whether it is http(s) with a host that can be one."""
    if not isinstance(value, str) or re.search(r"[\s<>\"\\^`{}|]", value):
        return False
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return False
    return is_domain(host) or _is_ip(host, ipaddress.ip_address)


def _is_ip(value: Any, read: Callable[[str], object]) -> bool:
    if not isinstance(value, str):
        return False
    try:
        read(value)
    except ValueError:
        return False
    return True


def _is_vlan(value: Any) -> bool:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return isinstance(text, str) and re.fullmatch(r"[0-9]{1,4}", text) is not None and int(text) <= 4095


_CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "ipv4": ("is no IPv4 address or network", lambda v: _is_ip(v, ipaddress.IPv4Interface)),
    "ipv6": ("is no IPv6 address or network", lambda v: _is_ip(v, ipaddress.IPv6Interface)),
    "l2mac": ("is no MAC address", lambda v: isinstance(v, str) and _MAC.fullmatch(v) is not None),
    "vlan": ("is no VLAN (0 to 4095)", _is_vlan),
    "url": ("is no http or https URL", is_url),
    "dname": ("is no domain name", is_domain),
    "email": ("is no e-mail address", is_mail),
}
