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


def ask_for_deletion(page):
    """From the settings, as people find it."""
    page.goto("/settings")
    page.click("a[href='/settings/deletion']")
    press(page, "/settings/deletion")
    if page.path.startswith("/reauth"):
        prove(page)
        press(page.goto("/settings/deletion"), "/settings/deletion")
    check(page.has("form[action='/settings/deletion/cancel']"), f"it says until when: {page.text[:400]}")
    return page


@test
def another_address():
    with Fixture() as server, Browser() as browser:
        server.person(ANN)
        page = sign_in(browser.page(server, width=360, height=740))
        other = server.login(ANN, agent="an application")
        page.goto("/settings")
        page.click("a[href='/settings/email']")
        page.submit(email=NEW_ANN)
        check(NEW_ANN in page.text, f"it waits for its link: {page.text[:400]}")
        check(not can_sign_in(server, NEW_ANN) and can_sign_in(server, ANN), "nothing has changed yet")
        check(server.mails(ANN, "email_change_asked"), "the old mailbox is told")
        link = server.link(NEW_ANN, "email_change_confirm")
        page.goto(link)
        press(page, "/confirm-email")
        check(can_sign_in(server, NEW_ANN) and not can_sign_in(server, ANN), "the new address signs in, the old does not")
        equal(other.get("/v1/auth/me").status, 401, "other sessions end")
        page.goto("/settings")
        check(NEW_ANN in page.value("document.body.innerHTML"), "and the settings say so")
        stranger = browser.page(server)
        stranger.goto(link)
        check(not stranger.has("form[action='/confirm-email']"), "the link works once")
        # The old mailbox takes it back.
        stranger.goto(server.link(ANN, "email_changed"))
        press(stranger, "/revoke-email")
        page.goto("/settings")
        equal(page.path.split("?")[0], "/login", "every session ends")
        check(not can_sign_in(server, NEW_ANN) and not can_sign_in(server, ANN), "the password is void")
        stranger.goto(server.link(ANN, "reset_password")).submit(password=NEW_PASSWORD)
        check(can_sign_in(server, ANN, NEW_PASSWORD), "and the old address is the account's again")
        quiet(page, stranger)


@test
def leaving_and_changing_ones_mind():
    with Fixture() as server, Browser() as browser:
        server.person(ANN)
        page = ask_for_deletion(sign_in(browser.page(server)))
        server.advance("29d")
        sign_in(page)
        check(page.has("a[href*='/settings/deletion'], form[action='/settings/deletion/cancel']"),
              f"who signs in is offered to stay: {page.text[:600]}")
        reader = browser.page(server, width=360, height=740)
        reader.goto(server.link(ANN, "deletion_asked"))
        press(reader, "/settings/deletion/cancel")
        check(server.mails(ANN, "deletion_cancelled"), "she is told")
        server.advance("30d")
        check(can_sign_in(server, ANN), "the account is there")
        # Once more, and kept by who is signed in.
        ask_for_deletion(sign_in(page))
        press(page.goto("/settings/deletion"), "/settings/deletion/cancel")
        server.advance("60d")
        check(can_sign_in(server, ANN), "and there still")
        quiet(page, reader)


@test
def leaving_for_good():
    with Fixture() as server, Browser() as browser:
        server.person(ANN, name="Ann of the Harbour")
        server.person("ben@example.org")
        page = ask_for_deletion(sign_in(browser.page(server)))
        link = server.link(ANN, "deletion_asked")
        server.advance("29d")
        check(can_sign_in(server, ANN), "the grace lasts")
        server.advance("2d")
        check(not can_sign_in(server, ANN), "she is gone")
        page.goto("/account/security")
        equal(page.path.split("?")[0], "/login", "so are her sessions")
        page.goto(link)
        check(not page.has("form[action='/settings/deletion/cancel'] input[name=token]"), "the link keeps nothing any more")
        check(server.mails(ANN, "deletion_done"), "a last mail says so")
        check(can_sign_in(server, "ben@example.org"), "nobody else is")
        server.person(ANN, NEW_PASSWORD)
        fresh = sign_in(page, ANN, NEW_PASSWORD)
        check("Ann of the Harbour" not in fresh.goto("/settings").value("document.body.innerHTML"),
              "the address can be used again, and brings nothing back")


main()
