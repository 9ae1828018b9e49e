# SPDX-License-Identifier: Apache-2.0
"""What people see, in a real browser: the newcomer's journey with and without script, the first
administrator, and every page in both themes on a phone and on a desk (build/screenshots/)."""
import os
import re

from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, wait_for, with_and_without_script

ANN = "ann@example.org"
NEW_PASSWORD = "quite another harbour 8"
SHOTS = f"{ROOT}/build/screenshots"


def no_complaints(*pages):
    for page in pages:
        equal(page.complaints(), [], "the browser's console and network")


def meter_agrees(page):
    """The meter says what the form will say, for the owner of the link."""
    usual = page.value("document.getElementById('password-hint').textContent")
    for password, level, says in ((ANN + " ", "1", "your name"), ("1q2w3e4r5t6y7u", "1", "most common"), (NEW_PASSWORD, "4", usual)):
        page.value("(() => { const i = document.getElementById('password');"
                   f" i.value = {password!r}; i.dispatchEvent(new Event('input')); }})()")
        check(wait_for(lambda: says in page.value("document.getElementById('password-hint').textContent")
                       and page.value("document.querySelector('.meter').dataset.level") == level),
              f"the meter's word on {password}: "
              + page.value("document.getElementById('password-hint').textContent"))


@with_and_without_script
def a_newcomers_journey(script):
    with Server() as server, Browser() as browser:
        page = browser.page(server, script=script, width=360, height=740)
        page.goto("/account/security")
        equal(page.path.split("?")[0], "/login", "a stranger is led to sign in")
        page.goto("/").click("main a[href='/register']")
        page.submit(name="Ann", email=ANN, password=PASSWORD)
        check("mail" in page.text.lower(), f"the page says that mail was sent: {page.text[:300]}")

        page.goto(server.mailbox.link(ANN, "/verify-email"))
        check(page.has("form[method=post]"), "the link asks first, a scanner confirms nothing")
        page.click("main form button")
        page.goto("/login")
        page.submit(email=ANN, password="wrong wrong wrong")
        check(page.has("input[name=password]") and page.value("document.querySelector('input[name=email]').value") == ANN,
              "a refused sign-in keeps what was typed")
        page.submit(email=ANN, password=PASSWORD)
        equal(page.path.split("?")[0], "/", f"the dashboard: {page.text[:300]}")
        check("Ann" in page.text, "it greets by name")
        cookie = page.cookies()["cardea"]
        check(cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/", f"{cookie}")

        page.goto("/account/security")
        check("127.0.0.1" in page.text, f"the session is listed: {page.text[:500]}")
        page.goto("/settings")
        check(page.value("document.querySelector('input[name=name]').value") == "Ann", "the profile shows the name")

        sign_out(page)
        page.goto("/account/security")
        equal(page.path.split("?")[0], "/login", "signed out")

        page.goto("/forgot-password").submit(email=ANN)
        page.goto(server.mailbox.link(ANN, "/reset-password"))
        if script:
            meter_agrees(page)
        page.submit(password="short")
        check(page.has("input[name=password]"), "a weak password leaves the form")
        page.submit(password=NEW_PASSWORD)
        page.goto("/login").submit(email=ANN, password=NEW_PASSWORD)
        equal(page.path.split("?")[0], "/", "signed in with the new password")
        equal(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).status, 401)
        no_complaints(page)


def sign_out(page):
    """The button may be in a menu that opens first."""
    page.goto("/")
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.click("form[action='/logout'] button")


@test
def the_first_administrator_is_set_up_by_a_link_said_once():
    with Server() as server, Browser() as browser:
        link = wait_for(lambda: re.search(r"https?://[^\s\"]+/setup\?token=[\w.~-]+", server.current_log()))
        check(link, f"SEC_06: the log names a link: {server.current_log()[:800]}")
        page = browser.page(server)
        page.goto(link[0]).submit(name="Root", email="root@example.org", password=PASSWORD)
        page.goto("/login").submit(email="root@example.org", password=PASSWORD) if not page.cookies().get("cardea") else None
        shown = server.cli("user", "show", "root@example.org", "--json")
        check('"ADMIN"' in shown.stdout, f"it is an administrator: {shown.stdout}")
        again = Client(server).get(link[0].removeprefix(server.url))
        check(again.status in (404, 410), f"the link works once: {again.status}")
        no_complaints(page)


@test
def the_browser_keeps_forms_of_strangers_out():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server)
        page.goto("/login").submit(email=ANN, password=PASSWORD)
        # A page of another origin posts to us: SameSite and the token keep it out.
        page.link.call("Page.navigate", url="data:text/html," +
                       f"<form id=f method=post action='{server.url}/logout'></form><script>f.submit()</script>")
        wait_for(lambda: "logout" in page.path and page.value("document.readyState") == "complete", 5)
        page.goto("/")
        equal(page.path, "/", "CSRF_01: still signed in")


