# SPDX-License-Identifier: Apache-2.0
"""The JSON API as an application's developer meets it: exact names and statuses, tokens that verify
offline with a library that is not ours, and what a stranger with curl may try."""
import base64
import json
import re
import socket
import time

from harness import (PASSWORD, Client, Server, check, equal, main, on_both_engines, plain, test, together, wait_for)
from jwcrypto import jwk, jwt

ANN, BEN = "ann@example.org", "ben@example.org"
NEW_PASSWORD = "quite another harbour 8"


def problem(answer, status, code):
    equal(answer.status, status, f"{answer}")
    equal(answer.header("Content-Type"), "application/problem+json")
    body = answer.json
    check({"type", "title", "status", "code", "request_id"} <= set(body), f"members of {body}")
    equal((body["status"], body["code"]), (status, code))
    check(answer.header("X-Request-Id") == body["request_id"], "X-Request-Id is the request_id")
    if status == 401:
        check(answer.header("WWW-Authenticate"), "401 names how to authenticate")
    return body


def without_request_id(answer):
    """Body and header names, as far as a stranger could compare them."""
    body = re.sub(rb'"request_id":"[^"]*"', b"", answer.body)
    return answer.status, body, sorted(k.lower() for k, _ in answer.headers)


def is_dead(client):
    return client.get("/v1/auth/me").status == 401


# --- journeys ------------------------------------------------------------------------------------
@on_both_engines
def a_newcomers_journey(engine):
    with Server(engine) as server:
        answer = Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD, "name": "Ann"})
        equal((answer.status, answer.json), (202, {"status": "verification_sent"}))
        check(server.mailbox.link(ANN, "/verify-email").startswith(server.url + "/verify-email?token="), "the link")
        token = server.mailbox.token(ANN, "/verify-email")

        # Scanners fetch links: nothing may happen (TOK_05).
        for _ in range(3):
            equal(Client(server).get(f"/v1/auth/verify-email?token={token}").status, 200)
            equal(Client(server).get(f"/verify-email?token={token}").status, 200)
            Client(server).request("HEAD", f"/verify-email?token={token}")
        problem(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}), 401, "invalid_credentials")

        answer = Client(server).post("/v1/auth/verify-email", {"token": token})
        equal((answer.status, answer.json), (200, {"status": "verified"}))
        problem(Client(server).post("/v1/auth/verify-email", {"token": token}), 410, "gone")

        ann = server.login(ANN)
        equal(ann.tokens["token_type"], "Bearer")
        equal(ann.tokens["expires_in"], 600)
        check({"access_token", "token_type", "expires_in", "refresh_token", "session_id", "user"} <= set(ann.tokens),
              f"{sorted(ann.tokens)}")
        me = ann.get("/v1/auth/me").json
        check({"id", "email", "email_verified", "name", "locale", "roles", "mfa_enabled", "created_at"} <= set(me["user"]), f"{me}")
        check({"id", "auth_time", "amr", "acr", "expires_at"} <= set(me["session"]), f"{me}")
        equal((me["user"]["email"], me["user"]["name"], me["user"]["email_verified"], me["user"]["roles"]),
              (ANN, "Ann", True, ["USER"]))
        check(re.fullmatch(r"usr_[0-9a-z]{26}", me["user"]["id"]), me["user"]["id"])
        equal((me["session"]["id"], me["session"]["amr"]), (ann.tokens["session_id"], ["pwd"]))
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", me["user"]["created_at"]), "RFC 3339 UTC")

        sessions = ann.get("/v1/account/sessions").json["data"]
        equal(len(sessions), 1)
        check({"id", "current", "created_at", "last_seen_at", "ip", "user_agent", "amr"} <= set(sessions[0]), f"{sessions}")
        equal((sessions[0]["current"], sessions[0]["ip"], sessions[0]["user_agent"]), (True, "127.0.0.1", "cardea-e2e"))

        renewed = ann.post("/v1/auth/refresh", {"refresh_token": ann.tokens["refresh_token"]})
        equal(renewed.status, 200)
        check({"access_token", "token_type", "expires_in", "refresh_token"} <= set(renewed.json), "refresh gives")
        ann.token = renewed.json["access_token"]

        equal(ann.post("/v1/auth/logout").status, 204)
        problem(ann.get("/v1/auth/me"), 401, "unauthenticated")
        problem(Client(server).post("/v1/auth/refresh", {"refresh_token": renewed.json["refresh_token"]}),
                401, "refresh_token_invalid")


