# SPDX-License-Identifier: Apache-2.0
"""`cardea serve --dev --ephemeral` as anybody's tests use it: the real binary, its clock moved, its mail
read, nothing left behind. Fixture is the class that other files take it from."""
import os
import signal
import subprocess
import tempfile
import time
import urllib.parse

from harness import PASSWORD, Client, Server, check, equal, main, test

ANN = "ann@example.org"


class NoMailServer:
    folder = "/nowhere"

    def settings(self):
        return {}


class Fixture(Server):
    """A server without a folder: what it would write shows up in an empty one."""

    def __init__(self, *args, **settings):
        super().__init__(args=["--dev", "--ephemeral", *args], smtp=NoMailServer(), **settings)
        self.log_folder = tempfile.TemporaryDirectory()
        for name in ("DATABASE_URL", "KEY_FILE", "PASSWORD_HASH", "RATE_LIMITS", "EMAIL_FROM_ADDRESS"):
            if name not in settings:
                del self.settings[name]

    def start(self, ready=True):
        self.log_path = f"{self.log_folder.name}/log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([self.binary, "serve", *self.args], cwd=self.folder, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=self.environment())
        if ready:
            self.wait_ready()
        return self

    def mails(self, to=None, kind=None):
        asked = {k: v for k, v in (("to", to), ("kind", kind)) if v}
        answer = Client(self).get("/dev/mail.json?" + urllib.parse.urlencode(asked))
        equal(answer.status, 200, f"mail: {answer}")
        return answer.json["data"]

    def link(self, to, kind):
        found = self.mails(to, kind)
        check(found and found[0]["links"], f"no mail {kind} to {to}; there are "
                                           f"{[(m['to'], m['kind']) for m in self.mails()]}")
        return found[0]["links"][0]

    def token(self, to, kind):
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.link(to, kind)).query)["token"][0]

    def verify(self, address):
        answer = Client(self).post("/v1/auth/verify-email", {"token": self.token(address, "verify_email")})
        equal(answer.status, 200, f"verify-email: {answer}")

    def advance(self, span):
        answer = Client(self).post("/v1/test/clock", {"advance": span})
        equal(answer.status, 200, f"clock: {answer}")
        return answer.json["now"]


@test
def thirty_days_pass_in_milliseconds():
    with Fixture() as server:
        ann = server.person(ANN)
        equal(ann.get("/v1/auth/me").status, 200)
        start = time.monotonic()
        server.advance("30d")
        took = time.monotonic() - start
        equal(ann.get("/v1/auth/me").status, 401, "the token is over")
        equal(Client(server).post("/v1/auth/refresh", {"refresh_token": ann.tokens["refresh_token"]}).status, 401,
              "and so is the session, idle for a fortnight")
        check(took < 2, f"30 days took {took:.2f} s")
        again = server.login(ANN)
        equal(again.get("/v1/auth/me").status, 200, "whoever signs in now is in")
        equal(len(server.mails(ANN)), len(server.mails()), "all mail went to her")


@test
def every_start_has_the_same_keys_and_nothing_else():
    with Fixture() as first:
        keys = Client(first).get("/.well-known/jwks.json").json
        ann = first.person(ANN)
        files = os.listdir(first.folder)
        token = ann.token
    equal(files, [], "nothing is written into the working folder")
    with Fixture() as second:
        equal(Client(second).get("/.well-known/jwks.json").json, keys, "reproducible keys")
        equal(Client(second, token=token).get("/v1/auth/me").status, 401, "but no session outlives the process")
        equal(Client(second).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).status, 401)


@test
def what_the_environment_says_of_other_stores_is_passed_over():
    with tempfile.TemporaryDirectory() as other:
        with Fixture(DATABASE_URL=f"sqlite:{other}/product.db", SMTP_HOST="mail.invalid", MAIL_DIR=other,
                     KEY_FILE=f"{other}/keys") as server:
            server.person(ANN)
            check("THIS IS A TEST FIXTURE" in server.current_log(), "it says loudly what it is")
            equal(os.listdir(other), [], "nothing is written")


@test
def only_development_has_it_and_only_at_home():
    server = Fixture()
    try:
        for args, settings, words in (
                (["serve", "--ephemeral"], {}, "--dev"),
                (["user", "list", "--ephemeral", "--dev"], {}, "serve"),
                (["serve", "--dev", "--ephemeral"], {"PUBLIC_URL": "https://accounts.example.org"}, "loopback")):
            done = server.cli(*args, settings=settings)
            check(done.returncode in (2, 3), f"{args} exits with {done.returncode}")
            check(words in done.stderr, done.stderr)
    finally:
        server.remove()
    with Server(args=["--dev"]) as plain:
        equal(Client(plain).post("/v1/test/clock", {"advance": "1d"}).status, 404)
        equal(Client(plain).post("/v1/test/jobs").status, 404)
        equal(Client(plain).get("/v1/test/clock").status, 404)
    with Server() as plain:
        equal(Client(plain).get("/dev/mail.json").status, 404)


@test
def a_killed_fixture_leaves_nothing_that_stays():
    def left(pid):
        return [f for f in os.listdir("/dev/shm") if f.startswith(f"cardea-db-{pid}-")]
    server = Fixture().start()
    pid = server.process.pid
    server.process.send_signal(signal.SIGKILL)
    server._gather()
    with Fixture():
        equal(left(pid), [], "the next one sweeps up")
    server.remove()


if __name__ == "__main__":
    main()
