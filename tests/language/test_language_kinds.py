"""What a model's field is to an expression. What cannot be held exactly is not offered."""

import datetime as dt
from enum import Enum
from typing import Annotated, Any, Literal, NewType

import pytest
from language_house import CrmFoothold, Secret
from pydantic import AwareDatetime, BaseModel, Field

from language import AnySecret
from language.kinds import Kind, fields_of, kind_of, words

Name = NewType("Name", str)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Number(Enum):
    ONE = 1


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, Kind("STRING")),
        (Annotated[str, Field(min_length=3)], Kind("STRING")),
        (Name, Kind("STRING", ident="Name")),
        (list[Name], Kind("STRING", many=True, ident="Name")),
        (Name | None, Kind("STRING", optional=True, ident="Name")),
        (bool, Kind("BOOL")),
        (int, Kind("INT")),
        (float, Kind("DOUBLE")),
        (AwareDatetime, Kind("TIMESTAMP")),
        (dt.datetime | None, Kind("TIMESTAMP", optional=True)),
        (dt.timedelta, Kind("DURATION")),
        (Literal["a", "b"], Kind("STRING", choices=frozenset("ab"))),
        (Colour, Kind("STRING", choices=frozenset({"red", "blue"}))),
        (CrmFoothold, Kind(CrmFoothold)),
        (frozenset[str], Kind("STRING", many=True)),
        (tuple[int, ...], Kind("INT", many=True)),
        (Secret, Kind("rf.Secret")),
        (list[AnySecret], Kind("rf.Secret", many=True)),
    ],
)
def test_what_an_expression_can_hold(annotation, kind):
    assert kind_of(annotation) == kind


@pytest.mark.parametrize(
    "annotation",
    [
        list[str] | None,
        list[str | None],
        list[list[str]],
        tuple[str, int],
        dict[str, str],
        str | int,
        bytes,
        Any,
        Number,
        Literal["a", 1],
        dt.date,
        list,
    ],
)
def test_what_it_cannot(annotation):
    assert kind_of(annotation) is None


def test_what_is_sealed_is_not_offered():
    class Seen(BaseModel):
        on: bool
        policy: Annotated[str, "sealed"]

    assert set(fields_of(Seen)) == {"on"}


def test_types_are_said_in_words():
    assert words("LIST<STRING>") == "a list of text"
    assert words("LIST<rf.Grant>") == "a list of Grant"
    assert words("rf.Secret") == "a secret"
