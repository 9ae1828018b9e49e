# SPDX-License-Identifier: Apache-2.0
"""Servers of others, asked by the real binary in its sandbox: captcha providers (RATE-12) and a list
of breached passwords (PW-04). They answer, lie, fail and keep silent; nobody gets in by that, and
nobody else has to wait for it."""
import hashlib
import http.server
import json
import signal
import threading
import time
import urllib.parse

from browser import Browser
from harness import PASSWORD, Client, Server, check, equal, main, on_both_engines, solve, test, wait_for

ANN = "ann@example.org"
KEYS = {
    "turnstile": {"TURNSTILE_SITE_KEY": "the-key", "TURNSTILE_SECRET_KEY": "the secret"},
    "hcaptcha": {"HCAPTCHA_SITE_KEY": "the-key", "HCAPTCHA_SECRET_KEY": "the secret"},
    "recaptcha": {"RECAPTCHA_SITE_KEY": "the-key", "RECAPTCHA_SECRET_KEY": "the secret"},
}


class Outside(http.server.ThreadingHTTPServer):
    """Plays what its says() tells; keeps the requests."""
    daemon_threads = True

    def __init__(self, says):
        super().__init__(("127.0.0.1", 0), Handler)
        self.says, self.seen, self.ends = says, [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.ends.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        self.server.seen.append((self.path, form, dict(self.headers)))
        status, body = self.server.says(self.server, self.path, form)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except BrokenPipeError:
            pass  # nobody waited so long

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def provider(outside, _path, form):
    """What each answer brings about stands in its name."""
    if "secret" not in form or form["secret"] != "the secret":
        return 200, b'{"success":false,"error-codes":["invalid-input-secret"]}'
    word = form["response"].split(".")[0]
    if word == "silent":
        outside.ends.wait(20)
    if word == "garbage":
        return 200, b"<html>It works!"
    said = {"success": word != "wrong", "hostname": "localhost", "action": "login"}
    if word == "host":
        said["hostname"] = "evil.example"
    if word == "action":
        said["action"] = "register"
    return (500 if word == "broken" else 200), json.dumps(said).encode()


def house(outside, name="turnstile", engine="sqlite", **more):
    return Server(engine, CAPTCHA="always", OUTBOUND_ALLOW="127.0.0.1", CAPTCHA_VERIFY_URL=outside.url, **KEYS[name], **more)


def try_login(server, answer):
    return Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD, "captcha": answer})


def register(server):
    """The provider is not for this test's sake: its answer counts for any door but its action."""
    client = Client(server)
    return client.post("/v1/auth/register", {"email": ANN, "password": PASSWORD, "captcha": "ok.1"})


@on_both_engines
def RATE_12_only_a_plain_yes_passes(engine):
    with Outside(provider) as outside, house(outside, "hcaptcha", engine) as server:
        equal(register(server).status, 202)
        server.verify(ANN)
        for answer in ("wrong.1", "host.1", "wrong.2"):
            refused = try_login(server, answer)
            equal((refused.status, refused.json["code"], refused.json["captcha"]["provider"]), (403, "captcha_wrong", "hcaptcha"))
        equal(try_login(server, "ok.2").status, 200)
        refused = try_login(server, "ok.2")
        equal((refused.status, refused.json["code"]), (403, "captcha_wrong"), "an answer counts once")
        equal(len(outside.seen), 5, "a repeated answer is not even asked about")
        equal(outside.seen[-1][1], {"secret": "the secret", "response": "ok.2", "remoteip": "127.0.0.1", "sitekey": "the-key"})
        equal([try_login(server, a).status for a in ("", "a b", "x" * 4097)], [403, 403, 422])
        equal(len(outside.seen), 5, "what cannot be an answer is not sent")


@test
def RATE_12_turnstile_tells_actions_apart():
    with Outside(provider) as outside, house(outside) as server:
        equal(register(server).status, 403, "made for login, used at register")
        equal(try_login(server, "action.1").status, 403, "made for register, used at login")
        equal(try_login(server, "ok.2").status, 401, "and then it is the password's turn")


@test
def RATE_12_an_outage_leaves_the_embedded_one():
    with Outside(provider) as outside, house(outside, "recaptcha") as server:
        server.expected_faults = ("captcha_provider.answered",)
        for answer in ("broken.1", "garbage.1", "garbage.2"):
            refused = try_login(server, answer)
            equal((refused.status, refused.json["captcha"]["provider"]), (403, "proof_of_work"), answer)
        members = {"email": ANN, "password": PASSWORD, "captcha": solve(refused.json["captcha"])}
        equal(Client(server).post("/v1/auth/login", members).status, 401, "the proof of work counts, then the password")


@test
def RATE_12_our_own_wrong_secret_is_an_outage_too():
    with Outside(provider) as outside, house(outside, RECAPTCHA_MIN_SCORE="") as server:
        server.settings["TURNSTILE_SECRET_KEY"] = "another"
        server.stop()
        server.start()
        refused = try_login(server, "ok.1")
        equal((refused.status, refused.json["captcha"]["provider"]), (403, "proof_of_work"))
        server.expected_faults = ("captcha_provider.answered",)