@on_both_engines
def a_forgotten_password(engine):
    with Server(engine) as server:
        phone, laptop = server.person(ANN), server.login(ANN)
        asked = Client(server).post("/v1/auth/password/forgot", {"email": ANN})
        equal((asked.status, asked.json), (202, {"status": "reset_sent"}))
        first = server.mailbox.token(ANN, "/reset-password")
        Client(server).post("/v1/auth/password/forgot", {"email": ANN})
        second = server.mailbox.token(ANN, "/reset-password", count=2)

        # A newer link voids the older; a token of one purpose opens no other door (TOK_02).
        problem(Client(server).post("/v1/auth/password/reset", {"token": first, "password": NEW_PASSWORD}), 410, "gone")
        problem(Client(server).post("/v1/auth/verify-email", {"token": second}), 410, "gone")
        weak = Client(server).post("/v1/auth/password/reset", {"token": second, "password": "short"})
        equal(weak.status, 422, "a weak password leaves the link good")

        answer = Client(server).post("/v1/auth/password/reset", {"token": second, "password": NEW_PASSWORD})
        equal((answer.status, answer.json), (200, {"status": "password_changed"}))
        problem(Client(server).post("/v1/auth/password/reset", {"token": second, "password": PASSWORD}), 410, "gone")
        check(is_dead(phone) and is_dead(laptop), "every session ended (RST_06)")
        for old in (phone, laptop):
            problem(Client(server).post("/v1/auth/refresh", {"refresh_token": old.tokens["refresh_token"]}),
                    401, "refresh_token_invalid")
        problem(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}), 401, "invalid_credentials")
        server.login(ANN, NEW_PASSWORD)
        notices = [m for m in server.mailbox.all(ANN) if "token=" not in plain(m)]
        check(wait_for(lambda: [m for m in server.mailbox.all(ANN) if "token=" not in plain(m)]) or notices,
              "the owner is told that the password changed")


@test
def changing_the_password_ends_the_other_sessions():
    with Server() as server:
        here, there = server.person(ANN), server.login(ANN)
        problem(here.post("/v1/auth/password/change", {"current_password": "wrong wrong wrong", "password": NEW_PASSWORD}),
                403, "password_wrong")
        problem(Client(server).post("/v1/auth/password/change", {"current_password": PASSWORD, "password": NEW_PASSWORD}),
                401, "unauthenticated")
        answer = here.post("/v1/auth/password/change", {"current_password": PASSWORD, "password": NEW_PASSWORD})
        equal((answer.status, answer.json.get("status")), (200, "password_changed"))
        check(is_dead(there), "the other session ended")
        server.login(ANN, NEW_PASSWORD)
        problem(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}), 401, "invalid_credentials")


@test
def sessions_are_listed_and_ended():
    with Server() as server:
        phone = server.person(ANN)
        laptop, tablet = server.login(ANN, agent="Laptop/1"), server.login(ANN, agent="Tablet/1")
        stranger = server.person(BEN)
        listed = {s["id"]: s for s in phone.get("/v1/account/sessions").json["data"]}
        equal(len(listed), 3)
        equal([i for i, s in listed.items() if s["current"]], [phone.tokens["session_id"]])

        victim = f"/v1/account/sessions/{laptop.tokens['session_id']}"
        problem(stranger.api("DELETE", victim), 404, "not_found")
        problem(stranger.api("DELETE", "/v1/account/sessions/ses_" + "a" * 26), 404, "not_found")
        check(not is_dead(laptop), "a stranger ended nothing (IDOR_01)")
        check(phone.api("DELETE", victim).status in (200, 204), "ending one")
        check(is_dead(laptop) and not is_dead(tablet), "only that one")
        check(phone.api("DELETE", "/v1/account/sessions").status in (200, 204), "ending all others")
        check(is_dead(tablet) and not is_dead(phone), "all but this one")


