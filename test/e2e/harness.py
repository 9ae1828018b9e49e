# SPDX-License-Identifier: Apache-2.0
"""The end-to-end harness: starts the real binary with environment variables only, on a free port and
in a folder of its own; speaks HTTP to it without a helpful library in between; reads its mail; and
looks for faults and sanitizer reports in its log when it is over.

    @test
    def sign_in():
        with Server() as server:
            ...
    main()
"""
import atexit
import contextlib
import email
import email.policy
import hashlib
import html
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")
QUICK_HASH = "m=19456,t=2,p=1"  # the cheapest that is still a real one
PASSWORD = "a quiet harbour at noon 7"
_tests = []


def binary(flavour="dev"):
    """E2E_BINARY, or the development build (it has the sanitizers), or the one named."""
    return os.environ.get("E2E_BINARY") or f"{ROOT}/build/{flavour}/cardea"


# --- tests ---------------------------------------------------------------------------------------
def test(function, name=None):
    _tests.append((name or function.__name__, function))
    return function


def on_both_engines(function):
    """The function takes the engine; registers one test for each engine there is."""
    engines = ["sqlite"] + (["postgresql"] if POSTGRES else [])
    for engine in engines:
        _tests.append((f"{function.__name__} ({engine})", lambda engine=engine: function(engine)))
    return function


def with_and_without_script(function):
    """The function takes whether the browser runs script: two tests."""
    test(lambda: function(True), function.__name__)
    test(lambda: function(False), f"{function.__name__} (without script)")
    return function


class Skip(Exception):
    """This machine cannot run the test; the reason is printed, nothing is counted."""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what + ': ' if what else ''}{got!r}, not {wanted!r}")


