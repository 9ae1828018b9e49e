# SPDX-License-Identifier: Apache-2.0
"""Two-step sign-in in a real browser: the QR code is read off the screen, as a phone would; sign-in with
a code, with a recovery code, from a trusted browser; the phone is lost. Its pages in both themes, on a
phone and on a desk (build/screenshots/)."""
import base64
import hashlib
import hmac
import os
import re
import struct
import tempfile
import time
import urllib.parse

import qr
from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, with_and_without_script

ANN = "ann@example.org"
SHOTS = f"{ROOT}/build/screenshots"


def code(secret, steps=0):
    """What the app shows (RFC 6238), so many steps from now."""
    step = struct.pack(">Q", int(time.time()) // 30 + steps)
    mac = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def calm():
    """Not so near the end of a step that the next one begins before the code arrives."""
    while time.time() % 30 > 22:
        time.sleep(0.2)


def scan(page):
    """The URI of the QR code on the screen."""
    page.value("document.querySelector('.qr').scrollIntoView({block: 'center', behavior: 'instant'})")
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        page.screenshot(file.name, full=False)
        found = qr.read(file.read())
    check(len(found) == 1, f"one QR code on the screen: {found}")
    return urllib.parse.urlsplit(found[0])


def sign_in(page, path="/"):
    return page.goto(path if path != "/" else "/login").submit(email=ANN, password=PASSWORD)


def set_up(page, server):
    """From the security page to the recovery codes. Gives the secret and the codes."""
    page.goto("/account/security").click("a[href='/2fa/setup']")
    if page.has("form[action='/2fa/setup']"):  # else it was begun before
        page.click("form[action='/2fa/setup'] button")
    uri = scan(page)
    query = dict(urllib.parse.parse_qsl(uri.query))
    equal((uri.scheme, uri.netloc, uri.path), ("otpauth", "totp", "/Cardea:ann%40example.org"), "what the app reads")
    equal((query["issuer"], query["digits"], query["period"]), ("Cardea", "6", "30"), "and how it counts")
    secret = query["secret"]
    page.value("document.querySelector('details.more').open = true")
    check(secret in page.text.replace(" ", ""), "the key can be typed as well")
    page.submit(code="000000")
    check(page.has(".problem"), f"a wrong code is refused: {page.text[:300]}")
    equal(dict(urllib.parse.parse_qsl(scan(page).query))["secret"], secret, "and the set-up goes on")
    calm()
    page.submit(code=code(secret, -1))  # the present one is for signing in
    codes = re.findall(r"\b[0-9a-z]{5}(?:-[0-9a-z]{5}){4}\b", page.text)
    equal(len(set(codes)), 10, f"ten recovery codes: {page.text[:600]}")
    return secret, codes


def sign_out(page):
    page.goto("/")
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.click("form[action='/logout'] button")


@with_and_without_script
def two_steps(script):
    with Server() as server, Browser() as browser:
        server.person(ANN, name="Ann")
        page = browser.page(server, script=script, width=360, height=740)
        sign_in(page)
        secret, codes = set_up(page, server)
        equal(page.has(".tools button"), script, "buttons to copy, print and download, where there is script")
        page.click("a.button")
        check("10" in page.text and page.has("a[href='/2fa/disable']"), f"it is on: {page.text[:600]}")
        sign_out(page)

        page.goto("/login?next=/settings").submit(email=ANN, password=PASSWORD)
        equal(page.path, "/2fa/verify?next=/settings", "the password alone does not let in")
        check("cardea" not in page.cookies(), "nor is there a session")
        page.goto("/settings")
        equal(page.path.split("?")[0], "/login", "no door opens between the steps")
        page.goto("/2fa/verify?next=/settings")
        page.submit(code="000 000")
        check(page.has("[aria-invalid=true]"), f"a wrong code leaves the form: {page.text[:300]}")
        calm()
        now = code(secret)
        page.submit(code=f"{now[:3]} {now[3:]}")
        equal(page.path, "/settings", f"both steps let in: {page.text[:300]}")
        sign_out(page)

        sign_in(page)
        page.submit(code=now)
        check(page.has("input[name=code]"), "a code works once")
        page.click("a[href^='/recovery']")
        page.submit(code=codes[0].upper().replace("-", " "))
        equal(page.path, "/", f"a recovery code lets in: {page.text[:300]}")
        server.mailbox.wait(ANN, "Codes left: 9")

        # The phone is lost: the recovery code was a full proof, so it can be turned off.
        page.goto("/account/security").click("a[href='/2fa/disable']")
        page.click("form[action='/2fa/disable'] button")
        check(page.has("a[href='/2fa/setup']"), f"it is off: {page.text[:600]}")
        sign_out(page)
        sign_in(page)
        equal(page.path, "/", "the password is enough again")
        equal(page.complaints(), [], "the browser's console and network")


@test
def a_trusted_browser_skips_the_code_but_changes_nothing_without_it():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server)
        sign_in(page)
        secret, _ = set_up(page, server)
        page.click("a.button")
        sign_out(page)
        sign_in(page)
        page.click("label.check", leaves=False)
        calm()
        page.submit(code=code(secret))
        equal(page.path, "/", f"signed in: {page.text[:300]}")
        sign_out(page)
        sign_in(page)
        equal(page.path, "/", "no code is asked for now")
        page.goto("/2fa/disable")
        equal(page.path, "/reauth?next=/2fa/disable", "but for turning it off")
        check(not page.has("input[name=password]"), "the password alone would not do")
        page.submit(code="000000")
        check(page.has("input[name=code]"), "nor a wrong code")
        stranger = browser.page(server)
        sign_in(stranger)
        equal(stranger.path.split("?")[0], "/2fa/verify", "another browser is asked")


