# SPDX-License-Identifier: Apache-2.0
"""The command line: what an operator types, what it prints, how it ends."""
import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.parse

from harness import PASSWORD, POSTGRES, Client, Server, check, equal, main, on_both_engines, test

ANN = "ann@example.org"


def ok(done, what=""):
    equal(done.returncode, 0, f"{what or done.args[1:]}: {done.stdout[-800:]} {done.stderr[-800:]}")
    return done.stdout


def refused(done, *words):
    check(done.returncode not in (0, -6, -11) and done.returncode > 0, f"{done.args[1:]} exits with {done.returncode}")
    said = done.stdout + done.stderr
    check("Sanitizer" not in said and "runtime error" not in said, said[-800:])
    for word in words:
        check(word.lower() in said.lower(), f"{word!r} in: {said[-800:]}")


@test
def version_and_help():
    with Server() as server:
        check(re.search(r"\d+\.\d+\.\d+", ok(server.cli("version"))), "a version number")
        said = ok(server.cli("--help"))
        check("serve" in said and said.count("\n") <= 50, "help fits a screen")
        check(ok(server.cli("-h")) == said and ok(server.cli("--version")) == ok(server.cli("version")), "as everywhere")
        check(json.loads(ok(server.cli("version", "--json")))["version"], "the version for programs")
        check(json.loads(ok(server.cli("config", "check", "--json"))) == {"good": True}, "a check for programs")
        refused(server.cli("srve"), "srve")
        refused(server.cli("version", "--jsno", "x"), "--jsno")
        refused(server.cli("version", "--json=1"), "--json")
        refused(server.cli())


@test
def settings_are_written_checked_and_printed():
    server = Server()
    try:
        example = ok(server.cli("config", "init"))
        path = f"{server.folder}/cardea.conf"
        if not os.path.exists(path):
            open(path, "w").write(example)
        text = open(path).read()
        for name in ("DATABASE_URL", "PUBLIC_URL", "SMTP_HOST", "PASSWORD_HASH"):
            check(name in text, f"{name} is explained")
        ok(server.cli("config", "check"))
        printed = ok(server.cli("config", "print", settings={"SMTP_USER": "me", "SMTP_PASS": "canary-of-smtp"}))
        check(server.url in printed and "canary-of-smtp" not in printed, "it prints settings, no secrets")

        open(path, "w").write("PUBLIC_ULR = http://localhost:1\n")
        refused(server.cli("config", "check"), "PUBLIC_ULR", "PUBLIC_URL")
        refused(server.cli("serve"), "PUBLIC_URL")
        os.unlink(path)
        for name, value in (("PUBLIC_URL", "ftp://x"), ("SMTP_PORT", "70000"), ("PASSWORD_HASH", "m=1"), ("LOG_LEVEL", "loud"),
                            ("SESSION_IDLE", "soon"), ("TRUSTED_PROXIES", "10.0.0.0/99"), ("LISTEN", "localhost:99999"),
                            ("DATABASE_URL", "mysql://x"), ("ENCRYPTION_KEYS", "k1:tooshort")):
            refused(server.cli("config", "check", settings={name: value}), name)
        refused(server.cli("config", "check", settings={"PUBLIC_URL": "https://accounts.example.org", "RATE_LIMITS": "off"}),
                "RATE_LIMITS")
    finally:
        server.remove()


@test
def a_command_in_the_wrong_place_makes_no_database():
    server = Server()
    try:
        for words in (("user", "list"), ("audit", "verify"), ("key", "list"), ("job", "list")):
            refused(server.cli(*words), "there is no database", "DATABASE_URL")
        equal([name for name in os.listdir(server.folder) if "cardea.db" in name], [])
        ok(server.cli("migrate", "up"))
        ok(server.cli("user", "list"))
    finally:
        server.remove()


@on_both_engines
def migrations_are_planned_applied_and_shown(engine):
    server = Server(engine)
    try:
        plan = ok(server.cli("migrate", "plan"))
        check("CREATE TABLE" in plan.upper(), "the plan shows each statement")
        ok(server.cli("migrate", "up"))
        check("CREATE TABLE" not in ok(server.cli("migrate", "plan")).upper(), "nothing is left to do")
        status = ok(server.cli("migrate", "status"))
        check("0001" in status, status)
        ok(server.cli("migrate", "up"), "again")
        server.start()
        server.stop()
    finally:
        server.remove()