@test
def the_profile_can_be_changed():
    with Server() as server:
        ann = server.person(ANN, name="Ann")
        answer = ann.api("PATCH", "/v1/account/profile", {"name": "Ann <b>Other</b>", "locale": "de"})
        equal(answer.status, 200, f"{answer}")
        profile = ann.get("/v1/account/profile")
        equal(profile.status, 200)
        check('"Ann <b>Other</b>"' in profile.text or "Ann \\u003cb" in profile.text, f"{profile}")
        problem(ann.api("PATCH", "/v1/account/profile", {"roles": ["ADMIN"]}), 400, "unknown_field")
        problem(ann.api("PATCH", "/v1/account/profile", {"locale": "xx-nowhere"}), 422, "fields_invalid")
        equal(ann.get("/v1/auth/me").json["user"]["roles"], ["USER"])


# --- tokens --------------------------------------------------------------------------------------
@test
def access_tokens_verify_offline():
    with Server() as server:
        ann = server.person(ANN)
        document = Client(server).get("/.well-known/jwks.json")
        equal(document.status, 200)
        keys = document.json["keys"]
        for key in keys:
            check(not set(key) & {"d", "p", "q", "k"}, "no private member (SEC_05)")
            equal((key["kty"], key["crv"], key["alg"], key["use"]), ("EC", "P-256", "ES256", "sig"))
        token = ann.tokens["access_token"]
        header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        equal((header["typ"], header["alg"]), ("at+jwt", "ES256"))
        check(header["kid"] in {k["kid"] for k in keys}, "kid is published")

        store = jwk.JWKSet.from_json(document.text)
        verified = jwt.JWT(jwt=token, key=store, algs=["ES256"])
        claims = json.loads(verified.claims)
        equal((claims["iss"], claims["sub"]), (server.url, ann.tokens["user"]["id"]))
        equal(claims["exp"] - claims["iat"], 600)
        check(abs(claims["iat"] - time.time()) < 30, "iat is now")


@test
def forged_access_tokens_are_refused():
    with Server() as server:
        ann = server.person(ANN)
        head, claims, signature = ann.tokens["access_token"].split(".")

        def part(members):
            return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()
        kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
        admin = part({**json.loads(base64.urlsafe_b64decode(claims + "==")), "roles": ["ADMIN"], "exp": 2**40})
        mine = jwk.JWK.generate(kty="EC", crv="P-256", kid=kid)
        own = jwt.JWT(header={"alg": "ES256", "typ": "at+jwt", "kid": kid},
                      claims=json.loads(base64.urlsafe_b64decode(claims + "==")))
        own.make_signed_token(mine)
        zero = base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()
        flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
        forged = {
            "JWT_01 none": part({"alg": "none", "typ": "at+jwt", "kid": kid}) + "." + claims + ".",
            "JWT_02 HS256": part({"alg": "HS256", "typ": "at+jwt", "kid": kid}) + f".{claims}.{signature}",
            "JWT_04 kid": part({"alg": "ES256", "typ": "at+jwt", "kid": "../../etc/passwd"}) + f".{claims}.{signature}",
            "JWT_10 zero": f"{head}.{claims}.{zero}",
            "JWT_11 parts": f"{head}.{claims}.{signature}.x",
            "JWT_11 padding": f"{head}.{claims}.{signature}=",
            "JWT_13 refresh": ann.tokens["refresh_token"],
            "changed claims": f"{head}.{admin}.{signature}",
            "flipped": f"{head}.{claims}.{flipped}",
            "own key": own.serialize(),
            "empty": ".",
        }
        answers = set()
        for name, token in forged.items():
            answer = Client(server, token=token).get("/v1/auth/me")
            equal(answer.status, 401, name)
            answers.add(without_request_id(answer)[:2])
        equal(len(answers), 1, "all refusals look alike")


