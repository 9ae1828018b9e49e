# SPDX-License-Identifier: Apache-2.0
"""Passkeys in a real browser: Chromium's virtual authenticator makes and uses them, by the address field's
suggestions (conditional UI), by the button, as the second step and as a fresh proof; and every page of
theirs in both themes on a phone and on a desk (build/screenshots/)."""
import base64
import contextlib
import hashlib
import hmac
import json
import re
import struct
import time

from browser import Browser
from fixture import Fixture
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, wait_for

ANN = "ann@example.org"
SHOTS = f"{ROOT}/build/screenshots"


class Authenticator:
    """A platform authenticator that knows its user, played by the browser."""

    def __init__(self, page, **options):
        self.link = page.link
        self.link.call("WebAuthn.enable", enableUI=False)
        self.id = self.link.call("WebAuthn.addVirtualAuthenticator", options={
            "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
            "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True, "defaultBackupEligibility": True,
            "defaultBackupState": True, **options})["authenticatorId"]

    def credentials(self):
        return self.link.call("WebAuthn.getCredentials", authenticatorId=self.id)["credentials"]

    def refuse(self, refuses=True):
        """The user does not touch it, or is not who it knows."""
        self.link.call("WebAuthn.setUserVerified", authenticatorId=self.id, isUserVerified=not refuses)

    def rest(self):
        self.link.call("WebAuthn.setAutomaticPresenceSimulation", authenticatorId=self.id, enabled=False)

    def wake(self):
        self.link.call("WebAuthn.setAutomaticPresenceSimulation", authenticatorId=self.id, enabled=True)


def no_complaints(*pages, but=None):
    for page in pages:
        found = [c for c in page.complaints() if not (but and re.search(but, c))]
        equal(found, [], "the browser's console and network")


def sign_up(server, page):
    """Somebody signed in by password, in this browser."""
    server.person(ANN)
    page.goto("/login").submit(email=ANN, password=PASSWORD)
    equal(page.path.split("?")[0], "/", "signed in")


@contextlib.contextmanager
def signed_up(kind=Server):
    """Somebody signed in, at a browser with an authenticator."""
    with kind() as server, Browser() as browser:
        page = browser.page(server)
        sign_up(server, page)
        yield server, page, Authenticator(page)


def sign_out(page):
    page.goto("/")
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.click("form[action='/logout'] button")


def add_passkey(page, name=""):
    page.goto("/account/security").click("a[href='/account/passkeys/new']")
    if name:
        page.fill(name=name)
    page.click("form.passkey button")
    equal(page.path, "/account/security?done=passkey_added", f"a passkey was made: {page.text[:500]}")


