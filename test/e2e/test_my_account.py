# SPDX-License-Identifier: Apache-2.0
"""What happened to my account, what I was told of it, and a copy of all of it, in a real browser; and
each of these pages in both themes, on a phone and on a desk, from left to right and right to left."""
import os

from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, wait_for, with_and_without_script

ANN = "ann@example.org"
SHOTS = f"{ROOT}/build/screenshots"
PAGES = ("/account/activity", "/account/notifications", "/settings/export", "/settings", "/account/security")


def begin(server):
    """Ann, who signed in from several programs and mistyped her password."""
    server.person(ANN, name="Ann")
    for agent in ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "curl/8.1", "Wget/1.21"):
        Client(server, agent=agent).post("/v1/auth/login", {"email": ANN, "password": PASSWORD})
    Client(server).post("/v1/auth/login", {"email": ANN, "password": "wrong wrong wrong"})


@with_and_without_script
def what_happened_what_i_was_told_and_all_my_data(script):
    with Server() as server, Browser() as browser:
        begin(server)
        page = browser.page(server, script=script, width=360, height=740)
        page.goto("/login").submit(email=ANN, password=PASSWORD)
        check(page.has("header .count"), "the header says that there is news")
        page.goto("/account/notifications")
        check("New sign-in" in page.text, f"the notice is listed: {page.text[:500]}")
        page.click("form[action='/account/notifications/read'] button")
        check(not page.has("header .count"), "read is read")
        page.value("document.querySelector('input[name=session_moved]').checked = false")
        page.click("form[action='/account/notifications/preferences'] button")
        check(not page.value("document.querySelector('input[name=session_moved]').checked"), "the wish is kept")
        check(page.value("document.querySelector('input[name=export_ready]').checked"), "and the other one")

        page.goto("/account/activity")
        check("A sign-in failed" in page.text and "Firefox" in page.text, f"in plain words: {page.text[:800]}")
        equal(page.value("document.querySelectorAll('.day').length"), 1, "all of it happened today")

        page.goto("/settings").click("main a[href='/settings/export']")
        page.click("form[action='/settings/export'] button")
        link = server.mailbox.link(ANN, "/settings/export")
        page.goto(link)
        check(page.has("a[download]"), f"the copy is ready: {page.text[:500]}")
        path = page.value("document.querySelector('a[download]').getAttribute('href')")
        cookies = "; ".join(f"{name}={c['value']}" for name, c in page.cookies().items())
        agent = page.value("navigator.userAgent")
        answer = Client(server, agent=agent).get(path, Cookie=cookies)
        equal(answer.status, 200, answer.text[:300])
        check("attachment" in answer.header("Content-Disposition"), "it is a file")
        equal(answer.json["data"]["account"][0]["email"], ANN)
        check("$argon2" not in answer.text, "MFA_06: no hash in it")
        equal(page.complaints(), [], "the browser's console and network")


@test
def each_page_in_both_themes_and_directions():
    problems = []
    with Server() as server, Browser() as browser:
        begin(server)
        page = browser.page(server)
        page.goto("/login").submit(email=ANN, password=PASSWORD)
        page.goto("/settings/export").click("form[action='/settings/export'] button")
        server.mailbox.wait(ANN, "/settings/export")
        for language in ("en", "de", "ar"):
            page.goto("/settings").value(f"document.querySelector('select[name=locale]').value = '{language}'")
            page.submit(name="Ann")
            for path in PAGES:
                name = path.strip("/").replace("/", "-")
                for width, height in ((320, 640), (1280, 900)):
                    for dark in (False, True):
                        page.look(width, height, dark)
                        page.goto(path)
                        problems += [f"{language} {width} {'dark' if dark else 'light'} {p}" for p in page.audit()]
                        page.screenshot(f"{SHOTS}/{name}-{language}-{width}-{'dark' if dark else 'light'}.png")
                if page.weight() > 50_000:
                    problems.append(f"{path} weighs {page.weight()} bytes")
        problems += page.complaints()
    equal(sorted(set(problems)), [], "what a reviewer would say")


main()
