"""Compiles expressions where they stand in a file, so that a mistake is shown at its own character."""

from language.errors import Place, Report, short
from language.expression import Expression, Language
from language.kinds import Kind, words
from language.source import Scalar


class Compiling:
    """Compiles into one report. What is about something `unresolved` was said already, and is not said again."""

    def __init__(self, language: Language, report: Report) -> None:
        self.language = language
        self.report = report
        self.unresolved: set[str] = set()

    def __call__(self, text: str, item: Kind | None, scalar: Scalar, offset: int, key: Place) -> Expression | None:
        """Compile an expression that begins `offset` characters into a value; `key` is where its key stands."""
        lead = len(text) - len(text.lstrip())
        found = self.language.compile(text, item)
        if isinstance(found, Expression):
            return found
        for flaw in found:
            place = key if "\n" in text else scalar.inside(offset + max(flaw.offset, lead), key)
            if flaw.about not in self.unresolved:
                self.report.add(flaw.code, place, flaw.message)
        return None

    def truth(self, scalar: Scalar, item: Kind | None, key: Place) -> Expression | None:
        """Compile what must be true or false."""
        text = str(scalar.value)
        found = self(text, item, scalar, 0, key)
        if found is not None and found.type != "BOOL":
            said = f"must be true or false, but `{short(text)}` is {words(found.type)}"
            self.report.add("not_bool", scalar.inside(0, key), said)
        return found
