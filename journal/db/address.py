"""Where a journal is: its URL, and how to show that. Loads no data base."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_POSTGRES = {"postgresql", "postgres", "postgresql+psycopg"}
_SHOWN = {"host", "port", "sslmode"}
"""What of a URL's options may be seen: they can hold a password as well."""


def is_postgres(url: str) -> bool:
    """Whether a URL names a PostgreSQL data base."""
    return url.partition(":")[0].lower() in _POSTGRES


def shown(url: str) -> str:
    """Give a URL as people and logs may see it: without password."""
    if not is_postgres(url):
        return url if url.startswith("sqlite") else "URL"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "postgresql://..."
    place = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    options = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] in _SHOWN], safe="/")
    return f"postgresql://{user + '@' if user else ''}{place}{parts.path}{'?' + options if options else ''}"


def has_password(url: str) -> bool:
    """Whether somebody who reads this URL learns a password."""
    return bool(secrets(url))


def secrets(url: str) -> list[str]:
    """Give what must not be seen of a URL: its password as it is written and as it is meant."""
    if not is_postgres(url):
        return []
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]
    written = parts.netloc.rpartition("@")[0].partition(":")[2]
    options = [value for name, value in parse_qsl(parts.query) if name not in _SHOWN and "password" in name]
    return [text for text in (written, unquote(written), *options) if text]


def scrubbed(text: str, url: str) -> str:
    """Give a text of the server's or the driver's, on one line, without what must not be seen of the URL."""
    for secret in secrets(url):
        text = text.replace(secret, "***")
    return " ".join(text.split())


def plain(url: str) -> str:
    """Give a PostgreSQL URL as libpq spells it."""
    return "postgresql" + url[url.index(":") :]