def set_up_totp(page):
    """By API from the page itself. Gives the secret."""
    call = ("fetch('/v1/auth/2fa/%s', {method: 'POST', headers: {'Content-Type': 'application/json'},"
            " body: JSON.stringify(%s)}).then(r => r.json())")
    secret = page.value(call % ("enable-init", "{}"))["secret"]
    step = struct.pack(">Q", int(time.time()) // 30)
    mac = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    at = mac[-1] & 15
    code = f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"
    done = page.value(call % ("enable-complete", json.dumps({"code": code})))
    check("recovery_codes" in done, f"{done}")
    return secret


def add_plain_key(page):
    """A security key that knows nobody: a second step only."""
    page.link.call("WebAuthn.disable")
    Authenticator(page, transport="usb", hasResidentKey=False, hasUserVerification=False, isUserVerified=False,
                  defaultBackupEligibility=False, defaultBackupState=False)
    add_passkey(page, "Steel key")
    check("Second step only" in page.text, f"{page.text}")


def no_suggestions(page):
    """A browser that has passkeys, but does not suggest them."""
    page.link.call("Page.addScriptToEvaluateOnNewDocument",
                   source="PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def me(page):
    return page.value("fetch('/v1/auth/me').then(r => r.json())")


@test
def a_passkey_is_made_and_signs_in_by_the_button():
    with signed_up() as (server, page, key):
        add_passkey(page, "Desk & chair")
        check("Desk & chair" in page.text and "Synced" in page.text, f"it is listed: {page.text}")
        equal(len(key.credentials()), 1)
        server.mailbox.wait(ANN, "Desk & chair")

        no_suggestions(page)
        sign_out(page)
        page.goto("/login?next=/settings")
        page.click(".passkey button")
        equal(page.path, "/settings", f"signed in: {page.text[:300]}")
        equal(me(page)["session"]["acr"], "aal2")
        equal(me(page)["session"]["amr"], ["swk", "mfa"])
        no_complaints(page)


@test
def a_passkey_signs_in_from_the_suggestions_of_the_address_field():
    with signed_up() as (_, page, key):
        add_passkey(page)
        key.rest()
        sign_out(page)
        page.goto("/login")
        equal(page.value("document.querySelector('#email').autocomplete"), "username webauthn")
        page.wait("performance.getEntriesByName(location.origin + '/v1/auth/passkeys/login/begin').length")
        key.wake()  # without a window of its own, this browser takes the first suggestion at once
        page.goto("/login?next=/settings")
        page.wait("location.pathname === '/settings'")
        equal(me(page)["session"]["amr"], ["swk", "mfa"])
        no_complaints(page)


@test
def a_passkey_is_the_second_step():
    with signed_up() as (_, page, key):
        add_passkey(page)
        secret = set_up_totp(page)
        check(secret, "two-step sign-in is on")
        key.rest()
        sign_out(page)
        page.goto("/login?next=/settings").submit(email=ANN, password=PASSWORD)
        equal(page.path.split("?")[0], "/2fa/verify", "the second step is asked for")
        key.wake()
        page.value("document.querySelector('[name=remember_device]').checked = true")
        page.click(".passkey button")
        equal(page.path, "/settings", f"signed in: {page.text[:300]}")
        equal(me(page)["session"]["amr"], ["pwd", "swk", "mfa"])
        sign_out(page)
        key.rest()
        page.goto("/login").submit(email=ANN, password=PASSWORD)
        equal(page.path, "/", "this browser is trusted now")
        no_complaints(page)


@test
def a_passkey_is_a_fresh_proof_and_is_renamed_and_removed():
    with signed_up(Fixture) as (server, page, key):
        add_passkey(page)
        page.click("a[href^='/account/passkey/']").submit(name="The blue one")
        check("The blue one" in page.text, "it has its new name")

        server.advance("11m")
        page.click("a[href='/account/passkeys/new']")
        equal(page.path, "/reauth?next=/account/passkeys/new", "a fresh proof is asked for")
        page.click(".passkey button")
        equal(page.path, "/account/passkeys/new", f"and a passkey is one: {page.text[:300]}")
        page.click("form.passkey button", leaves=False)  # this authenticator has one already
        page.wait("document.querySelector('[data-says=known]:not([hidden])')")

        server.advance("11m")
        page.goto("/account/security").click("a[href^='/account/passkey/']")
        page.click("form[action='/account/passkeys/remove'] button")
        page.click(".passkey button")
        page.click("a[href^='/account/passkey/']")
        page.click("form[action='/account/passkeys/remove'] button")
        equal(page.path, "/account/security?done=passkey_removed", page.text[:300])
        check("No passkeys yet" in page.text, "none is left")
        check("The blue one" in server.mails(ANN, "passkey_removed")[0]["text"], "its owner is told")
        wait_for(lambda: not key.credentials(), 5)  # the browser was told, if it listens
        no_complaints(page)


@test
def what_goes_wrong_is_said():
    with signed_up() as (server, page, key):
        add_passkey(page)
        api = Client(server)
        api.token = api.post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).json["access_token"]
        no_suggestions(page)
        sign_out(page)
        page.goto("/login")
        key.refuse()
        page.click(".passkey button", leaves=False)
        page.wait("document.querySelector('[data-says=cancelled]:not([hidden])')")
        equal(page.value("document.querySelectorAll('[data-says]:not([hidden])').length"), 1)
        key.refuse(False)
        only = api.get("/v1/auth/passkeys").json["data"][0]["id"]
        equal(api.api("DELETE", f"/v1/auth/passkeys/{only}").status, 204)
        page.goto("/login").click(".passkey button", leaves=False)
        page.wait("document.querySelector('[data-says=refused]:not([hidden])')")
        equal(page.path, "/login")
        no_complaints(page, but="passkeys/login/finish")


@test
def a_suggested_passkey_that_was_removed_is_said_to_be():
    with signed_up() as (server, page, _):
        add_passkey(page)
        api = server.login(ANN)
        only = api.get("/v1/auth/passkeys").json["data"][0]["id"]
        equal(api.api("DELETE", f"/v1/auth/passkeys/{only}").status, 204)
        page.goto("/login")
        page.wait("document.querySelector('[data-says=refused]:not([hidden])')")
        asked = page.value("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/begin')).length")
        time.sleep(0.5)
        equal(page.value("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/begin')).length"),
              asked, "it is not asked again and again")
        no_complaints(page, but="passkeys/login/finish")


@test
def without_script_or_passkeys_nothing_is_promised():
    with Server() as server, Browser() as browser:
        page = browser.page(server, script=False)
        sign_up(server, page)
        page.goto("/account/passkeys/new")
        check(page.has(".passkey-none"), "the page says what is missing")
        equal(page.value("getComputedStyle(document.querySelector('form.passkey')).display"), "none")
        equal(page.value("getComputedStyle(document.querySelector('.passkey-none')).display !== 'none'"), True)
        sign_out(page)
        page.goto("/login")
        equal(page.value("getComputedStyle(document.querySelector('.passkey')).display"), "none")


def look(page, name, path):
    """In both themes, on a phone and on a desk. Gives what the page lacks."""
    found = []
    for width in (320, 1280):
        for dark in (False, True):
            page.look(width, 800, dark)
            page.goto(path)
            equal(page.path, path)
            found += page.audit()
            page.screenshot(f"{SHOTS}/passkey-{name}-{width}-{'dark' if dark else 'light'}.png")
    return found


@test
def every_page_of_passkeys_is_looked_at():
    with signed_up(Fixture) as (server, page, _):
        no_suggestions(page)
        found = look(page, "none", "/account/security")
        add_passkey(page, "The passkey with a name that is as long as a name may be, and then some more of it")
        add_plain_key(page)
        one = page.value("document.querySelector('a[href^=\"/account/passkey/\"]').getAttribute('href')")
        found += look(page, "security", "/account/security") + look(page, "one", one)
        found += look(page, "new", "/account/passkeys/new")
        set_up_totp(page)
        server.advance("11m")
        found += look(page, "reauth", "/reauth")
        sign_out(page)
        found += look(page, "login", "/login")
        page.submit(email=ANN, password=PASSWORD)
        found += look(page, "second-step", "/2fa/verify")
        equal(found, [], "what the pages lack")
        no_complaints(page)


main()