@on_both_engines
def refresh_tokens_rotate(engine):
    with Server(engine) as server:
        ann = server.person(ANN)

        def refresh(token):
            return Client(server).post("/v1/auth/refresh", {"refresh_token": token})
        first = ann.tokens["refresh_token"]
        second = refresh(first).json["refresh_token"]
        check(second != first, "it rotates")
        equal(refresh(first).json["refresh_token"], second, "RT_02: within 10 s the same successor")
        third = refresh(second).json["refresh_token"]
        ann.token = refresh(second).json["access_token"]
        check(not is_dead(ann), "alive so far")

        # Two generations old, also inside the grace: somebody else has it (RT_01, RT_04).
        problem(refresh(first), 401, "refresh_token_invalid")
        problem(refresh(third), 401, "refresh_token_invalid")
        check(is_dead(ann), "the family is dead, its access tokens too")
        for nonsense in (first[:-1], first + "A", first.swapcase(), " " + first, "crt_", "x" * 5000):
            equal(refresh(nonsense).status // 100, 4, nonsense[:20])


@on_both_engines
def parallel_refreshes_never_fork(engine):
    with Server(engine) as server:
        token = server.person(ANN).tokens["refresh_token"]
        for _ in range(5):
            answers = together([lambda: Client(server).post("/v1/auth/refresh", {"refresh_token": token})] * 16)
            equal({a.status for a in answers}, {200}, "RT_03: nobody is logged out by a race")
            successors = {a.json["refresh_token"] for a in answers}
            equal(len(successors), 1, "RT_03: one successor")
            token = successors.pop()


@on_both_engines
def one_time_tokens_work_once_however_many_try(engine):
    with Server(engine) as server:
        server.register(ANN)
        token = server.mailbox.token(ANN, "/verify-email")
        codes = together([lambda: Client(server).post("/v1/auth/verify-email", {"token": token}).status] * 24)
        equal((codes.count(200), codes.count(410)), (1, 23), "RACE_01 verify")
        Client(server).post("/v1/auth/password/forgot", {"email": ANN})
        reset = server.mailbox.token(ANN, "/reset-password")
        codes = together([lambda: Client(server).post(
            "/v1/auth/password/reset", {"token": reset, "password": NEW_PASSWORD}).status] * 24)
        equal((codes.count(200), codes.count(410)), (1, 23), "RACE_01 reset")


@test
def malformed_one_time_tokens_are_refused():
    with Server() as server:
        server.register(ANN)
        token = server.mailbox.token(ANN, "/verify-email")
        for wrong in (token[:-1], token + "A", token.swapcase(), token + "=", " " + token, token + "\u0000", "", "vrf_"):
            code = Client(server).post("/v1/auth/verify-email", {"token": wrong}).status
            check(code in (400, 410, 422), f"TOK_03: {wrong!r} gives {code}")
        equal(Client(server).post("/v1/auth/verify-email", {"token": token}).status, 200, "the right one still works")


# --- what a stranger learns ----------------------------------------------------------------------
@test
def strangers_cannot_tell_who_has_an_account():
    with Server() as server:
        server.person(ANN)
        server.register("unverified@example.org")

        def alike(path, *bodies):
            answers = [Client(server).post(path, b) for b in bodies]
            equal(len({repr(without_request_id(a)) for a in answers}), 1, f"{path}: {[without_request_id(a) for a in answers]}")
            return answers[0]
        wrong = alike("/v1/auth/login", {"email": "nobody@example.org", "password": "wrong wrong wrong"},
                      {"email": ANN, "password": "wrong wrong wrong"},
                      {"email": "unverified@example.org", "password": PASSWORD})
        problem(wrong, 401, "invalid_credentials")
        alike("/v1/auth/password/forgot", {"email": "nobody@example.org"}, {"email": ANN}, {"email": "unverified@example.org"})
        alike("/v1/auth/resend-verification", {"email": "nobody@example.org"}, {"email": ANN}, {"email": "unverified@example.org"})
        alike("/v1/auth/register", {"email": "new@example.org", "password": PASSWORD},
              {"email": ANN, "password": PASSWORD}, {"email": "unverified@example.org", "password": PASSWORD})
        # Only the owner learns it, by mail.
        check(wait_for(lambda: len(server.mailbox.all(ANN)) >= 3), "ENUM_04: the owner is told")


@test
def a_registration_by_a_stranger_plants_nothing():
    with Server() as server:
        server.register(ANN, "the attackers own choice 1")
        server.mailbox.token(ANN, "/verify-email")
        server.register(ANN, PASSWORD)
        token = server.mailbox.token(ANN, "/verify-email", count=2)
        equal(Client(server).post("/v1/auth/verify-email", {"token": token}).status, 200)
        server.login(ANN, PASSWORD)
        problem(Client(server).post("/v1/auth/login", {"email": ANN, "password": "the attackers own choice 1"}),
                401, "invalid_credentials")
        planted = server.mailbox.token(ANN, "/verify-email", count=1)
        problem(Client(server).post("/v1/auth/verify-email", {"token": planted}), 410, "gone")


@test
def links_in_mail_carry_the_public_address():
    with Server() as server:
        server.person(ANN)
        for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{server.port}"}):
            answer = Client(server).post("/v1/auth/password/forgot", {"email": ANN}, headers)
            check(answer.status in (400, 421), f"RST_02: {headers} gives {answer.status}")
        for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}):
            equal(Client(server).post("/v1/auth/password/forgot", {"email": ANN}, headers).status, 202)
        check(server.mailbox.link(ANN, "/reset-password").startswith(server.url + "/"), "the configured address")
        for mail in server.mailbox.all():
            check("evil" not in mail.as_string(), "no trace of the header in any mail")