@on_both_engines
def people_are_made_shown_and_locked(engine):
    with Server(engine) as server:
        ok(server.cli("user", "create", ANN, "--role", "ADMIN", stdin=PASSWORD + "\n"))
        check(ANN in ok(server.cli("user", "list")), "listed")
        shown = json.loads(ok(server.cli("user", "show", ANN, "--json")))
        text = json.dumps(shown)
        check(ANN in text and "argon2" not in text, "shown, without the hash")
        refused(server.cli("user", "show", "nobody@example.org"), "nobody@example.org")
        refused(server.cli("user", "create", ANN, stdin=PASSWORD + "\n"))
        refused(server.cli("user", "create", "weak@example.org", stdin="password\n"))
        client = server.login(ANN)
        server.person("ben@example.org")
        ok(server.cli("user", "create", "second@example.org", "--role", "ADMIN", stdin=PASSWORD + "\n"))
        ok(server.cli("user", "lock", ANN))
        check(client.get("/v1/auth/me").status in (401, 200), "an access token may live until its cache ends")
        equal(Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD}).status, 401, "locked")
        equal(Client(server).post("/v1/auth/refresh", {"refresh_token": client.tokens["refresh_token"]}).status, 401,
              "RT_05: no refresh for the locked")
        ok(server.cli("user", "unlock", ANN))
        server.login(ANN)
        ok(server.cli("user", "delete", "ben@example.org"))
        equal(json.loads(ok(server.cli("user", "show", "ben@example.org", "--json")))["state"], "ending", "ends")
        server.mailbox.wait("ben@example.org", "/settings/deletion?token=")
        ok(server.cli("user", "keep", "ben@example.org"))
        equal(json.loads(ok(server.cli("user", "show", "ben@example.org", "--json")))["state"], "active", "stays")


@test
def the_last_administrator_stays():
    with Server() as server:
        ok(server.cli("user", "create", ANN, "--role", "ADMIN", stdin=PASSWORD + "\n"))
        refused(server.cli("user", "lock", ANN))
        refused(server.cli("user", "delete", ANN))
        server.login(ANN)


@test
def keys_are_listed_and_rotated():
    with Server() as server:
        ann = server.person(ANN)
        before = {k["kid"] for k in Client(server).get("/.well-known/jwks.json").json["keys"]}
        ok(server.cli("key", "list"))
        said = ok(server.cli("key", "rotate"))
        check("PRIVATE" not in said and '"d"' not in said, "no private key is printed")
        equal(ann.get("/v1/auth/me").status, 200, "no request is refused by a rotation")
        renewed = Client(server).post("/v1/auth/refresh", {"refresh_token": ann.tokens["refresh_token"]})
        equal(renewed.status, 200)
        after = {k["kid"] for k in Client(server).get("/.well-known/jwks.json").json["keys"]}
        check(before & after, "the old key verifies until its tokens are over")


def tamper(server, sql):
    if server.engine == "sqlite":
        with sqlite3.connect(f"{server.folder}/cardea.db") as db:
            return db.execute(sql).rowcount
    return subprocess.run(["psql", "-qX", server.database_url, "-c", sql], check=True, capture_output=True)


@on_both_engines
def TIME_01_a_server_behind_its_store_refuses_until_it_is_told(engine):
    with Server(engine) as server:
        server.expected_faults = ("clock.behind",)
        ann = server.person(ANN)
        equal(json.loads(ok(server.cli("clock", "--json")))["status"], "ok")
        check("nothing to accept" in ok(server.cli("clock", "accept")), "the clock is right")
        server.stop()
        ahead = int((time.time() + 3600) * 1000)
        tamper(server, f"UPDATE house_time SET seen_at = {ahead}")
        shown = json.loads(ok(server.cli("clock", "--json")))
        equal(shown["status"], "behind")
        server.start(ready=False)
        server.process.wait(15)
        equal(server._gather(), 1, "it does not serve")
        log = server.log
        check("clock.behind" in log and shown["last_seen"] in log and "cardea clock accept" in log, log[-800:])
        ok(server.cli("clock", "accept"))
        equal(json.loads(ok(server.cli("clock", "--json")))["status"], "ok")
        server.start()
        equal(ann.get("/v1/auth/me").status, 200, "what is older than the clock stays")
        check("clock.accepted" in ok(server.cli("audit", "tail")), "and it is in the audit log")
        ok(server.cli("audit", "verify"))
        refused(server.cli("clock", "set"), "clock")


