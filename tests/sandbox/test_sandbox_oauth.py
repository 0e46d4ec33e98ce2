"""The OAuth part does what its RFCs say, and what they leave open as large providers do it."""

import httpx
import pytest


def access(practice, **more):
    return practice.http.post("/idp/oauth/token", auth=practice.drift, **more).json()


def refresh_token(practice):
    return practice.secrets["refresh_canary"]


def test_metadata_names_the_endpoints(shared):
    told = shared.http.get("/.well-known/oauth-authorization-server/idp").json()
    issuer = f"{shared.told['url']}/idp"
    assert told["issuer"] == issuer
    assert told["token_endpoint"] == f"{issuer}/oauth/token"
    assert told["revocation_endpoint"] == f"{issuer}/oauth/revoke"
    assert told["introspection_endpoint"] == f"{issuer}/oauth/introspect"
    assert set(told["grant_types_supported"]) == {"client_credentials", "refresh_token"}


@pytest.mark.parametrize("way", ["basic", "post"])
def test_client_credentials_give_an_hour_of_access_and_no_refresh(shared, way):
    form = {"grant_type": "client_credentials"}
    if way == "post":
        form |= {"client_id": shared.drift[0], "client_secret": shared.drift[1]}
    answer = shared.http.post("/idp/oauth/token", data=form, auth=shared.drift if way == "basic" else None)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    token = answer.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in token
    assert shared.records(f"Bearer {token['access_token']}").status_code == 200
    told = shared.introspect(token["access_token"])
    assert told["exp"] - told["iat"] == 3600
    assert told["username"] == "svc-drift"


def test_a_refresh_gives_access_in_the_name_of_who_consented(shared):
    old = shared.introspect(refresh_token(shared))
    token = access(shared, data={"grant_type": "refresh_token", "refresh_token": refresh_token(shared)})
    new = shared.introspect(token["access_token"])
    assert new["username"] == old["username"]
    parents = {each["id"]: each["parent"] for each in shared.state()["tokens"]}
    assert parents[new["jti"]] == old["jti"]


def test_an_access_token_refreshes_nothing_and_a_refresh_token_reads_nothing(shared):
    answer = shared.http.post(
        "/idp/oauth/token",
        auth=shared.drift,
        data={"grant_type": "refresh_token", "refresh_token": shared.secrets["canary"]},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert shared.records(f"Bearer {refresh_token(shared)}").status_code == 401


def test_revoking_a_refresh_token_leaves_its_access_tokens_alive(calm):
    token = access(calm, data={"grant_type": "refresh_token", "refresh_token": refresh_token(calm)})["access_token"]
    revoked = calm.http.post("/idp/oauth/revoke", auth=calm.drift, data={"token": refresh_token(calm)})
    assert revoked.status_code == 200
    assert calm.introspect(refresh_token(calm)) == {"active": False}
    again = {"grant_type": "refresh_token", "refresh_token": refresh_token(calm)}
    assert access(calm, data=again)["error"] == "invalid_grant"
    assert calm.records(f"Bearer {token}").status_code == 200
    assert calm.introspect(token)["active"] is True


def test_revocation_is_immediate_and_repeatable(shared):
    token = shared.mint().json()["access_token"]
    for _ in range(2):
        assert shared.http.post("/idp/oauth/revoke", auth=shared.drift, data={"token": token}).status_code == 200
        assert shared.records(f"Bearer {token}").status_code == 401
        assert shared.introspect(token) == {"active": False}


@pytest.mark.parametrize("hint", ["refresh_token", "nonsense"])
def test_a_wrong_hint_changes_nothing(shared, hint):
    token = shared.mint().json()["access_token"]
    form = {"token": token, "token_type_hint": hint}
    assert shared.http.post("/idp/oauth/introspect", auth=shared.drift, data=form).json()["active"] is True
    assert shared.http.post("/idp/oauth/revoke", auth=shared.drift, data=form).status_code == 200
    assert shared.introspect(token) == {"active": False}


def test_unknown_tokens_are_no_error(shared):
    assert shared.http.post("/idp/oauth/revoke", auth=shared.drift, data={"token": "unheard-of"}).status_code == 200
    assert shared.introspect("unheard-of") == {"active": False}


def test_a_client_has_no_say_over_anothers_tokens(shared):
    token, other = shared.mint().json()["access_token"], ("calendar-sync", shared.secrets["calendar_secret"])
    refused = shared.http.post("/idp/oauth/revoke", auth=other, data={"token": token})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert shared.http.post("/idp/oauth/introspect", auth=other, data={"token": token}).json() == {"active": False}
    assert shared.introspect(token)["active"] is True


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_a_wrong_secret_is_refused_with_a_challenge(shared, endpoint):
    form = {"grant_type": "client_credentials", "token": "x"}
    for auth in (("drift-prod", "wrong"), ("nobody", "wrong")):
        answer = shared.http.post(f"/idp/oauth/{endpoint}", auth=auth, data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_malformed_request_is_said_to_be_one(shared):
    for body in ("", "grant_type=client_credentials&grant_type=client_credentials", "scope=crm"):
        answer = shared.http.post(
            "/idp/oauth/token",
            auth=shared.drift,
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    odd = shared.http.post("/idp/oauth/token", auth=shared.drift, data={"grant_type": "password"})
    assert odd.json()["error"] == "unsupported_grant_type"
    assert shared.http.post("/idp/oauth/token", auth=shared.drift, json={}).status_code == 400
    assert (
        shared.http.post("/idp/oauth/revoke", auth=shared.drift, data={"x": "y"}).json()["error"] == "invalid_request"
    )


def test_a_disabled_client_gets_nothing_and_its_tokens_live_on(shared, eventually):
    token = shared.mint().json()["access_token"]
    shared.put("/idp/clients/drift-prod/enabled", enabled=False)
    eventually(lambda: shared.mint().status_code == 401)
    assert shared.mint().json()["error"] == "invalid_client"
    again = {"grant_type": "refresh_token", "refresh_token": refresh_token(shared)}
    assert access(shared, data=again)["error"] == "invalid_client"
    assert shared.records(f"Bearer {token}").status_code == 200
    assert shared.http.post("/idp/oauth/revoke", auth=shared.drift, data={"token": token}).status_code == 200
    assert shared.records(f"Bearer {token}").status_code == 401
    shared.put("/idp/clients/drift-prod/enabled", enabled=True)
    eventually(lambda: shared.mint().status_code == 200)


def test_the_admin_key_introspects_and_does_no_more(shared):
    assert shared.introspect(shared.secrets["canary"])["active"] is True
    headers = {"Authorization": f"Bearer {shared.secrets['idp_key']}"}
    for endpoint in ("token", "revoke"):
        form = {"grant_type": "client_credentials", "token": shared.secrets["canary"]}
        answer: httpx.Response = shared.http.post(f"/idp/oauth/{endpoint}", data=form, headers=headers)
        assert answer.status_code == 401