@test
def recovery_codes_can_be_copied_and_downloaded():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server)
        sign_in(page)
        _, codes = set_up(page, server)
        # A browser without a screen has no clipboard to look into.
        page.value("navigator.clipboard.writeText = async (text) => { window.copied = text }")
        page.click(".tools button:nth-of-type(1)", leaves=False)
        page.wait("document.querySelector('.tools output').value !== ''")
        equal(page.value("window.copied").split(), codes, "what was copied")
        with tempfile.TemporaryDirectory() as folder:
            page.link.call("Page.setDownloadBehavior", behavior="allow", downloadPath=folder)
            page.click(".tools button:nth-of-type(3)", leaves=False)
            path = f"{folder}/recovery-codes.txt"
            for _ in range(100):
                if os.path.exists(path):
                    break
                time.sleep(0.05)
            with open(path) as file:
                text = file.read()
        equal(re.findall(r"^[0-9a-z-]{29}$", text, re.M), codes, "what was downloaded")
        check(ANN in text and "Cardea" in text, "with the account they are for")
        equal(page.complaints(), [], "the browser's console and network")


@test
def an_operator_helps_whoever_lost_everything():
    with Server() as server:
        ann = server.person(ANN)
        secret = ann.post("/v1/auth/2fa/enable-init", {}).json["secret"]
        calm()
        equal(ann.post("/v1/auth/2fa/enable-complete", {"code": code(secret)}).status, 200)
        pending = Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).json
        check(pending["mfa_required"], f"a second step is asked for: {pending}")
        done = server.cli("user", "reset-2fa", ANN)
        equal(done.returncode, 0, done.stderr)
        equal(ann.get("/v1/auth/me").status, 401, "all sessions ended")
        check("access_token" in server.login(ANN).tokens, "the password is enough")
        server.mailbox.wait(ANN, "Two-step sign-in is off")
        check(server.cli("user", "reset-2fa", ANN).returncode != 0, "there is nothing to reset any more")


class Looks:
    """Looks at whatever page is shown, in every size and theme, without loading it again."""

    def __init__(self):
        self.problems = []

    def at(self, page, name):
        for width, height in ((320, 640), (360, 740), (1280, 900)):
            for dark in (False, True):
                page.look(width, height, dark)
                theme = "dark" if dark else "light"
                self.problems += [f"{name} {width} {theme} {p}" for p in page.audit()]
                page.screenshot(f"{SHOTS}/{name}-{width}-{theme}.png")


@test
def every_page_of_it_in_both_themes_on_phone_and_desk():
    looks = Looks()
    with Server() as server, Browser() as browser:
        server.person(ANN, name="Ann")
        page = browser.page(server)
        looks.at(sign_in(page).goto("/account/security"), "two-factor-security-off")
        looks.at(page.goto("/2fa/setup"), "two-factor-setup")
        page.click("form[action='/2fa/setup'] button")
        looks.at(page, "two-factor-setup-code")
        page.value("document.querySelector('details.more').open = true")
        looks.at(page.submit(code="000000"), "two-factor-setup-wrong")
        secret, _ = set_up(page, server)
        looks.at(page, "two-factor-codes")
        looks.at(page.click("a.button"), "two-factor-security-on")
        looks.at(page.goto("/2fa/recovery-codes"), "two-factor-renew")
        looks.at(page.goto("/2fa/disable"), "two-factor-disable")
        sign_out(page)
        looks.at(sign_in(page), "two-factor-verify")
        looks.at(page.submit(code="000000"), "two-factor-verify-wrong")
        looks.at(page.click("a[href^='/recovery']"), "recovery")
        looks.at(page.submit(code="none"), "recovery-wrong")
        page.goto("/2fa/verify").click("label.check", leaves=False)
        calm()
        page.submit(code=code(secret))
        sign_out(page)
        sign_in(page).goto("/2fa/disable")
        looks.at(page, "two-factor-reauth")
        for path in ("/2fa/setup", "/account/security"):
            weight = page.goto(path).weight()
            check(weight < 50_000, f"{path} weighs {weight} bytes")
        looks.problems += page.complaints()
    equal(sorted(set(looks.problems)), [], "what a reviewer would say")


main()
