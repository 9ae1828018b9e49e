# SPDX-License-Identifier: Apache-2.0
"""What people see who are refused, and staff who help them, in a real browser: in every language, on a
small phone and a desk, light and dark; a reference that is copied; an account that is unlocked."""
from browser import Browser
from harness import PASSWORD, Client, Server, check, equal, main, test

ANN, BOSS = "ann@example.org", "boss@example.org"
WRONG = "wrong wrong wrong"
FIRST_ADMIN = {"ADMIN_EMAIL": BOSS, "ADMIN_PASSWORD": PASSWORD}
LANGUAGES = ("en", "de", "fr", "es", "pt", "zh", "ja", "ar")


def visitor(browser, server, language="en", ip="198.51.100.7", **options):
    page = browser.page(server, width=320, height=640, **options)
    page.link.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language, "X-Forwarded-For": ip})
    return page


def judge(page, language):
    """What a reviewer would say."""
    equal(page.value("document.documentElement.lang"), language)
    problems = []
    for width, height, dark in ((320, 640, False), (1280, 900, True)):
        page.look(width, height, dark)
        problems += [f"{language} {width} {p}" for p in page.audit()]
    page.look(320, 640, False)
    equal(problems, [])


def lock(server, address):
    for _ in range(5):
        equal(Client(server).post("/v1/auth/login", {"email": address, "password": WRONG}).status, 401)


@test
def refusals_are_fit_to_be_seen_in_every_language():
    with Server() as server, Browser() as browser:
        lock(server, ANN)
        for language in LANGUAGES:
            page = visitor(browser, server, language)
            page.goto("/login").submit(email=ANN, password=PASSWORD)
            check(page.has("main .quiet a[href^='/magic-link']"), f"ways that are open: {page.text[:400]}")
            judge(page, language)
        server.settings.update(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1", ADDRESS_DENY="203.0.113.0/24")
        server.stop()
        server.start()
        for number, language in enumerate(LANGUAGES[1::2]):
            ip = f"198.51.{number}.1"
            for i in range(5):
                Client(server).post("/v1/auth/login", {"email": f"{language}.{i}@example.org", "password": WRONG},
                                    {"X-Forwarded-For": ip})
            page = visitor(browser, server, language, ip)
            page.goto("/login").submit(email=ANN, password=WRONG)
            check(page.has("main .quiet a[href^='/magic-link']"), f"ways that are open: {page.text[:400]}")
            judge(page, language)
            page = visitor(browser, server, language, "203.0.113.9")
            judge(page.goto("/login"), language)


@test
def a_reference_is_copied_by_a_button_and_read_by_staff():
    with Server(**FIRST_ADMIN) as server, Browser() as browser:
        lock(server, ANN)
        without = visitor(browser, server, script=False)
        without.goto("/login").fill(email=ANN, password=PASSWORD).press("Enter")
        check(without.has("#problem code") and not without.has(".copy"), "nothing to press that does nothing")
        page = visitor(browser, server)
        page.goto("/login").submit(email=ANN, password=PASSWORD)
        page.value("navigator.clipboard.writeText = async (text) => { window.copied = text }")
        page.click("#problem summary", leaves=False)
        judge(page, "en")
        page.click("#problem .copy", leaves=False)
        page.wait("window.copied && document.querySelector('.copy').textContent === 'Copied'")
        reference = page.value("window.copied")
        check(reference.startswith("dec_"), reference)
        page.wait("document.querySelector('.copy').textContent === 'Copy'")
        boss = browser.page(server)
        boss.goto("/login").submit(email=BOSS, password=PASSWORD)
        boss.goto("/admin/decisions").fill(reference=reference).press("Enter")
        check("lockout password" in boss.text, boss.text[:400])
        equal(page.complaints() + boss.complaints(), [])


@test
def staff_begin_at_their_page_and_unlock_by_address():
    with Server(**FIRST_ADMIN) as server, Browser() as browser:
        server.person(ANN)
        lock(server, ANN)
        boss = browser.page(server)
        boss.goto("/login").submit(email=BOSS, password=PASSWORD)
        boss.click(".menu summary", leaves=False).click(".menu a[href='/admin']")
        judge(boss, "en")
        boss.click("main .rows a[href='/admin/unlock']")
        boss.submit(account="nobody@example.org")
        check(boss.has("#account-error"), boss.text[:400])
        judge(boss, "en")
        boss.submit(account=ANN)
        check("open again" in boss.text, boss.text[:400])
        judge(boss, "en")
        equal(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).status, 200)
        equal(boss.complaints(), [])


if __name__ == "__main__":
    main()
