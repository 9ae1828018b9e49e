# SPDX-License-Identifier: Apache-2.0
"""The embedded captcha in a real browser: solved by script while somebody types, and by patience
where there is no script."""
import http.server
import json
import threading
import urllib.parse

from browser import Browser
from harness import PASSWORD, Client, Server, check, equal, main, on_both_engines, solve, test

ANN = "ann@example.org"
NEW_PASSWORD = "quite another harbour 8"


@on_both_engines
def a_client_in_another_language_solves_it(engine):
    with Server(engine, CAPTCHA="always") as server:
        client = Client(server)
        members = {"email": ANN, "password": PASSWORD}
        refused = client.post("/v1/auth/register", members)
        equal((refused.status, refused.json["code"]), (403, "captcha_required"))
        answer = solve(refused.json["captcha"])
        equal(client.post("/v1/auth/register", {**members, "captcha": answer}).status, 202)
        again = client.post("/v1/auth/register", {**members, "captcha": answer})
        equal((again.status, again.json["code"]), (403, "captcha_wrong"))
        server.verify(ANN)
        challenge = client.get("/v1/auth/challenge?action=login").json
        equal(client.post("/v1/auth/login", {**members, "captcha": solve(challenge)}).status, 200)


def journey(server, page):
    page.goto("/register").submit(name="Ann", email=ANN, password=PASSWORD)
    check("mail" in page.text.lower(), f"the page says that mail was sent: {page.text[:300]}")
    page.goto(server.mailbox.link(ANN, "/verify-email")).click("main form button")
    page.goto("/login").submit(email=ANN, password="wrong wrong wrong")
    check(page.has("input[name=password]"), f"a refused sign-in shows the form: {page.text[:300]}")
    page.submit(email=ANN, password=PASSWORD)
    equal(page.path.split("?")[0], "/", f"signed in: {page.text[:300]}")
    page.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.click("form[action='/logout'] button")
    page.goto("/forgot-password").submit(email=ANN)
    page.goto(server.mailbox.link(ANN, "/reset-password")).submit(password=NEW_PASSWORD)
    page.goto("/magic-link").submit(email=ANN)
    page.goto(server.mailbox.link(ANN, "/magic-link"))
    check(page.has("main form button"), f"the link came: {page.text[:300]}")
    page.goto("/login").submit(email=ANN, password=NEW_PASSWORD)
    equal(page.path.split("?")[0], "/", "signed in with the new password")
    equal(page.complaints(), [], "the browser's console and network")


@test
def a_browser_solves_it_by_itself():
    with Server(CAPTCHA="always") as server, Browser() as browser:
        journey(server, browser.page(server, width=360, height=740))


def press_in_time(page, **fields):
    """Fills the form in, and presses its button once it is there."""
    first = next(iter(fields))
    button = f"document.querySelector('input[name={first}]').form.querySelector('button.primary')"
    check(page.value(f"getComputedStyle({button}).visibility") == "hidden", "the button is not there yet")
    check(page.has(".captcha .wait .clock"), f"the page says how long it takes: {page.text[:500]}")
    page.wait(f"getComputedStyle({button}).visibility === 'visible'", 15)
    return page.submit(**fields)


@test
def without_script_patience_does():
    with Server(CAPTCHA="always") as server, Browser() as browser:
        page = browser.page(server, script=False, width=360, height=740)
        client, members = Client(server), {"email": ANN, "password": PASSWORD}
        challenge = client.get("/v1/auth/challenge?action=register").json
        equal(client.post("/v1/auth/register", {**members, "captcha": solve(challenge)}).status, 202)
        server.verify(ANN)
        # Whoever is faster than the ticket is told to wait on, and the time goes on counting.
        page.goto("/login")
        ticket = page.value("document.querySelector('input[name=captcha]').value")
        page.fill(email=ANN, password=PASSWORD)
        page.press("Enter")
        check("{" not in page.text and page.has("#problem"), f"told to wait: {page.text[:500]}")
        equal(page.value("document.querySelector('input[name=captcha]').value"), ticket, "the same ticket")
        press_in_time(page, email=ANN, password=PASSWORD)
        equal(page.path.split("?")[0], "/", f"signed in: {page.text[:300]}")
        equal(page.complaints(), [], "the browser's console and network")


class Provider(http.server.BaseHTTPRequestHandler):
    """Says yes to one answer, and is down for another."""

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        status = 500 if form["response"] == ["down"] else 200
        said = {"success": form["response"] == ["a-human"], "hostname": "localhost", "action": "login"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_):
        pass


# In the place of the provider's script, which is not loaded: a widget that is clicked.
STUB = """
const append = Element.prototype.append;
Element.prototype.append = function (...nodes) {
  if (nodes[0]?.src?.startsWith?.("https://challenges.")) return void setTimeout(nodes[0].onload);
  return append.apply(this, nodes);
};
window.turnstile = {
  render(box, options) {
    box.textContent = options.sitekey + " " + options.action;
    box.id = "widget";
    box.onclick = () => options.callback(window.says ?? "a-human");
    const field = document.createElement("input");
    field.type = "hidden"; field.name = "cf-turnstile-response"; field.value = "x";
    append.call(box, field);
    return 1;
  },
  reset() {},
};
"""


@test
def a_provider_is_shown_and_its_absence_is_no_way_in():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        with Server(CAPTCHA="auto", TURNSTILE_SITE_KEY="the-key", TURNSTILE_SECRET_KEY="the-secret", OUTBOUND_ALLOW="127.0.0.1",
                    CAPTCHA_VERIFY_URL=f"http://127.0.0.1:{provider.server_address[1]}") as server, Browser() as browser:
            server.person(ANN)
            server.settings["CAPTCHA"] = "always"
            server.stop()
            server.start()
            provided(server, browser)
        provider.shutdown()


def provided(server, browser):
    page = browser.page(server)
    page.link.call("Page.addScriptToEvaluateOnNewDocument", source=STUB)
    page.goto("/login").wait("document.getElementById('widget')")
    equal(page.value("document.getElementById('widget').textContent"), "the-key login")
    page.fill(email=ANN, password=PASSWORD).click("main form button.primary", leaves=False)
    page.wait("document.querySelector('.captcha [role=status]').textContent.includes('first')")
    page.click("#widget")
    equal(page.path.split("?")[0], "/", f"signed in: {page.text[:300]}")
    equal(page.complaints(), [], "the browser's console and network")

    # Its script does not come: the ticket of the form takes over, and says so only when it is waited for.
    page = browser.page(server)
    page.goto("/login").fill(email=ANN, password=PASSWORD)
    equal(page.value("document.querySelector('.captcha [role=status]').textContent"), "")
    page.click("main form button.primary", leaves=False)
    page.wait("document.querySelector('.captcha [role=status]').textContent.includes('wait')")
    page.wait("location.pathname === '/'", 15)

    # The provider cannot be asked: the embedded captcha takes its place.
    page = browser.page(server)
    page.link.call("Page.addScriptToEvaluateOnNewDocument", source=STUB + "window.says = 'down';")
    page.goto("/login").wait("document.getElementById('widget')")
    page.click("#widget", leaves=False).submit(email=ANN, password=PASSWORD)
    check(page.has("#problem") and page.has("[data-challenge^=pow1]"), f"asked once more: {page.text[:300]}")
    page.submit(password=PASSWORD)
    equal(page.path.split("?")[0], "/", f"signed in: {page.text[:300]}")
    server.expected_faults = ("captcha_provider.answered",)


if __name__ == "__main__":
    main()