def main():
    words = sys.argv[1:]
    passed = failed = 0
    for name, function in _tests:
        if words and not any(word in name for word in words):
            continue
        start = time.monotonic()
        try:
            function()
            passed += 1
            verdict = "ok    "
        except Skip as why:
            print(f"skipped {name}: {why}", flush=True)
            continue
        except Exception as problem:
            failed += 1
            verdict = "FAILED"
            if not isinstance(problem, AssertionError):
                traceback.print_exc(file=sys.stdout)
            else:
                place = [f for f in traceback.extract_tb(problem.__traceback__)
                         if "harness.py" not in f.filename][-1]
                print(f"  {os.path.basename(place.filename)}:{place.lineno}: {problem}")
        print(f"{verdict} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed != 0)


def wait_for(what, seconds=10.0, every=0.02):
    """Calls what() until it gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        result = what()
        if result or time.monotonic() > end:
            return result
        time.sleep(every)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# --- HTTP ----------------------------------------------------------------------------------------
class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def __repr__(self):
        return f"<{self.status} {self.text[:300]}>"


class Client:
    """One browser or program: keeps cookies, follows nothing by itself, one request per connection."""

    def __init__(self, server, agent="cardea-e2e", token=None):
        self.server, self.agent, self.token, self.cookies, self.page = server, agent, token, {}, None

    def request(self, method, path, body=None, headers=None, port=None):
        all_headers = {"User-Agent": self.agent}
        if self.cookies:
            all_headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.token:
            all_headers["Authorization"] = f"Bearer {self.token}"
        all_headers.update(headers or {})
        all_headers = {k: v for k, v in all_headers.items() if v is not None}
        connection = http.client.HTTPConnection("127.0.0.1", port or self.server.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            all_headers.setdefault("Host", f"localhost:{self.server.port}")
            if body is not None or method in ("POST", "PUT", "PATCH"):
                all_headers.setdefault("Content-Length", str(len(body or b"")))
            for name, value in all_headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._keep(value)
        return answer

    def _keep(self, cookie):
        pair, *attributes = cookie.split(";")
        name, _, value = pair.strip().partition("=")
        gone = any(a.strip().lower() == "max-age=0" for a in attributes)
        if gone or not value:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def api(self, method, path, members=None, headers=None):
        """A JSON call; members None sends no body."""
        body = None if members is None else json.dumps(members).encode()
        return self.request(method, path, body,
                            {"Content-Type": "application/json" if body is not None else None, **(headers or {})})

    def post(self, path, members=None, headers=None):
        return self.api("POST", path, members, headers)

    # Pages without script, as a browser does them.
    def open(self, path):
        """A page, redirects followed."""
        for _ in range(6):
            answer = self.request("GET", path, headers={"Accept": "text/html"})
            if answer.status not in (301, 302, 303, 307, 308):
                break
            path = self._local(answer.header("Location"))
        self.page, self.path = answer, path
        return answer

    def _local(self, location):
        parts = urllib.parse.urlsplit(location)
        check(not parts.netloc or f"{parts.scheme}://{parts.netloc}" == self.server.url,
              f"a redirect to elsewhere: {location}")
        return urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))

    def submit(self, fields, action=None, follow=True):
        """Sends the page's form that has all these fields, with what it has in hidden ones."""
        for match in re.finditer(r"<form\b([^>]*)>(.*?)</form>", self.page.text, re.S | re.I):
            attributes, inside = match[1], match[2]
            target = html.unescape((re.search(r'action="([^"]*)"', attributes) or ["", self.path])[1])
            if action and urllib.parse.urlsplit(target).path != action:
                continue
            inputs = [dict((k.lower(), html.unescape(v)) for k, v in re.findall(r'([\w-]+)="([^"]*)"', i))
                      for i in re.findall(r"<input\b([^>]*)>", inside, re.I)]
            names = {i.get("name") for i in inputs} | set(re.findall(r'<(?:select|textarea|button)\b[^>]*name="([^"]*)"', inside))
            if set(fields) <= names:
                hidden = {i["name"]: i.get("value", "") for i in inputs if i.get("type") == "hidden"}
                break
        else:
            raise AssertionError(f"no form with {sorted(fields)} for {action or 'any'} on {self.path}: {self.page.text[:400]}")
        body = urllib.parse.urlencode({**hidden, **fields}).encode()
        answer = self.request("POST", target or self.path, body, {
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html",
            "Origin": self.server.url, "Sec-Fetch-Site": "same-origin"})
        if follow and answer.status in (302, 303):
            return self.open(self._local(answer.header("Location")))
        self.page = answer
        return answer


# --- mail ----------------------------------------------------------------------------------------
class MailServer:
    """smtp_server.py in a folder of its own; `fault` makes it misbehave ("" ends that)."""
    shared = None

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="cardea-smtp-")
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen(["/usr/bin/python3", f"{here}/smtp_server.py", self.folder, *options],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.close)
        check(wait_for(lambda: os.path.exists(f"{self.folder}/port"), 30), "smtp_server.py did not start")
        self.port = open(f"{self.folder}/port").read()

    @classmethod
    def get(cls):
        """One for all tests of a file: a mailbox tells its mails by their sender."""
        if cls.shared is None:
            cls.shared = cls()
        return cls.shared

    def fault(self, name):
        if name:
            with open(f"{self.folder}/fault", "w") as f:
                f.write(name)
        elif os.path.exists(f"{self.folder}/fault"):
            os.unlink(f"{self.folder}/fault")

    def settings(self):
        return {"SMTP_HOST": "localhost", "SMTP_PORT": self.port, "SMTP_USE_TLS": "true",
                "SMTP_CA_FILE": f"{self.folder}/ca.pem"}

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Mailbox:
    """The mails that one sender's server sent, in order of arrival."""

    def __init__(self, folder, sender):
        self.folder, self.sender, self.lock = folder, sender, threading.Lock()
        self.seen, self.mails, self.by_address = set(), [], {}

    def _add(self, mail):
        self.mails.append(mail)
        for address in mail["To"].addresses:
            self.by_address.setdefault(address.addr_spec.lower(), []).append(mail)

    def all(self, to=None):
        with self.lock:
            names = os.listdir(self.folder) if os.path.isdir(self.folder) else []
            for name in sorted(n for n in names if n.endswith(".eml") and n not in self.seen):
                self.seen.add(name)
                with open(os.path.join(self.folder, name), "rb") as f:
                    mail = email.message_from_binary_file(f, policy=email.policy.default)
                if self.sender in str(mail["From"]):
                    self._add(mail)
            return list(self.mails if to is None else self.by_address.get(to.lower(), []))

    def wait(self, to, having="", count=1, seconds=15):
        """The count-th mail to an address whose text or subject has a word."""
        def found():
            hits = [m for m in self.all(to) if having in str(m["Subject"]) + plain(m)]
            return hits[count - 1] if len(hits) >= count else None
        mail = wait_for(found, seconds, 0.05)
        if not mail:
            there = [(str(m["To"]), str(m["Subject"])) for m in self.all()]
            raise AssertionError(f"no mail ({count}) to {to} with {having!r}; there are {there}")
        return mail

    def link(self, to, path, count=1, seconds=15):
        """The link below a path from the count-th mail that has one."""
        mail = self.wait(to, path + "?", count, seconds)
        return re.search(r"https?://\S*" + re.escape(path) + r"\?\S+", plain(mail))[0]

    def token(self, to, path, count=1, seconds=15):
        query = urllib.parse.urlsplit(self.link(to, path, count, seconds)).query
        return urllib.parse.parse_qs(query)["token"][0]


def plain(mail):
    part = mail.get_body(("plain",))
    return part.get_content() if part else ""


# --- the server ----------------------------------------------------------------------------------
def solve(challenge):
    """The embedded captcha, as the reference says and in the words of another language."""
    number = 0
    while True:
        answer = f"{challenge['challenge']}.{number}"
        digest = int.from_bytes(hashlib.sha256(answer.encode()).digest(), "big")
        if digest >> (256 - challenge["difficulty"]) == 0:
            return answer
        number += 1


