"""`ringfence integrations graph` beside a discovery of the practice company: what was found is in it, and counted."""

from triggers.cli.company import running


def test_what_discovery_found_is_drawn_and_counted_and_no_picture_names_a_person(ringfence, home, tmp_path):
    before = ringfence("integrations", "graph", "drift", "--sandbox", "--json").json["radius"]
    assert {each["id"]: each["found"] for each in before["footholds"]} == {"client": "", "run_as": "", "api_path": ""}
    assert (before["credentials"], "does not run" in before["discovered"]) == (None, True)
    assert running(home) is None, "a picture starts no practice company"

    assert ringfence("sandbox", "up", "--forgotten").code == 0
    assert ringfence("integrations", "discover", "--sandbox").code == 0
    after = ringfence("integrations", "graph", "drift", "--sandbox", "--json").json["radius"]
    found = {each["kind"]: each for each in after["footholds"] if each["found"]}
    assert set(found) == {"key", "webhook"}
    assert all(each["sure"] and each["acts"] and each["state"] != "nobody" for each in found.values())
    assert {each["id"] for each in found.values()} <= {step["foothold"] for step in after["order"]}
    client = next(each for each in after["footholds"] if each["id"] == "client")
    grants = next(part for part in client["credentials"] if part["kind"] == "grant")
    assert grants["count"] == grants["people"] == 40
    assert client["accounts"] == [{"name": "practice_crm:svc-drift", "foothold": "run_as"}]
    assert after["discovered"].startswith("snapshot 1 of ")

    said = ringfence("integrations", "graph", "drift", "--sandbox").out
    assert grants["persons"][0] in said
    assert "  as of snapshot 1 of " in said
    picture = tmp_path / "drift.svg"
    assert ringfence("integrations", "graph", "drift", "--sandbox", "--out", str(picture)).code == 0
    assert "40 grants" in picture.read_text()
    assert not [name for name in grants["persons"] if name in picture.read_text()]
    spelled = ringfence("integrations", "graph", "drift", "--sandbox", "--mermaid").out
    assert not [name for name in grants["persons"] if name in spelled]
