# SPDX-License-Identifier: Apache-2.0
"""The life of an account in a real browser, against the test fixture, whose clock is moved: a sign-in that was
somebody else, another address, a copy of everything, leaving, changing one's mind, and being gone."""
import json
import re

from browser import Browser
from fixture import Fixture
from harness import PASSWORD, Client, check, equal, main, test

ANN = "ann@example.org"
NEW_ANN = "ann@elsewhere.example.org"
NEW_PASSWORD = "quite another harbour 8"


def sign_in(page, address=ANN, password=PASSWORD):
    page.goto("/login").submit(email=address, password=password)
    equal(page.path.split("?")[0], "/", f"signed in: {page.text[:400]}")
    return page


def press(page, action):
    """The button of the form that goes there."""
    return page.click(f"form[action='{action}'] button")


def prove(page, password=PASSWORD):
    """Sensitive pages ask who it is when the last proof is not fresh."""
    if page.path.startswith("/reauth"):
        page.submit(password=password)
    return page


def can_sign_in(server, address, password=PASSWORD):
    return Client(server).post("/v1/auth/login", {"email": address, "password": password}).status == 200


def quiet(*pages):
    for page in pages:
        equal(page.complaints(), [], "the browser's console and network")


@test
def somebody_else_signed_in():
    with Fixture() as server, Browser() as browser:
        server.person(ANN)
        ann = sign_in(browser.page(server))
        equal(ann.path, "/")
        thief = server.login(ANN, agent="Mallory/6.6")
        equal(thief.get("/v1/auth/me").status, 200)
        reader = browser.page(server, width=360, height=740)  # mail is read on the phone
        reader.goto(server.link(ANN, "new_device"))
        equal(thief.get("/v1/auth/me").status, 200, "opening the link changes nothing: a scanner may do that")
        press(reader, "/not-me")
        equal(thief.get("/v1/auth/me").status, 401, "the session is over")
        equal(thief.post("/v1/auth/refresh", {"refresh_token": thief.tokens["refresh_token"]}).status, 401)
        reader.goto(server.link(ANN, "reset_password")).submit(password=NEW_PASSWORD)
        check(not can_sign_in(server, ANN) and can_sign_in(server, ANN, NEW_PASSWORD), "the password is hers alone")
        ann.goto("/account/security")
        equal(ann.path.split("?")[0], "/login", "a reset ends every session")
        link = server.mails(ANN, "new_device")[-1]["links"][0]
        server.advance("8d")
        reader.goto(link)
        check(not reader.has("form[action='/not-me']"), "a week later the link is worth nothing")
        quiet(reader, ann)


@test
def a_copy_of_everything():
    with Fixture() as server, Browser() as browser:
        server.person(ANN, name="Ann of the Harbour")
        page = sign_in(browser.page(server, width=360, height=740))
        server.advance("1h")  # the proof of the sign-in is stale by then
        page.goto("/settings/export")
        press(page, "/settings/export")
        prove(page)
        if not page.path.startswith("/settings/export?done"):
            page.goto("/settings/export")
            press(page, "/settings/export")
        page.goto(server.link(ANN, "export_ready"))
        path = page.value("document.querySelector('a[download]').getAttribute('href')")
        body = page.value(f"fetch({json.dumps(path)}).then(r => r.text())")
        copy = json.loads(body)
        text = json.dumps(copy)
        check("Ann of the Harbour" in text and ANN in text, "what she said of herself")
        check("argon2" not in text and "secret" not in text, "and no secret of ours")
        check({"account", "session", "audit"} <= set(copy.get("data", copy)), f"{sorted(copy)}")
        server.advance("30d")
        sign_in(page)
        check(page.value(f"fetch({json.dumps(path)}).then(r => r.status)") in (404, 410), "it is over after a while")


main()