# --- the edges -----------------------------------------------------------------------------------
@test
def bodies_are_judged_strictly():
    with Server() as server:
        anyone = Client(server)
        good = {"email": ANN, "password": PASSWORD}
        for member in ("role", "roles", "is_admin", "plan", "email_verified", "id", "created_at", "__proto__"):
            problem(anyone.post("/v1/auth/register", {**good, member: "ADMIN"}), 400, "unknown_field")
        path = "/v1/auth/login"
        json_type = {"Content-Type": "application/json"}
        for body in (b"", b"{", b'{"email":"a@b.c","email":"d@e.f","password":"x"}', b"[]", b'"x"', b'{"email":1e400}',
                     b'{"email":"\xff"}', b'{"email":"\\ud800"}', b'{"a":' * 40 + b"1" + b"}" * 40, b"{} {}"):
            answer = anyone.request("POST", path, body, json_type)
            check(answer.status in (400, 422), f"DOS_04: {body[:30]} gives {answer}")
        body = json.dumps(good).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"):
            problem(anyone.request("POST", path, body, {"Content-Type": kind}), 415, "unsupported_media_type")
        missing = problem(anyone.post(path, {"email": ANN}), 422, "fields_invalid")
        equal([(e["pointer"], e["code"]) for e in missing["errors"]], [("/password", "field_required")])
        problem(anyone.post(path, {"email": ["a@b.c"], "password": "x"}), 422, "fields_invalid")
        problem(anyone.request("POST", path, b"x" * 70000, json_type), 413, "payload_too_large")
        problem(anyone.get("/v1/nowhere"), 404, "not_found")
        answer = anyone.get(path)
        problem(answer, 405, "method_not_allowed")
        check("POST" in answer.header("Allow"), "Allow names POST")
        equal(anyone.request("TRACE", "/").status // 100 in (4, 5), True, "HTTP_12")


@test
def passwords_are_judged_by_length_and_guessability():
    with Server() as server:
        def code(password, email="pw@example.org"):
            answer = Client(server).post("/v1/auth/register", {"email": email, "password": password})
            if answer.status == 202:
                return "good"
            return problem(answer, answer.status, answer.json["code"])["errors"][0]["code"]
        equal(code("elevenchars"), "password_too_short")
        equal(code("x" * 1025), "password_too_long")
        check(code("password1234") in ("password_compromised", "password_too_weak"), "PW_04 common")
        check(code("aaaaaaaaaaaaaaaa") in ("password_compromised", "password_too_weak"), "PW_04 repeated")
        check(code("somebody@example.org", "somebody@example.org") in ("password_compromised", "password_too_weak"), "PW_04 address")
        long = "k7$" + "correct horse battery staple " * 34
        equal(code(long[:1024]), "good")
        equal(code("öäüß 漢字 🙂🙃🙂🙃 hm"), "good")
        # Exactly as typed, never cut (PW_01, PW_02).
        server.register(ANN, "  surrounded by blanks 4 ")
        server.verify(ANN)
        server.login(ANN, "  surrounded by blanks 4 ")
        problem(Client(server).post("/v1/auth/login", {"email": ANN, "password": "surrounded by blanks 4"}),
                401, "invalid_credentials")


@test
def addresses_are_judged():
    with Server() as server:
        for wrong in ("a@x,b@y", "a@x;b@y", "a@x b@y", "plain", "@x.org", "a@", "a@b@c.org", "a\r\nBcc: x@y.org@z.org",
                      "a@[127.0.0.1]", "<a@x.org>", '"a b"@x.org', "a@x..org", "a" * 65 + "@x.org", "a@" + "b" * 250 + ".org"):
            answer = Client(server).post("/v1/auth/register", {"email": wrong, "password": PASSWORD})
            check(answer.status in (400, 422), f"MAIL_01: {wrong!r} gives {answer}")
        server.person("Mixed.Case@Example.ORG")
        server.login("mixed.case@example.org")


@test
def forms_need_their_token():
    with Server() as server:
        ann = server.person(ANN)
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        body = f"email={ANN.replace('@', '%40')}&password={PASSWORD.replace(' ', '+')}".encode()
        equal(Client(server).request("POST", "/login", body, form).status, 403, "CSRF_01 no token")
        equal(Client(server).request("POST", "/login", body + b"&csrf=" + b"A" * 43, form).status, 403, "CSRF_01 wrong token")
        visitor = Client(server)
        visitor.open("/login")
        token = re.search(r'name="csrf" value="([^"]+)"', visitor.page.text)[1].encode()
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"}):
            equal(visitor.request("POST", "/login", body + b"&csrf=" + token, {**form, **headers}).status, 403, f"CSRF_02 {headers}")
        other = Client(server)
        other.open("/login")
        equal(other.request("POST", "/login", body + b"&csrf=" + token, form).status, 403, "CSRF_01 token of another visitor")

        # An API session by cookie is as much in need of it.
        cookie = Client(server)
        answer = cookie.post("/v1/auth/login", {"email": ANN, "password": PASSWORD, "cookie": True})
        equal(answer.status, 200, f"{answer}")
        set_cookie = answer.header("Set-Cookie")
        for attribute in ("HttpOnly", "SameSite=Lax", "Path=/"):
            check(attribute.lower() in set_cookie.lower(), f"SESS_04: {attribute} in {set_cookie}")
        check("domain" not in set_cookie.lower(), "SESS_04: no Domain")
        equal(cookie.get("/v1/auth/me").status, 200)
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            equal(cookie.post("/v1/auth/logout", None, headers).status, 403, f"CSRF_01 {headers}")
        equal(cookie.get("/v1/auth/me").status, 200, "still signed in")
        check(not is_dead(ann), "and so is the other")
        twice = Client(server).get("/v1/auth/me", Cookie="cardea=a; cardea=b")
        equal(twice.status, 400, "SESS_04: two session cookies")


@test
def every_answer_carries_the_security_headers():
    with Server() as server:
        ann = server.person(ANN)
        page = Client(server).get("/login")
        static = re.search(r'(?:href|src)="(/static/[^"]+)"', page.text)
        paths = ["/login", "/register", "/nowhere", "/v1/nowhere", "/v1/auth/me", "/v1/auth/login", "/livez",
                 "/.well-known/jwks.json", "/verify-email?token=x", "/reset-password?token=x"] + ([static[1]] if static else [])
        for path in paths:
            answer = Client(server).get(path)
            equal(answer.header("X-Content-Type-Options"), "nosniff", path)
            policy = answer.header("Content-Security-Policy") or ""
            check("frame-ancestors 'none'" in policy and "unsafe-inline" not in policy and "unsafe-eval" not in policy,
                  f"{path}: {policy}")
            check(answer.header("Referrer-Policy"), f"{path}: Referrer-Policy")
            check(not answer.header("Server") or "cardea/" not in answer.header("Server").lower(), "no version for strangers")
        equal(Client(server).get("/reset-password?token=x").header("Referrer-Policy"), "no-referrer")
        for path in ("/v1/auth/me", "/v1/account/sessions"):
            check("no-store" in (ann.get(path).header("Cache-Control") or ""), f"{path}: no-store")


@test
def machine_documents_are_there():
    with Server() as server:
        anyone = Client(server)
        for path in ("/livez", "/readyz", "/health"):
            equal(anyone.get(path).status, 200, path)
        described = anyone.get("/openapi.json").json
        check(described["openapi"].startswith("3."), "OpenAPI 3")
        for path in ("/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh", "/v1/account/sessions"):
            check(path in described["paths"], f"{path} is described")
        server.person(ANN)
        metrics = anyone.get("/metrics")
        equal(metrics.status, 200)
        for name in ("auth_attempts_total", "emails_sent_total", "http_request_duration_seconds", "password_hash_queue_depth"):
            check(name in metrics.text, f"{name} in /metrics")
        check(ANN not in metrics.text, "nobody's address in a label")
        check(anyone.get("/.well-known/change-password").status in (302, 303, 307), "RFC: change-password")


@test
def limits_hold_and_say_when_to_come_back():
    with Server(RATE_LIMITS="on") as server:
        wrong = {"email": ANN, "password": "wrong wrong wrong"}
        codes = []
        for _ in range(7):
            answer = Client(server).post("/v1/auth/login", wrong)
            codes.append(answer.status)
        equal(codes[:5], [401] * 5)
        equal(codes[5:], [429] * 2)
        body = problem(answer, 429, "rate_limited")
        check(1 <= int(answer.header("Retry-After")) <= 60, "Retry-After")
        equal(body["retry_after"], int(answer.header("Retry-After")))
        for spoof in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "Forwarded"):
            answer = Client(server).post("/v1/auth/login", wrong, {spoof: "for=10.0.0.9" if spoof == "Forwarded" else "10.0.0.9"})
            equal(answer.status, 429, f"RATE_01: {spoof} is not believed")
        codes = [Client(server).post("/v1/auth/register", {"email": f"n{i}@example.org", "password": PASSWORD}).status for i in range(4)]
        equal(codes, [202, 202, 202, 429], "3 registrations an hour")