class Server:
    def __init__(self, engine="sqlite", flavour="dev", folder=None, args=(), smtp=None, **settings):
        self.engine, self.binary, self.args = engine, binary(flavour), list(args)
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="cardea-e2e-")
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.smtp = smtp or MailServer.get()
        sender = f"cardea-{uuid.uuid4().hex[:12]}@example.org"
        self.mailbox = Mailbox(f"{self.smtp.folder}/mail", sender)
        self.database_url = f"sqlite:{self.folder}/cardea.db"
        self.schema = None
        if engine == "postgresql":
            self.schema = "e2e_" + uuid.uuid4().hex[:12]
            self._admin(f"CREATE DATABASE {self.schema}")
            parts = urllib.parse.urlsplit(POSTGRES)
            self.database_url = urllib.parse.urlunsplit(parts._replace(path="/" + self.schema))
        self.settings = {
            "DATABASE_URL": self.database_url,
            "PUBLIC_URL": self.url,
            "LISTEN": f"127.0.0.1:{self.port}",
            "KEY_FILE": f"{self.folder}/cardea.keys",
            "EMAIL_FROM_ADDRESS": sender,
            **self.smtp.settings(),
            "RATE_LIMITS": "off",
            "CAPTCHA": "off",
            "PASSWORD_HASH": QUICK_HASH,
            "LOG_LEVEL": "info",
            **{k: str(v) for k, v in settings.items()},
        }
        # Readiness is asked on the operations listener when there is one.
        self.ready_port = int(self.settings.get("OPS_LISTEN", f":{self.port}").rsplit(":", 1)[1])
        self.process, self.log, self.expected_faults = None, "", ()

    def _admin(self, sql):
        subprocess.run(["psql", "-qX", POSTGRES, "-c", sql], check=True, capture_output=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
            elif self.process:
                self.process.kill()
                self._gather()
                print("  log: " + "\n  log: ".join(self.log.splitlines()[-15:]))
        finally:
            self.remove()

    @contextlib.contextmanager
    def cared_for(self):
        """For a test that starts it itself: whatever happens, nothing is left of it."""
        try:
            yield self
        finally:
            if self.process:
                self.process.kill()
                self.process.wait()
            self.remove()

    def remove(self):
        if self.schema:
            self._admin(f"DROP DATABASE IF EXISTS {self.schema} WITH (FORCE)")
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        return {**keep, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", **self.settings}

    def start(self, ready=True):
        self.log_path = f"{self.folder}/log.{uuid.uuid4().hex[:6]}"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([self.binary, "serve", *self.args], cwd=self.folder, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=self.environment())
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=15):
        def ready():
            if self.process.poll() is not None:
                return "gone"
            try:
                return Client(self).request("GET", "/readyz", port=self.ready_port).status == 200
            except OSError:
                return False
        if wait_for(ready, seconds, 0.005) is not True:
            self.process.kill()
            self._gather()
            raise AssertionError(f"the server is not ready: {self.log[-1500:]}")

    def _gather(self):
        self.process.wait()
        with open(self.log_path, "r", errors="replace") as f:
            self.log += f.read()
        code, self.process = self.process.returncode, None
        return code

    def current_log(self):
        with open(self.log_path, "r", errors="replace") as f:
            return self.log + f.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._gather()

    def stop(self):
        """Asks it to end, and checks that it ended well and said nothing bad in its life."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self._gather()
            raise AssertionError("SIGTERM did not end the server within 20 s")
        code = self._gather()
        self.check_log()
        equal(code, 0, f"exit code; log: {self.log[-1500:]}")

    def check_log(self):
        for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer", "Assertion"):
            check(sign not in self.log, f"{sign} in the log: {self.log[self.log.find(sign):][:1500]}")
        for line in self.log.splitlines():
            if '"level":"error"' in line and not any(e in line for e in self.expected_faults):
                raise AssertionError(f"an error in the log: {line[:600]}")

    def cli(self, *args, stdin=None, settings=None, timeout=30):
        """Runs a verb of the command line in the server's environment."""
        return subprocess.run([self.binary, *args], cwd=self.folder, input=stdin, capture_output=True, text=True,
                              env={**self.environment(), **(settings or {})}, timeout=timeout)

    # What most tests begin with.
    def register(self, address, password=PASSWORD, **more):
        answer = Client(self).post("/v1/auth/register", {"email": address, "password": password, **more})
        equal(answer.status, 202, f"register: {answer}")
        return answer

    def verify(self, address):
        token = self.mailbox.token(address, "/verify-email")
        answer = Client(self).post("/v1/auth/verify-email", {"token": token})
        equal(answer.status, 200, f"verify-email: {answer}")
        return answer

    def login(self, address, password=PASSWORD, agent="cardea-e2e"):
        """A client with an access token; .tokens holds the whole answer."""
        client = Client(self, agent)
        answer = client.post("/v1/auth/login", {"email": address, "password": password})
        equal(answer.status, 200, f"login: {answer}")
        client.tokens = answer.json
        client.token = client.tokens["access_token"]
        return client

    def person(self, address, password=PASSWORD, **more):
        self.register(address, password, **more)
        self.verify(address)
        return self.login(address, password)


def together(functions):
    """Runs functions at the same time; gives their results in order; the first exception is raised."""
    results, problems = [None] * len(functions), []

    def one(i):
        try:
            results[i] = functions[i]()
        except Exception as problem:
            problems.append(problem)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(functions))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if problems:
        raise problems[0]
    return results
