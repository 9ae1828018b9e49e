# SPDX-License-Identifier: Apache-2.0
"""Passkeys in a real browser: Chromium's virtual authenticator makes and uses them, by the address field's
suggestions (conditional UI), by the button, as the second step and as a fresh proof; and every page of
theirs in both themes on a phone and on a desk (build/screenshots/)."""
import json
import re
import time

from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, wait_for

ANN = "ann@example.org"
SHOTS = f"{ROOT}/build/screenshots"
LATER = 11 * 60  # a proof is no longer fresh


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


def me(page):
    return page.value("fetch('/v1/auth/me').then(r => r.json())")


@test
def a_passkey_is_made_and_signs_in_by_the_button():
    with Server() as server, Browser() as browser:
        page = browser.page(server)
        sign_up(server, page)
        key = Authenticator(page)
        add_passkey(page, "Desk & chair")
        check("Desk & chair" in page.text and "Synced" in page.text, f"it is listed: {page.text}")
        equal(len(key.credentials()), 1)
        server.mailbox.wait(ANN, "Desk & chair")

        key.rest()  # the suggestions wait, as when nobody chooses one
        sign_out(page)
        page.goto("/login")
        key.wake()
        page.click(".passkey button")
        equal(page.path, "/", f"signed in: {page.text[:300]}")
        equal(me(page)["session"]["acr"], "aal2")
        equal(me(page)["session"]["amr"], ["swk", "mfa"])
        no_complaints(page)


main()