@test
def ambiguous_requests_are_refused_and_the_connection_closed():
    with Server() as server:
        host = f"Host: localhost:{server.port}\r\n"
        cases = {
            "HTTP_01": f"POST /v1/auth/login HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP_02": f"POST /v1/auth/login HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP_03": f"POST /v1/auth/login HTTP/1.1\r\n{host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "HTTP_05 space": f"GET /livez HTTP/1.1\r\n{host}X : 1\r\n\r\n",
            "HTTP_05 fold": f"GET /livez HTTP/1.1\r\n{host}X: 1\r\n 2\r\n\r\n",
            "HTTP_06 host": f"GET /livez HTTP/1.1\r\n{host}{host}\r\n",
            "HTTP_06 no host": "GET /livez HTTP/1.1\r\n\r\n",
            "HTTP_08": f"GET /%zz HTTP/1.1\r\n{host}\r\n",
            "HTTP_09": f"GET /static/..%2f..%2fetc/passwd HTTP/1.1\r\n{host}\r\n",
            "bare LF": f"GET /livez HTTP/1.1\n{host}\n",
        }
        for name, text in cases.items():
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
                s.sendall(text.encode())
                received = b""
                while chunk := s.recv(65536):
                    received += chunk
            check(re.match(rb"HTTP/1\.1 (4\d\d|501) ", received), f"{name}: {received[:80]}")
            equal(received.count(b"HTTP/1.1 "), 1, f"{name}: one answer")


main()