@test
def every_page_in_both_themes_on_phone_and_desk():
    problems = []
    with Server(ADMIN_EMAIL="root@example.org", ADMIN_PASSWORD=PASSWORD) as server, Browser() as browser:
        server.person(ANN, name="Ann")
        Client(server).post("/v1/auth/password/forgot", {"email": ANN})
        server.register("new@example.org")
        reset = "/reset-password?token=" + server.mailbox.token(ANN, "/reset-password")
        verify = "/verify-email?token=" + server.mailbox.token("new@example.org", "/verify-email")
        stranger, ann, root = browser.page(server), browser.page(server), browser.page(server)
        ann.goto("/login").submit(email=ANN, password=PASSWORD)
        root.goto("/login").submit(email="root@example.org", password=PASSWORD)
        pages = [(stranger, p) for p in ("/login", "/register", "/forgot-password", reset, verify, "/nowhere",
                                         "/reset-password?token=used", "/docs")]
        pages += [(stranger, "/magic-link")]
        pages += [(ann, p) for p in ("/", "/settings", "/settings/email", "/settings/export", "/settings/deletion",
                                     "/account/security", "/account/activity", "/account/notifications",
                                     "/account/passkeys/new", "/2fa/setup")]
        pages += [(root, p) for p in existing(server, root, ("/admin", "/admin/users", "/admin/audit-logs", "/admin/mail",
                                                             "/admin/jobs", "/admin/keys", "/admin/settings"))]
        for page, path in pages:
            name = re.sub(r"[^a-z0-9]+", "-", path.split("=")[0] if "used" not in path else "link-gone").strip("-") or "dashboard"
            for width, height in ((320, 640), (360, 740), (1280, 900)):
                for dark in (False, True):
                    page.look(width, height, dark)
                    page.goto(path)
                    problems += [f"{width} {'dark' if dark else 'light'} {p}" for p in page.audit()]
                    if width != 320:
                        page.screenshot(f"{SHOTS}/{name}-{width}-{'dark' if dark else 'light'}.png")
            if page.weight() > 50_000:
                problems.append(f"{path} weighs {page.weight()} bytes")
        problems += [c for page in (stranger, ann, root) for c in page.complaints()]
    equal(sorted(set(problems)), [], "what a reviewer would say")


def existing(server, page, paths):
    """Those of the later pages that are built already."""
    found = []
    for path in paths:
        if page.goto(path).value("performance.getEntriesByType('navigation')[0].responseStatus") != 404:
            found.append(path)
    page.link.events.clear()
    return found


@test
def a_page_speaks_the_browsers_language():
    with Server() as server:
        for wanted, lang in (("de", "de"), ("fr-CA,fr;q=0.9", "fr"), ("ar", "ar"), ("xx", "en"), ("ja,en;q=0.5", "ja")):
            text = Client(server).get("/login", **{"Accept-Language": wanted}).text
            if not os.path.exists(f"{ROOT}/ui/locales/{lang}.json"):
                continue
            check(re.search(rf'<html[^>]*lang="{lang}', text), f"{wanted}: {text[:120]}")
            check(lang != "ar" or 'dir="rtl"' in text[:300], "Arabic runs from right to left")


@test
def pages_fit_in_long_words_in_characters_and_from_right_to_left():
    """The languages that break layouts: German, Japanese, Arabic; tools/walk-pages shows all of them."""
    problems = []
    with Server() as server, Browser() as browser:
        for lang in ("de", "ja", "ar"):
            address = f"{lang}@example.org"
            server.person(address, name="Ann", locale=lang)
            stranger, ann = browser.page(server), browser.page(server)
            for page in (stranger, ann):
                page.link.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": lang})
            ann.goto("/login").submit(email=address, password=PASSWORD)
            pages = [(stranger, p) for p in ("/", "/login", "/register", "/forgot-password", "/magic-link", "/nowhere")]
            pages += [(ann, p) for p in ("/", "/settings", "/settings/email", "/settings/export", "/settings/deletion",
                                         "/account/security", "/account/activity", "/account/notifications",
                                         "/account/passkeys/new", "/2fa/setup")]
            for page, path in pages:
                for width, height, dark in ((320, 640, False), (1280, 900, True)):
                    page.look(width, height, dark)
                    page.goto(path)
                    equal(page.value("document.documentElement.lang"), lang, path)
                    problems += [f"{lang} {width} {p}" for p in page.audit()]
                    problems += [f"{lang} {path}: no text for {word}" for word in
                                 re.findall(r"\b[a-z_]+\.[a-z_]+\.[a-z_]+\b", page.text)]
            equal(ann.value("getComputedStyle(document.body).direction"), "rtl" if lang == "ar" else "ltr")
            equal(stranger.goto("/login").value("getComputedStyle(document.querySelector('#email')).direction"), "ltr",
                  "an address runs from left to right")
            problems += [c for page in (stranger, ann) for c in page.complaints()]
    equal(sorted(set(problems)), [], "what a reader of that language would say")


main()
