# SPDX-License-Identifier: Apache-2.0
"""What an operator does to a running server, and what machines do to it: signals, full disks, mail
servers that are away, proxies, TLS, slow clients, and what must never stand in a log."""
import functools
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from harness import (PASSWORD, Client, MailServer, Server, Skip, check, equal, free_port, main, on_both_engines, plain, test,
                     together, wait_for)

ANN = "ann@example.org"
NEW_PASSWORD = "quite another harbour 8"


@on_both_engines
def sigterm_lets_running_requests_finish(engine):
    server = Server(engine).start()
    with server.cared_for():
        acknowledged, problems, stop = [], [], threading.Event()

        def load(n):
            i = 0
            while not stop.is_set():
                i += 1
                address = f"t{n}-{i}@example.org"
                sent = False
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                    connection.connect()
                    sent = True
                    connection.request("POST", "/v1/auth/register", f'{{"email":"{address}","password":"{PASSWORD}"}}',
                                       {"Content-Type": "application/json", "Host": f"localhost:{server.port}"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status == 202:
                        acknowledged.append(address)
                    elif answer.status != 503:
                        problems.append(answer.status)
                except http.client.IncompleteRead as problem:
                    problems.append(problem)
                except OSError:
                    if not sent or stop.wait(0.01):
                        return
                except http.client.HTTPException:
                    return
        threads = [threading.Thread(target=load, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        time.sleep(1.0)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(15)
        took = time.monotonic() - begun
        stop.set()
        for t in threads:
            t.join()
        equal(server._gather(), 0, "F15: exit code")
        server.check_log()
        equal(problems, [])
        check(took <= 11 and acknowledged, f"drained in {took:.1f} s, {len(acknowledged)} acknowledged")
        server.start()
        for address in acknowledged:
            check(server.mailbox.wait(address, "/verify-email", seconds=60), "every acknowledged registration gets its mail")
        server.stop()


@test
def sighup_reads_settings_again_or_keeps_the_old():
    server = Server()
    path = f"{server.folder}/cardea.conf"
    with server.cared_for():
        open(path, "w").write("SERVICE_NAME = First House\n")
        server.start()

        def name_is(name):
            return wait_for(lambda: name in Client(server).get("/login").text, 5)
        check(name_is("First House"), "from the file")
        open(path, "w").write("SERVICE_NAME = Second House\n")
        server.process.send_signal(signal.SIGHUP)
        check(name_is("Second House"), "after SIGHUP")
        open(path, "w").write("SERVICE_NAME = Third House\nSESSION_IDLE = soon\n")
        server.expected_faults = ("SESSION_IDLE", "settings")
        server.process.send_signal(signal.SIGHUP)
        check(wait_for(lambda: "SESSION_IDLE" in server.current_log(), 5), "the log says what is wrong")
        check(name_is("Second House"), "bad settings: the old ones stay")
        server.stop()


# Of the settings about abuse: what is wrong, and a word of what is said about it.
WRONG = {
    "SIGN_UP": ("Open", "must be open, waitlist, invite or closed"),
    "CAPTCHA": ("never", "must be auto, always or off"),
    "LIMITS": ("login ip 10", "is no figure such as 10/1m"),
    "ADDRESS_ALLOW": ("10.0.0.0/8 everybody", "separated by commas"),
    "ADDRESS_DENY": ("10.0.0.1/8", "without host bits"),
    "ADMIN_ADDRESS_ALLOW": ("me", "must be addresses or CIDR ranges"),
    "TRUSTED_PROXIES": ("nginx", "must be addresses or CIDR ranges"),
    "FORWARDED_HEADER": ("x-real-ip", "must be either, x-forwarded-for or forwarded"),
    "AUTOMATIC_BLOCKS": ("maybe", "must be true or false"),
    "DISPOSABLE_DOMAINS": ("domains.txt", "line 2 of domains.txt is no domain"),
    "PASSWORD_LIST": ("/nowhere/at/all", "must be a file that exists"),
    "PASSWORD_RANGE_URL": ("https://", "the host is neither"),
    "OUTBOUND_ALLOW": ("10.0.0.0/8;", "must be addresses or CIDR ranges"),
    "RECAPTCHA_MIN_SCORE": ("1.5", "must be 0.1 to 1.0"),
    "TURNSTILE_SITE_KEY": ("key", "give both or neither"),
    "CAPTCHA_VERIFY_URL": ("https://captcha.example.org/", "no captcha provider is set"),
    "DECISION_KEEP": ("0", "must be 60 to"),
    "INVITE_TTL": ("a week", "must be a span"),
}


@test
def wrong_settings_are_named_at_start_and_keep_the_old_ones_at_sighup():
    server = Server(CAPTCHA="")  # what the environment says comes first
    path = f"{server.folder}/cardea.conf"
    with open(f"{server.folder}/domains.txt", "w") as f:
        f.write("throw.example\nno domain\n")
    for name, (value, words) in WRONG.items():
        said = server.cli("serve", settings={name: value})
        check(said.returncode == 3 and f"{name}" in said.stderr and words in said.stderr, f"{name}={value}: {said}")
    with server.cared_for():
        open(path, "w").write("SIGN_UP = closed\n")
        server.expected_faults = ("settings.refused",)
        server.start()

        def code():
            return Client(server).post("/v1/auth/register", {"email": ANN, "password": PASSWORD}).json.get("code")
        equal(code(), "sign_up_closed")
        for i, (name, (value, words)) in enumerate(WRONG.items()):
            if name != "SIGN_UP":
                open(path, "w").write(f"SIGN_UP = open\n{name} = {value}\n")
            else:
                open(path, "w").write(f"{name} = {value}\n")
            server.process.send_signal(signal.SIGHUP)
            check(wait_for(lambda: server.current_log().count("settings.refused") == i + 1, 5), f"{name}={value} is refused")
            said = [line for line in server.current_log().splitlines() if "settings.refused" in line][-1]
            check(name in said and words in said, f"{name}: {said}")
            equal(code(), "sign_up_closed", f"{name}: the old settings stay")
        open(path, "w").write("SIGN_UP = open\n")
        server.process.send_signal(signal.SIGHUP)
        check(wait_for(lambda: "settings.reloaded" in server.current_log() and code() is None, 5), "good ones are taken over")
        server.stop()


@test
def a_full_disk_refuses_and_recovers():
    place = tempfile.mkdtemp(prefix="cardea-disk-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        os.rmdir(place)
        raise Skip("a small tmpfs cannot be mounted here")
    server = Server(DATABASE_URL=f"sqlite:{place}/cardea.db")
    try:
        server.expected_faults = ("full", "disk", "I/O", "fault", "space", "db.")
        server.start()
        ann = server.person(ANN)
        with open(f"{place}/ballast", "wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(4096)):
                    pass
            except OSError:
                pass
        codes = set()
        for i in range(120):
            answer = Client(server).post("/v1/auth/register", {"email": f"full{i}@example.org", "password": PASSWORD})
            codes.add(answer.status)
            if answer.status != 202:
                equal(answer.header("Content-Type"), "application/problem+json")
                break
        check(codes <= {202, 500, 503} and codes & {500, 503}, f"F05: refused, not acknowledged: {codes}")
        equal(ann.get("/v1/auth/me").status, 200, "F05: reads go on")
        equal(Client(server).get("/.well-known/jwks.json").status, 200, "F05: keys too")
        os.unlink(f"{place}/ballast")
        check(wait_for(lambda: Client(server).post("/v1/auth/register", {"email": "after@example.org", "password": PASSWORD}).status == 202, 10),
              "F05: it recovers without a restart")
        server.login(ANN)
        server.stop()
        verified = server.cli("audit", "verify")
        equal(verified.returncode, 0, f"{verified.stdout}{verified.stderr}")
    finally:
        if server.process:
            server.process.kill()
            server.process.wait()
        subprocess.run(["umount", place], check=False)
        shutil.rmtree(place, ignore_errors=True)
        server.remove()


@test
def mail_waits_for_a_server_that_is_away():
    smtp = MailServer()
    try:
        smtp.fault("421")
        with Server(smtp=smtp) as server:
            server.expected_faults = ("mail", "smtp", "outbox")
            begun = time.monotonic()
            server.register(ANN)
            check(time.monotonic() - begun < 3, "F09: the request does not wait for mail")
            time.sleep(1)
            equal(server.mailbox.all(), [], "nothing came through")
            check(Client(server).get("/health").status in (200, 503), "/health answers")
            smtp.fault("")
            mail = server.mailbox.wait(ANN, "/verify-email", seconds=150)
            check(mail["Message-ID"], "it has a Message-ID")
            commands = open(f"{smtp.folder}/log").read()
            check("plain MAIL" not in commands, "F09: never without TLS")
    finally:
        smtp.close()


@test
def nothing_secret_is_logged_or_kept_readable():
    canary, address = "canary harbour of glass 31", "very.private.person@example.org"
    with Server(LOG_LEVEL="debug") as server:
        client = server.person(address, canary, name="Canary Name")
        verify = server.mailbox.token(address, "/verify-email")
        Client(server).get(f"/verify-email?token={verify}")
        Client(server).post("/v1/auth/login", {"email": address, "password": canary + "x"})
        renewed = client.post("/v1/auth/refresh", {"refresh_token": client.tokens["refresh_token"]}).json
        Client(server).post("/v1/auth/password/forgot", {"email": address})
        reset = server.mailbox.token(address, "/reset-password")
        page = Client(server)
        page.open("/login")
        page.submit({"email": address, "password": canary})
        Client(server).get(f"/reset-password?token={reset}", Authorization=f"Bearer {client.token}")
        Client(server).post("/v1/auth/nowhere", {"password": canary})
        secrets = {"the password": canary, "a verification token": verify, "a reset token": reset,
                   "an access token": client.tokens["access_token"], "a refresh token": renewed["refresh_token"],
                   "a cookie": page.cookies.get("cardea", "no cookie was set")}
        check("cardea" in page.cookies, "the page signed in")
        metrics = Client(server).get("/metrics").text
        command_line = open(f"/proc/{server.process.pid}/cmdline").read()
        tail = server.cli("audit", "tail").stdout
        stored = b"".join(open(f, "rb").read() for f in glob.glob(f"{server.folder}/cardea.db*"))
        for name, secret in {**secrets, "the address": address}.items():
            for place, text in (("log", server.current_log()), ("metrics", metrics), ("command line", command_line)):
                check(secret not in text, f"LOG_02: {name} is in the {place}: "
                                          f"{[l[:300] for l in text.splitlines() if secret in l][:1]}")
        for name, secret in secrets.items():
            check(secret not in tail, f"LOG_02: {name} is in the audit log")
            check(secret.encode() not in stored, f"TOK_08: {name} is readable in the database")
        keys = os.stat(f"{server.folder}/cardea.keys")
        equal(keys.st_mode & 0o777, 0o600, "the key file is its owner's only")


@test
def client_text_cannot_forge_log_lines():
    with Server(LOG_LEVEL="debug") as server:
        nasty = 'x"}\t{"level":"error","event":"forged"} \x7f\u00e9 ' + "y" * 3000
        Client(server).get("/login", **{"User-Agent": nasty.encode("utf-8").decode("latin-1")})
        Client(server).get("/nowhere%0d%0a%1b[31mred")
        lines = [line for line in server.current_log().splitlines() if not line.startswith(("Cardea ", "Make the", "  http"))]
        check(len(lines) > 3, "there is a log")
        for line in lines:
            entry = json.loads(line)
            check(entry.get("event") != "forged", "LOG_01")
            check(all(0x20 <= ord(c) < 0x7f for c in line), f"LOG_01: plain ASCII: {line[:200]!r}")


@test
def the_proxy_is_believed_only_when_listed():
    for trusted, seen in (("127.0.0.0/8", "203.0.113.9"), ("", "127.0.0.1"), ("10.0.0.0/8", "127.0.0.1")):
        with Server(TRUSTED_PROXIES=trusted) as server:
            server.register(ANN)
            server.verify(ANN)
            answer = Client(server).post("/v1/auth/login", {"email": ANN, "password": PASSWORD},
                                         {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
            token = answer.json["access_token"]
            sessions = Client(server, token=token).get("/v1/account/sessions", **{"X-Forwarded-For": "203.0.113.9"})
            equal(sessions.json["data"][0]["ip"], seen, f"RATE_01: TRUSTED_PROXIES={trusted}")


@test
def tls_is_served_by_itself():
    folder, port = tempfile.mkdtemp(prefix="cardea-tls-"), free_port()
    server = Server(PUBLIC_URL=f"https://localhost:{port}", LISTEN=f"127.0.0.1:{port}",
                    TLS_CERT_FILE=f"{folder}/one.pem", TLS_KEY_FILE=f"{folder}/one.key")
    with server.cared_for():
        def certificate(name):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"], check=True, capture_output=True)
        certificate("one")
        server.port, server.url = port, f"https://localhost:{port}"

        def get(path, trust):
            context = ssl.create_default_context(cafile=f"{folder}/{trust}.pem")
            connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer, body
        server.start(ready=False)

        def ready():
            try:
                return get("/readyz", "one")[0].status == 200
            except OSError:
                return False
        check(wait_for(ready, 10), f"ready over TLS: {server.current_log()[-800:]}")
        answer, _ = get("/login", "one")
        check(answer.getheader("Strict-Transport-Security"), "HSTS")
        check("__Host-" in (answer.getheader("Set-Cookie") or "__Host-"), "SESS_04: cookies begin with __Host-")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                check(not s.recv(100).startswith(b"HTTP/1.1 200"), "no plain text on the TLS port")
            except ConnectionResetError:
                pass

        def renewed(name):
            try:
                return get("/readyz", name)[0].status == 200
            except OSError:
                return False

        def renew(name):
            certificate(name)
            shutil.copy(f"{folder}/{name}.pem", f"{folder}/one.pem.new")
            shutil.copy(f"{folder}/{name}.key", f"{folder}/one.key")
            os.rename(f"{folder}/one.pem.new", f"{folder}/one.pem")
            server.process.send_signal(signal.SIGHUP)
            return wait_for(lambda: renewed(name), 10)
        check(renew("two"), "SIGHUP takes the new certificate")
        server.expected_faults = ("settings.refused",)
        with open(f"{server.folder}/cardea.conf", "w") as f:
            f.write("SIGN_UP = sometimes\n")
        check(renew("three"), "also when a setting is wrong: it may be running out")
        server.stop()
        shutil.rmtree(folder)


@test
def operations_have_a_listener_of_their_own():
    port = free_port()
    with Server(OPS_LISTEN=f"127.0.0.1:{port}") as server:
        equal(Client(server).get("/metrics").status, 404, "not for the public")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics", headers={"Host": f"localhost:{port}"})
        equal(connection.getresponse().status, 200)


@test
def slow_clients_do_not_hold_others_up():
    with Server() as server:
        slow = []
        try:
            for _ in range(300):
                s = socket.create_connection(("127.0.0.1", server.port))
                s.sendall(b"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nX: ")
                slow.append(s)
            begun = time.monotonic()
            for _ in range(20):
                equal(Client(server).get("/livez").status, 200)
            check(time.monotonic() - begun < 3, "DOS_03: others are served")
        finally:
            for s in slow:
                s.close()


@test
def a_login_storm_is_bounded():
    with Server(flavour="release", PASSWORD_HASH="m=65536,t=3,p=2", HASH_QUEUE="8", HASH_WAIT="2s") as server:
        ann = server.person(ANN)
        codes, times = [], []
        done = threading.Event()

        def probe():
            while not done.is_set():
                begun = time.monotonic()
                equal(ann.get("/v1/auth/me").status, 200, "DOS_02: a session check never fails")
                times.append(time.monotonic() - begun)
                time.sleep(0.02)

        def storm(number):  # an address each, or the lockout would answer for the queue
            answer = Client(server).post("/v1/auth/login",
                                         {"email": f"nobody{number}@example.org", "password": "wrong wrong wrong"})
            codes.append((answer.status, bool(answer.header("Retry-After"))))
        prober = threading.Thread(target=probe)
        prober.start()
        together([functools.partial(storm, i) for i in range(60)])
        done.set()
        prober.join()
        check({code for code, _ in codes} == {401, 503}, f"{set(codes)}")
        check(all(retry for code, retry in codes if code == 503), "503 says when to come back")
        times.sort()
        check(times[len(times) * 9 // 10] < 0.5, f"session checks stayed quick: {times[-5:]}")
        memory = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{server.process.pid}/status").read())[1]) // 1024
        check(memory < 400, f"DOS_02: memory is bounded: {memory} MiB")


def hashes(server):
    return int(re.search(r"^password_hash_duration_seconds_count (\d+)", Client(server).get("/metrics").text, re.M)[1])


@test
def a_client_that_left_costs_no_hash():
    with Server(flavour="release", PASSWORD_HASH="m=65536,t=3,p=2", HASH_THREADS="1", RATE_LIMITS="off") as server:
        def request(number):  # an address each, or the lockout would spare the hash
            body = f'{{"email":"nobody{number}@example.org","password":"wrong wrong wrong"}}'
            return (f"POST /v1/auth/login HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
        before = hashes(server)
        left = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
        for i, s in enumerate(left):
            s.sendall(request(i))
        time.sleep(0.3)
        for s in left:
            s.close()
        answer = Client(server).post("/v1/auth/login", {"email": "nobody@example.org", "password": "wrong wrong wrong"})
        equal(answer.status, 401, "whoever stays is answered")
        spent = hashes(server) - before
        check(spent < 40, f"DOS_02: {spent} hashes for sixty who left")


@test
def it_serves_a_unix_socket():
    folder = tempfile.mkdtemp(prefix="cardea-sock-")
    path = f"{folder}/s"
    try:
        server = Server()
        os.mkdir(f"{folder}/apart")
        server.settings["LISTEN"] += f",unix:{path}"
        server.settings["OPS_LISTEN"] = f"unix:{folder}/apart/s"
        with server:
            for where, target in ((path, "/livez"), (f"{folder}/apart/s", "/health")):
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(where)
                    s.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
                              "Connection: close\r\n\r\n".encode())
                    check(s.recv(4096).startswith(b"HTTP/1.1 200"), "an answer")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@test
def mails_are_text_and_html_and_name_the_reason():
    with Server() as server:
        server.register(ANN, name="Ann")
        mail = server.mailbox.wait(ANN)
        check(mail.get_body(("html",)) and plain(mail), "both forms")
        check(mail["Date"] and mail["Message-ID"] and mail["MIME-Version"], "its header is complete")
        check(str(mail.get("Auto-Submitted", "")).startswith("auto-"), "no vacation replies")
        check("<img" not in mail.get_body(("html",)).get_content(), "no tracking")


main()