@test
def RATE_12_a_silent_provider_holds_up_nobody_else():
    with Outside(provider) as outside, Server(OUTBOUND_ALLOW="127.0.0.1", HASH_THREADS=1, STORE_THREADS=1, CAPTCHA_VERIFY_URL=outside.url,
                                              **KEYS["turnstile"]) as server:
        server.person(ANN)
        server.settings["CAPTCHA"] = "auto"
        server.stop()
        server.start()
        waiting = [threading.Thread(target=try_login, args=(server, f"silent.{i}")) for i in range(12)]
        for thread in waiting:
            thread.start()
        time.sleep(0.3)
        # One thread hashes and one uses the store; both are free.
        start = time.monotonic()
        client = Client(server)
        equal(client.post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).status, 200)
        check(time.monotonic() - start < 2.5, f"a sign-in took {time.monotonic() - start:.1f} s beside twelve that wait")
        for thread in waiting:
            thread.join()
        check(time.monotonic() - start < 9, "and those are answered in time")
        server.expected_faults = ("captcha_provider.answered",)


@test
def a_provider_comes_and_goes_by_sighup():
    with Outside(provider) as outside, Server(CAPTCHA="always", OUTBOUND_ALLOW="127.0.0.1") as server:
        path, here = f"{server.folder}/cardea.conf", {**KEYS["turnstile"], "CAPTCHA_VERIFY_URL": outside.url}

        def reload(lines):
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(f"{name} = {value}\n" for name, value in lines.items())
            count = server.current_log().count("settings.reloaded")
            server.process.send_signal(signal.SIGHUP)
            check(wait_for(lambda: server.current_log().count("settings.reloaded") > count), "no reload")
            return Client(server).get("/v1/auth/challenge?action=login").json["provider"]

        server.stop()
        open(path, "w", encoding="utf-8").close()
        server.args = ["--config", path]
        server.start()
        equal(reload({}), "proof_of_work")
        equal(try_login(server, "ok.1").status, 403, "nobody is there to ask")
        equal(reload(here), "turnstile")
        equal(try_login(server, "ok.1").status, 401, "the captcha passes, the password does not")
        equal(reload({}), "proof_of_work")
        equal(try_login(server, "ok.2").status, 403)
        equal(len(outside.seen), 1)


def ranges(_outside, path, _form):
    """A list that holds PASSWORD alone."""
    digest = hashlib.sha1(PASSWORD.encode()).hexdigest().upper()
    listed = f"{digest[5:]}:12\r\n" if path == f"/range/{digest[:5]}" else ""
    return 200, f"0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{listed}003D68EB55068C33ACE09247EE4C639306B:0\r\n".encode()


@test
def PW_04_nobody_hears_of_a_password_that_is_being_typed():
    with Outside(ranges) as outside, Server(OUTBOUND_ALLOW="127.0.0.1", PASSWORD_RANGE_URL=outside.url + "range/") as server, \
            Browser() as browser:
        page = browser.page(server).goto("/register")
        for n in range(len(PASSWORD) - 3, len(PASSWORD) + 1):
            page.value("(() => { const i = document.getElementById('password');"
                       f" i.value = {PASSWORD[:n]!r}; i.dispatchEvent(new Event('input')); }})()")
            page.wait("document.querySelector('.meter').dataset.level >= '3'", 5)
            time.sleep(0.4)
        equal(outside.seen, [])
        page.value("document.getElementById('password').dispatchEvent(new Event('change'))")
        page.wait("document.getElementById('password-hint').textContent.includes('stolen')", 5)
        equal(len(outside.seen), 1, "asked once, when the field was left")


@test
def PW_04_a_list_elsewhere_hears_five_digits():
    with Outside(ranges) as outside, Server(OUTBOUND_ALLOW="127.0.0.1", PASSWORD_RANGE_URL=outside.url + "range/") as server:
        refused = Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD})
        equal((refused.status, refused.json["errors"][0]["reasons"]), (422, ["password_breached"]))
        equal(Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD + " 7"}).status, 202)
        equal([path for path, _, _ in outside.seen],
              ["/range/" + hashlib.sha1(p.encode()).hexdigest()[:5].upper() for p in (PASSWORD, PASSWORD + " 7")])
        check(all(headers["Add-Padding"] == "true" for _, _, headers in outside.seen), "padding is asked for")


@test
def PW_04_a_list_elsewhere_that_is_away_refuses_nobody():
    with Server(OUTBOUND_ALLOW="127.0.0.1", PASSWORD_RANGE_URL="http://127.0.0.1:1/range/") as server:
        equal(Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD}).status, 202)


@test
def SSRF_07_nothing_private_is_called_unless_the_operator_says_so():
    with Outside(provider) as outside, Server(PASSWORD_RANGE_URL=outside.url + "range/") as server:
        equal(Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD}).status, 202)
        equal(outside.seen, [])


if __name__ == "__main__":
    main()
