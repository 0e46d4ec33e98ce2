"""Every payload of others that lies beside the checkout is read as it is expected of it, and recognised without being told."""

import json

import pytest
from sampled import SAMPLES, UNPROVEN, expected, reading, there

from triggers.alerts.reading import NotAnAlert, read, row

EXPECTED = expected()
FILES = there()
pytestmark = pytest.mark.skipif(not FILES, reason="the samples do not lie beside this checkout")


@pytest.mark.parametrize("name", sorted(EXPECTED))
@pytest.mark.parametrize("told", [False, True], ids=["auto", "told"])
def test_a_sample_is_read_right(name, told):
    said = EXPECTED[name]
    source, raw = said["source"], (SAMPLES / name).read_bytes()
    if source is None:
        with pytest.raises(NotAnAlert):
            reading("auto", raw)
        return
    found = reading(source if told else "auto", raw)
    assert found.source == source
    assert [row(alert) for alert in found.alerts] == said["alerts"]
    assert list(found.ignored) == said["ignored"]


@pytest.mark.parametrize("name", [name for name in sorted(EXPECTED) if EXPECTED[name]["source"]])
def test_a_sample_is_no_alert_of_another_source(name):
    source = EXPECTED[name]["source"]
    others = {said["source"] for said in EXPECTED.values()} - {source, None, "generic"}
    assert others
    raw = (SAMPLES / name).read_bytes()
    for other in sorted(others):
        with pytest.raises(NotAnAlert, match=f"reads like {source}"):
            reading(other, raw)


@pytest.mark.parametrize("name", [name for name in sorted(EXPECTED) if EXPECTED[name]["source"]])
def test_a_sample_says_the_same_however_its_keys_are_spelt(name):
    source, raw = EXPECTED[name]["source"], (SAMPLES / name).read_bytes()
    plain = [row(alert) for alert in reading(source, raw).alerts]
    for spelt in (str.lower, str.upper, lambda key: key[:1].upper() + key[1:]):
        again = read(source, json.dumps(_spelt(json.loads(raw), spelt)).encode(), {}, provenance=UNPROVEN)
        assert [_but_digests(row(alert)) for alert in again.alerts] == [_but_digests(one) for one in plain], spelt


def test_every_sample_is_in_the_table():
    assert sorted(EXPECTED) == FILES


def _spelt(value, spelt):
    if isinstance(value, dict):
        # A key that is data (a URI, a path) is no key that anybody respells.
        return {key if "/" in key else spelt(key): _spelt(one, spelt) for key, one in value.items()}
    return [_spelt(one, spelt) for one in value] if isinstance(value, list) else value


def _but_digests(one):
    return {key: "sha256" if "sha256:" in str(value) else value for key, value in one.items()}
