# SPDX-License-Identifier: Apache-2.0
"""Who may register, in a real browser: the waiting list from joining to the first sign-in, an invitation
that gives a role, closed doors; without script too, and what the pages look like (build/screenshots/)."""
from browser import Browser
from harness import PASSWORD, ROOT, Client, Server, check, equal, main, test, with_and_without_script

ANN, BEN, BOSS = "ann@example.org", "ben@example.org", "boss@example.org"
SHOTS = f"{ROOT}/build/screenshots"
FIRST_ADMIN = {"ADMIN_EMAIL": BOSS, "ADMIN_PASSWORD": PASSWORD}


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


def speak(page, tag):
    page.click(f"footer button[value={tag}]")


def staff(browser, server, **options):
    page = browser.page(server, **options)
    page.goto("/login").submit(email=BOSS, password=PASSWORD)
    return page


def registers(page, server, address, link):
    """By the link of an invitation, up to the first sign-in."""
    page.goto(link)
    check(page.value("document.querySelector('#email').value") == address, "the form knows the address")
    check(not page.has("#invite"), "nothing to copy")
    page.submit(password=PASSWORD)
    page.goto(server.mailbox.link(address, "/verify-email"))
    page.click("main form button")
    page.goto("/login").submit(email=address, password=PASSWORD)
    equal(page.path, "/", page.text[:200])


@with_and_without_script
def from_the_waiting_list_to_an_account(script):
    with Server(SIGN_UP="waitlist", **FIRST_ADMIN) as server, Browser() as browser, Browser() as desk:
        page = browser.page(server, script=script, width=360, height=740)
        page.goto("/register")
        equal(page.path, "/waitlist", "who has no invitation is led to the list")
        page.submit(email=ANN)
        page.goto(server.mailbox.link(ANN, "/waitlist"))
        page.click("form[action='/waitlist/confirm'] button")
        check("number 1" in page.text, page.text[:300])
        boss = staff(desk, server, script=script)
        boss.goto("/").goto("/admin/waitlist")
        check(ANN in boss.text, boss.text[:300])
        boss.click("form[action='/admin/waitlist/approve'] button", "Let in")
        check(ANN not in boss.text, f"she waits no more: {boss.text[:400]}")
        registers(page, server, ANN, server.mailbox.link(ANN, "/register"))
        equal(page.complaints() + boss.complaints(), [])


@test
def an_invitation_gives_its_role():
    with Server(SIGN_UP="invite", **FIRST_ADMIN) as server, Browser() as browser, Browser() as desk:
        boss = staff(desk, server)
        boss.click(".menu summary", leaves=False).click(".menu a[href='/admin']").click("main .rows a[href='/admin/invites']")
        boss.value("document.querySelector('#role').value = 'SUPPORT'")
        boss.submit(email=ANN)
        check(ANN in boss.text, boss.text[:300])
        page = browser.page(server)
        registers(page, server, ANN, server.mailbox.link(ANN, "/register"))
        page.goto("/admin/invites")
        check(page.has("form[action='/admin/invites']"), f"she is staff: {page.text[:300]}")
        equal(page.value("[...document.querySelectorAll('#role option')].map(o => o.value).join()"), "USER")
        equal(page.complaints() + boss.complaints(), [])


@test
def a_link_to_pass_on_works_once_and_is_shown_once():
    with Server(SIGN_UP="invite", **FIRST_ADMIN) as server, Browser() as browser, Browser() as desk:
        boss = staff(desk, server)
        boss.goto("/admin/invites").submit(uses="1")
        link = boss.value("document.querySelector('code.key').innerText")
        shoot(boss, "admin-invite-made")
        boss.goto("/admin/invites")
        check("inv_" not in boss.text, "not shown again")
        page = browser.page(server)
        page.goto("/register")
        check(page.has("#invite"), "a code is asked for")
        page.goto(link)
        shoot(page, "register-invited")
        page.submit(email=BEN, password=PASSWORD)
        page.goto(server.mailbox.link(BEN, "/verify-email"))
        page.click("main form button")
        page.goto(link)
        check(page.has("#invite-error"), f"used up: {page.text[:300]}")
        shoot(page, "register-invite-used")
        equal(page.complaints() + boss.complaints(), [])


@test
def closed_is_said_in_friendly_words():
    with Server(SIGN_UP="closed", **FIRST_ADMIN) as server, Browser() as browser:
        page = browser.page(server)
        page.goto("/register")
        check(not page.has("input[type=password]"), page.text[:300])
        shoot(page, "register-closed")
        speak(page, "ar")
        shoot(page, "register-closed-ar")
        page.goto("/waitlist")
        equal(page.path, "/register")
        equal(Client(server).post("/v1/auth/register", {"email": BEN, "password": PASSWORD}).status, 403)
        page.goto("/login").submit(email=BOSS, password=PASSWORD)
        equal(page.path, "/", "who has an account signs in as ever")
        equal(page.complaints(), [])


@test
def the_pages_are_fit_to_be_seen():
    with Server(SIGN_UP="waitlist", SERVICE_NAME="Walnut & Sons", **FIRST_ADMIN) as server, Browser() as browser:
        page = browser.page(server)
        shoot(page.goto("/waitlist"), "waitlist")
        shoot(page.goto("/register?invited=1"), "register-waitlist")
        page.goto("/waitlist").submit(email=ANN, name="Ann Fairweather-Longbottom")
        shoot(page, "waitlist-joined")
        link = server.mailbox.link(ANN, "/waitlist")
        shoot(page.goto(link), "waitlist-unconfirmed")
        page.click("form[action='/waitlist/confirm'] button")
        shoot(page, "waitlist-waiting")
        Client(server).post("/v1/waitlist/join", {
            "email": "a.very.long.address.of.somebody.who.waits@subdomain.department.example.org"})
        page.goto("/waitlist")
        speak(page, "ar")
        shoot(page, "waitlist-ar")
        shoot(page.goto(link), "waitlist-waiting-ar")
        boss = staff(browser, server)
        boss.goto("/settings")
        speak(boss, "ar")
        boss.goto("/admin/invites")
        for address in (BEN, "a.very.long.address.of.somebody.invited@subdomain.department.example.org"):
            boss.submit(email=address)
        shoot(boss, "admin-invites-ar")
        shoot(boss.goto("/admin/waitlist"), "admin-waitlist-ar")
        boss.goto("/settings")
        speak(boss, "en")
        shoot(boss.goto("/admin/invites"), "admin-invites")
        shoot(boss.goto("/admin/waitlist"), "admin-waitlist")
        shoot(boss.goto("/admin/waitlist?status=unconfirmed"), "admin-waitlist-unconfirmed")
        boss.goto("/admin/waitlist")
        boss.submit(count="5")
        shoot(boss.goto("/admin/waitlist?status=approved"), "admin-waitlist-approved")
        shoot(boss.goto(link), "waitlist-approved")
        equal(page.complaints() + boss.complaints(), [])


main()
