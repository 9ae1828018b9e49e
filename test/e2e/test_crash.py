# SPDX-License-Identifier: Apache-2.0
"""F02: the server is killed at random moments under load, again and again. A ledger outside of it
notes every answer that was received; afterwards nothing acknowledged may be lost (I1, I2, I4), no
one-time token may have worked twice (I3), the audit chain verifies and has an event for each
acknowledged change (I6), every mail owed was sent and repeats share their Message-ID (I7), the store
is sound (I8), and each start was ready within two seconds (I9). CRASH_CYCLES says how often (100); or
CRASH_MINUTES for how long, both engines together."""
import collections
import contextlib
import http.client
import os
import random
import re
import sqlite3
import subprocess
import threading
import time

from harness import Client, Server, check, equal, main, on_both_engines, plain, together, wait_for

MINUTES = float(os.environ.get("CRASH_MINUTES", "0"))
CYCLES = 10 ** 9 if MINUTES else int(os.environ.get("CRASH_CYCLES", "100"))
WORKERS = 4


class Cut(Exception):
    """The connection ended without an answer: it may have been done, or not."""


class Later(Exception):
    """The mail that is needed next is leased to a server that was killed: its lease must end first. It is
    owed and looked for at the end; the worker begins another life."""


class Run:
    def __init__(self, server):
        self.server, self.stop, self.problems = server, False, []
        self.users, self.used, self.ended, self.later = {}, set(), set(), 0
        self.owed = collections.Counter()  # (address, kind of link): at least so many mails
        self.acknowledged = collections.Counter()
        self.successes = collections.Counter()  # per one-time token, of all clients together
        self.lock = threading.Lock()

    def note(self, what):
        with self.lock:
            self.acknowledged[what] += 1


class Worker(threading.Thread):
    def __init__(self, run, number):
        super().__init__(daemon=True)
        self.run_, self.number, self.random = run, number, random.Random(number)

    def once(self, path, members):
        try:
            answer = Client(self.run_.server).post(path, members)
        except (OSError, http.client.HTTPException) as problem:
            raise Cut from problem
        if answer.status in (500, 503):
            raise Cut
        return answer

    def until_answered(self, path, members):
        """The answer, and whether an earlier try was cut off and may have been done."""
        cut = False
        while True:
            try:
                return self.once(path, members), cut
            except Cut:
                cut = True
                time.sleep(0.01)

    def expect(self, answer, codes, what):
        check(answer.status in codes, f"{what}: {answer}, not {codes}")

    def take(self, path, token, members, what):
        """Uses a one-time token up; gives whether this client saw the success."""
        answer, cut = self.until_answered(path, {"token": token, **members})
        self.expect(answer, (200, 410) if cut else (200,), what)
        if answer.status == 200:
            with self.run_.lock:
                self.run_.successes[token] += 1
        self.run_.used.add((path, token))
        return answer.status == 200

    def mailed(self, address, path, after=0):
        """The newest token for an address, once there are more than `after`."""
        def found():
            links = [re.search(re.escape(path) + r"\?token=(\S+)", plain(m)) for m in self.run_.server.mailbox.all(address)]
            tokens = [m[1] for m in links if m]
            return tokens if len(tokens) > after else None
        tokens = wait_for(found, 3, 0.02)
        if not tokens:
            raise Later
        return tokens

    def run(self):
        life = 0
        try:
            while not self.run_.stop:
                life += 1
                try:
                    self.live(f"w{self.number}-{life}@example.org")
                except Later:
                    self.run_.later += 1
        except Exception as problem:  # reported by the test, with whatever it was
            self.run_.problems.append(f"{type(problem).__name__}: {problem}")
            self.run_.stop = True

    def live(self, address):
        """One user's life, each step checked against what was acknowledged before."""
        run, password = self.run_, f"harbour of {address} 1"
        answer, _ = self.until_answered("/v1/auth/register", {"email": address, "password": password})
        self.expect(answer, (202,), "register")
        run.owed[address, "/verify-email"] += 1
        run.note("account.registered")
        token = self.mailed(address, "/verify-email")[-1]
        if self.take("/v1/auth/verify-email", token, {}, "verify"):
            run.note("account.verified")
        login, _ = self.until_answered("/v1/auth/login", {"email": address, "password": password})
        self.expect(login, (200,), "I1: a verified account signs in")
        run.note("session.started")
        run.users[address] = password
        refresh = self.rotate(login.json["refresh_token"])
        if self.random.random() < 0.5:
            run.users[address] = self.reset(address, password, refresh)
        else:
            answer, cut = self.until_answered("/v1/auth/logout", {"refresh_token": refresh})
            self.expect(answer, (204, 401) if cut else (204,), "logout")
            run.ended.add(refresh)
        answer, _ = self.until_answered("/v1/auth/refresh", {"refresh_token": refresh})
        self.expect(answer, (401,), "I4: an ended session stays ended")

    def rotate(self, refresh):
        for _ in range(self.random.randint(1, 4)):
            begun = time.monotonic()
            answer, cut = self.until_answered("/v1/auth/refresh", {"refresh_token": refresh})
            # A lost reply is repeated with the same successor, for ten seconds.
            if not cut or time.monotonic() - begun < 8:
                self.expect(answer, (200,), f"refresh (cut before: {cut})")
            refresh = answer.json["refresh_token"]
            self.run_.note("session.refreshed")
        return refresh

    def reset(self, address, old, refresh):
        new = old + " and new"
        seen = 0
        answer, _ = self.until_answered("/v1/auth/password/forgot", {"email": address})
        self.expect(answer, (202,), "forgot")
        self.run_.owed[address, "/reset-password"] += 1
        while True:
            tokens = self.mailed(address, "/reset-password", seen)
            answer, cut = self.until_answered("/v1/auth/password/reset", {"token": tokens[-1], "password": new})
            self.expect(answer, (200, 410), "reset")
            self.run_.used.add(("/v1/auth/password/reset", tokens[-1]))
            if answer.status == 200:
                with self.run_.lock:
                    self.run_.successes[tokens[-1]] += 1
                self.run_.note("password.reset")
                break
            if cut and self.signs_in(address, new):
                break
            seen = len(tokens)  # an earlier, cut-off request for a link voided this one: wait for the next
        check(self.signs_in(address, new), "I1: the acknowledged password opens")
        check(not self.signs_in(address, old), "I2: the old one does not")
        self.run_.ended.add(refresh)
        return new

    def signs_in(self, address, password):
        answer, _ = self.until_answered("/v1/auth/login", {"email": address, "password": password})
        self.expect(answer, (200, 401), "sign-in")
        if answer.status == 200:
            self.run_.note("session.started")
        return answer.status == 200


