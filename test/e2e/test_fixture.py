# SPDX-License-Identifier: Apache-2.0
"""`cardea serve --dev --ephemeral` as anybody's tests use it: the real binary, its clock moved, its mail
read, nothing left behind."""
import os
import signal
import tempfile
import time

from fixture import Fixture
from harness import PASSWORD, Client, Server, check, equal, main, test

ANN = "ann@example.org"


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


main()
