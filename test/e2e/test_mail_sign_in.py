# SPDX-License-Identifier: Apache-2.0
"""Signing in by mail in a real browser: the link where it was asked for, the link on another device, the
code; with and without script, and what the pages look like (build/screenshots/)."""
import re

from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, plain, test, with_and_without_script

ANN, BEN = "ann@example.org", "ben@example.org"
SHOTS = f"{ROOT}/build/screenshots"


def shoot(page, name):
    """The page that stands there, on a small phone and a desk, light and dark; what a reviewer would say."""
    problems = []
    for width, height in ((320, 640), (1280, 900)):
        for dark in (False, True):
            page.look(width, height, dark)
            problems += [f"{width} {'dark' if dark else 'light'} {p}" for p in page.audit()]
            page.screenshot(f"{SHOTS}/{name}-{width}-{'dark' if dark else 'light'}.png")
    page.look(360, 740, False)
    equal(sorted(set(problems)), [], name)


def ask(page, address, path="/magic-link"):
    page.goto(path).submit(email=address)
    check(page.has("input[name=code]"), f"the page takes the code: {page.text[:300]}")


def code_in(mail):
    return re.search(r"^ *(\d{8})$", plain(mail), re.M)[1]


def signed_in_as(page, address):
    page.goto("/settings")
    check(address in page.text, f"signed in as {address}: {page.text[:300]}")


@with_and_without_script
def the_link_signs_in_with_one_click_where_it_was_asked_for(script):
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server, script=script, width=360, height=740)
        page.goto("/account/security")
        page.click("a[href^='/magic-link']")
        page.submit(email=ANN)
        page.goto(server.mailbox.link(ANN, "/magic-link"))
        check(ANN in page.text and not page.has("input[name=elsewhere]"), f"one button: {page.text[:300]}")
        page.click("main form button")
        equal(page.path, "/account/security", "goes on where it was")
        equal(page.complaints(), [])


@test
def another_browser_asks_first_and_says_who_asked():
    with Server() as server, Browser() as browser, Browser() as other_device:
        server.person(ANN)
        desk, phone = browser.page(server), other_device.page(server, width=360, height=740)
        ask(desk, ANN)
        link = server.mailbox.link(ANN, "/magic-link")
        # A scanner in between fetches whatever it finds.
        for _ in range(10):
            equal(Client(server, agent="scanner").get(link.removeprefix(server.url)).status, 200, "TOK_05")
        phone.goto(link)
        check(phone.has("input[name=elsewhere]") and "127.0.0.1" in phone.text, f"who asked: {phone.text[:400]}")
        shoot(phone, "magic-link-elsewhere")
        phone.click("main form button")
        signed_in_as(phone, ANN)
        desk.goto("/settings")
        equal(desk.path.split("?")[0], "/login", "nobody was signed in at the desk")
        desk.goto(link)
        check(not desk.has("main form[action='/magic-link/verify']"), f"used up: {desk.text[:200]}")
        equal(phone.complaints() + desk.complaints(), [])


@test
def the_code_signs_in_where_it_was_asked_for():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server)
        ask(page, ANN, "/magic-link?next=/account/security")
        mail = server.mailbox.wait(ANN, "/magic-link?")
        wrong = str((int(code_in(mail)) + 1) % 10**8).zfill(8)
        shoot(page, "email-code-sent")
        page.submit(code=wrong)
        check(page.has("input[name=code]") and page.has("[role=alert]"), f"the form again: {page.text[:300]}")
        shoot(page, "email-code-wrong")
        code = code_in(mail)
        page.submit(code=f"{code[:4]} {code[4:]}")
        equal(page.path, "/account/security")
        signed_in_as(page, ANN)
        equal(page.complaints(), [])


@test
def somebody_else_is_signed_in_here():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        server.person(BEN)
        page = browser.page(server)
        page.goto("/login").submit(email=BEN, password=PASSWORD)
        Client(server).post("/v1/auth/magic-link", {"email": ANN})
        page.goto(server.mailbox.link(ANN, "/magic-link"))
        check(ANN in page.text and BEN in page.text, f"TOK_04: it says so: {page.text[:400]}")
        shoot(page, "magic-link-other-account")
        page.click("main form button")
        signed_in_as(page, ANN)
        equal(page.complaints(), [])


@test
def what_the_pages_and_mails_look_like():
    with Server() as server, Browser() as browser:
        server.person(ANN)
        page = browser.page(server)
        for path, name in (("/login", "login"), ("/magic-link", "magic-link"), ("/email-code", "email-code"),
                           ("/magic-link?token=lnk_used", "magic-link-gone")):
            page.goto(path)
            shoot(page, name)
        ask(page, ANN)
        page.goto(server.mailbox.link(ANN, "/magic-link"))
        shoot(page, "magic-link-home")
        Client(server).post("/v1/auth/email-code", {"email": ANN})
        page.link.call("Page.navigate", url="about:blank")
        page.wait("document.readyState === 'complete' && location.href === 'about:blank'")
        for having, name in (("/magic-link?", "mail-magic-link"), ("sign-in code", "mail-sign-in-code")):
            body = server.mailbox.wait(ANN, having).get_body(("html",)).get_content()
            for width in (320, 1280):
                for dark in (False, True):
                    page.look(width, 900, dark)
                    page.link.call("Page.setDocumentContent", html=body,
                                   frameId=page.link.call("Page.getFrameTree")["frameTree"]["frame"]["id"])
                    page.screenshot(f"{SHOTS}/{name}-{width}-{'dark' if dark else 'light'}.png")


main()