def final_checks(run):
    server = run.server

    def all_of(items, function):
        items = list(items)
        parts = [items[i::8] for i in range(8)]
        together([lambda part=part: [function(item) for item in part] for part in parts])

    def signs_in(item):
        equal(Client(server).post("/v1/auth/login", {"email": item[0], "password": item[1]}).status, 200, f"I1: {item[0]}")

    def is_used(item):
        path, token = item
        more = {"password": "yet another harbour 9"} if "reset" in path else {}
        equal(Client(server).post(path, {"token": token, **more}).status, 410, "I2: a used token stays used")

    def is_ended(token):
        equal(Client(server).post("/v1/auth/refresh", {"refresh_token": token}).status, 401, "I4")
    all_of(run.users.items(), signs_in)
    all_of(run.used, is_used)
    all_of(run.ended, is_ended)
    check(max(run.successes.values(), default=0) <= 1, "I3: a one-time token worked twice")

    server.stop()
    let_leases_end(server)
    server.start()
    for (address, path), count in run.owed.items():
        server.mailbox.wait(address, path + "?", count, 60)
    contents = {}
    for mail in server.mailbox.all():
        links = re.findall(r"token=\S+", plain(mail))
        equal(contents.setdefault(mail["Message-ID"], links), links, "I7: one Message-ID, one mail")


def ask(server, *statements):
    """Runs SQL behind the server's back; gives the rows of the last statement."""
    if server.engine == "sqlite":
        with contextlib.closing(sqlite3.connect(f"{server.folder}/cardea.db")) as db, db:
            return [db.execute(statement).fetchall() for statement in statements][-1]
    done = subprocess.run(["psql", "-qXAt", "-F,", "-vON_ERROR_STOP=1", server.database_url, "-c", ";".join(statements)],
                          check=True, capture_output=True, text=True)
    return [tuple(line.split(",")) for line in done.stdout.split()]


def let_leases_end(server):
    """As if the server had been away for some minutes: what a killed one was doing may be taken up."""
    span = 5 * 60 * 1000
    ask(server, f"UPDATE outbox SET due_at = due_at - {span} WHERE sent_at IS NULL",
        f"UPDATE task SET run_at = run_at - {span}",
        f"UPDATE job SET leased_until = leased_until - {span}")


def store_is_sound(server, run):
    verified = server.cli("audit", "verify", timeout=120)
    equal(verified.returncode, 0, f"I6: {verified.stdout[-400:]}{verified.stderr[-400:]}")
    if server.engine == "sqlite":
        equal(ask(server, "PRAGMA integrity_check"), [("ok",)], "I8")
        equal(ask(server, "PRAGMA foreign_key_check"), [], "I8")
    events = {event: int(count) for event, count in ask(server, "SELECT event, count(*) FROM audit GROUP BY event")}
    for event, count in run.acknowledged.items():
        check(events.get(event, 0) >= count, f"I6: {count} x {event} acknowledged, {events.get(event, 0)} audited")


@on_both_engines
def nothing_acknowledged_is_lost_by_kills(engine):
    server = Server(engine, flavour="release", PASSWORD_HASH="m=64,t=1,p=1", LOG_LEVEL="warn")
    server.expected_faults = ("",)  # PostgreSQL may be busy with the dead one's sessions
    random_ = random.Random(os.environ.get("CRASH_SEED"))
    try:
        server.start()
        run = Run(server)
        workers = [Worker(run, i) for i in range(WORKERS)]
        for worker in workers:
            worker.start()
        starts = []
        until = time.monotonic() + MINUTES * 60 / 2 if MINUTES else float("inf")
        while len(starts) < CYCLES and time.monotonic() < until:
            time.sleep(random_.uniform(0.02, 0.6))
            if run.problems:
                break
            server.kill()
            begun = time.monotonic()
            server.start()
            starts.append(time.monotonic() - begun)
        run.stop = True
        for worker in workers:
            worker.join(120)
        equal(run.problems, [], f"after {len(starts)} kills")
        starts.sort()
        check(starts[-1] <= 2, f"I9: ready after {starts[-8:]} s")
        final_checks(run)
        server.stop()
        store_is_sound(server, run)
        print(f"  {len(starts)} kills, {len(run.users)} lives, {sum(run.acknowledged.values())} changes acknowledged, "
              f"{run.later} put off, ready after {starts[len(starts) // 2] * 1000:.0f} ms, at worst {starts[-1] * 1000:.0f}")
    except BaseException:
        if server.process:
            server.process.kill()
            server._gather()
        print("  log: " + "\n  log: ".join(server.log.splitlines()[-10:]))
        raise
    finally:
        server.remove()


main()
