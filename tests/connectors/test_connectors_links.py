"""The `Link` header: where a listing goes on, and that it never leads us to anybody else."""

from __future__ import annotations

import json

import pytest

from connectors.core import Reader, Secret, Unexpected
from connectors.core.links import next_query
from tests.connectors.provider import provider, says, wired

NEXT = {"page_token": "b"}


@pytest.mark.parametrize(
    ("header", "query"),
    [
        ('<https://host.example/admin/clients?page_token=b>; rel="next"', NEXT),
        ("</clients?page_token=b>; rel=next", NEXT),
        ('</c?page_token=a>; rel="first",</c?page_token=b>; rel="next"', NEXT),
        ('</c?page_token=b> ; REL = "prefetch Next" ; title="a, b; c"', NEXT),
        ('</c?page_token=a>; title="</c?page_token=x>; rel=\\"next\\""; rel="last", </c?page_token=b>; rel=next', NEXT),
        ("</c?page_size=250&page_token=a%2Bb%3D>; rel=next", {"page_size": "250", "page_token": "a+b="}),
        ('</c?page_token=b>; rel="prev"; rel="next"', {}),
        ('</c?page_token=b>; rel="next"; anchor="#other"', {}),
        ("</c?page_token=b>; rel=nextish", {}),
        ("</c>; rel=next", {}),
        ("page_token=b; rel=next", {}),
        ("", {}),
    ],
)
def test_the_next_page_is_what_rfc_8288_says_it_is(header, query):
    assert next_query(header) == query


async def test_a_listing_is_followed_by_its_query_alone_and_our_credential_stays_here():
    pages = {"": ("[1]", '<http://thief.example/elsewhere?page_token=b>; rel="next"'), "page_token=b": ("[2]", "")}

    def answer(got):
        body, link = pages[got.target.partition("?")[2]]
        return says(200, json.loads(body), link=link)

    async with provider(answer) as there, wired(there.url, secret=Secret("our-own-credential")) as wire:
        first, following = await Reader(wire).page("/things")
        second, last = await Reader(wire).page("/things", **following)
    assert (first, second, following, last) == ([1], [2], NEXT, {})
    assert [got.target for got in there.got] == ["/things", "/things?page_token=b"]


async def test_a_page_that_is_its_own_next_ends_in_an_error_and_not_never():
    loop = says(200, [], link="</things?page_size=2&page_token=b>; rel=next")
    async with provider(lambda _: loop) as there, wired(there.url) as wire:
        _, following = await Reader(wire).page("/things", page_size=2)
        with pytest.raises(Unexpected, match="its own next.*never ends"):
            await Reader(wire).page("/things", **following)
    assert len(there.got) == 2