@on_both_engines
def the_audit_log_shows_what_happened_and_who_changed_it(engine):
    with Server(engine) as server:
        server.person(ANN)
        Client(server).post("/v1/auth/login", {"email": ANN, "password": "wrong wrong wrong"})
        tail = ok(server.cli("audit", "tail"))
        check("login" in tail or "sign_in" in tail or "session" in tail, f"the sign-in is there: {tail[:600]}")
        check(PASSWORD not in tail and "wrong wrong" not in tail, "no password in it")
        ok(server.cli("audit", "verify"))
        server.stop()
        tamper(server, "UPDATE audit SET ip = '10.6.6.6' WHERE seq = 1")
        refused(server.cli("audit", "verify"), "1")
        server.start()


@on_both_engines
def jobs_are_listed_and_run_by_hand(engine):
    with Server(engine) as server:
        jobs = {j["name"]: j for j in json.loads(ok(server.cli("job", "list", "--json")))}
        check({"session.purge", "audit.retain", "mail.purge"} <= set(jobs), str(sorted(jobs)))
        for name, job in jobs.items():
            check(job["help"] and job["every_seconds"] > 0 and job["next_run_at"], f"{name} is told about: {job}")
            equal(job["last_error"], None, name)
        said = ok(server.cli("job", "list"))
        check(all(name in said and job["help"] in said for name, job in jobs.items()), said)
        before = jobs["session.purge"]["last_success_at"] or ""
        check("session.purge done" in ok(server.cli("job", "run", "session.purge")), "run by hand")
        after = {j["name"]: j for j in json.loads(ok(server.cli("job", "list", "--json")))}["session.purge"]
        check(after["last_run_at"] > before and after["last_success_at"] > before, f"{before} then {after}")
        equal(json.loads(ok(server.cli("job", "run", "mail.deliver", "--json"))),
              {"name": "mail.deliver", "status": "done", "error": None})
        for words, code in ((("run", "session.prge"), 2), (("run", "nothing-like-it"), 2), (("run",), 2), (("lst",), 2),
                            (("list", "all"), 2), (("run", "a", "b"), 2), (("run", "reset.send"), 2)):
            done = server.cli("job", *words)
            equal(done.returncode, code, f"{words}: {done.stderr}")
        refused(server.cli("job", "run", "session.prge"), "did you mean session.purge?")
        refused(server.cli("job", "run", "nothing-like-it"), "cardea job list")


@on_both_engines
def a_job_run_by_hand_sends_the_mail(engine):
    with Server(engine, SMTP_HOST="") as server:
        server.register(ANN)
        time.sleep(0.3)
        equal(server.mailbox.all(ANN), [], "without a mail server mail waits")
        ok(server.cli("job", "run", "mail.deliver", settings=server.smtp.settings()))
        server.verify(ANN)
        equal(len(server.mailbox.all(ANN)), 1)


@test
def reference_documents_come_from_the_binary():
    with Server() as server:
        for part in ("routes", "settings", "errors", "audit", "metrics"):
            check(len(ok(server.cli("reference", part))) > 300, part)
        described = json.loads(ok(server.cli("openapi")))
        check(described["openapi"].startswith("3."), "OpenAPI 3")
        equal(described["paths"], Client(server).get("/openapi.json").json["paths"])
        check("/v1/auth/login" in ok(server.cli("routes")), "routes")


@test
def an_unusable_store_is_named():
    server = Server()
    try:
        broken = f"{server.folder}/broken.db"
        open(broken, "wb").write(b"this is not a database, and it is long enough to be read as one" * 100)
        refused(server.cli("serve", settings={"DATABASE_URL": f"sqlite:{broken}"}), "broken.db")
        equal(open(broken, "rb").read(7), b"this is", "F06: never recreated")
        refused(server.cli("serve", settings={"DATABASE_URL": f"sqlite:{server.folder}/no/such/folder/x.db"}))
    finally:
        server.remove()


main()
