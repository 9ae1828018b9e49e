# SPDX-License-Identifier: Apache-2.0
"""Behind proxies: the PROXY protocol by raw sockets, in plain and in front of TLS, a proxy on a unix
socket, and who is believed about addresses. Which address the server saw shows in whom a rule of
addresses keeps out."""
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from harness import PASSWORD, Server, check, equal, free_port, main, on_both_engines, test, wait_for

DENIED, OTHER = "203.0.113.9", "198.51.100.7"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
GET = b"GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n"


def v1(source):
    return f"PROXY TCP4 {source} 127.0.0.1 50000 443\r\n".encode()


def v2(source, command=0x21):
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", 50000, 443)
    return SIGNATURE + bytes([command, 0x11]) + struct.pack(">H", len(addresses)) + addresses


def everything(s):
    answer = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return answer
            answer += more
    except ConnectionError:
        return answer


def code(answer):
    """The problem's code, "" when the connection ended without an answer."""
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])["code"] if answer else ""


def ask(server, before=b"", headers=b"", wrap=None, family=socket.AF_INET, to=None):
    with socket.socket(family) as raw:
        raw.settimeout(15)
        raw.connect(to or ("127.0.0.1", server.port))
        s = raw
        try:
            raw.sendall(before)
            s = wrap(raw) if wrap else raw
            s.sendall(GET % headers)
            answer = everything(s)
        except ConnectionError:  # refused while we were still talking
            answer = b""
        if wrap:
            s.close()
        return code(answer)


def proxied(**settings):
    ops = free_port()
    return Server(PROXY_PROTOCOL="required", OPS_LISTEN=f"127.0.0.1:{ops}", ADDRESS_DENY=DENIED, **settings)


@test
def a_proxy_header_names_the_client():
    with proxied(TRUSTED_PROXIES="127.0.0.1") as server:
        equal(ask(server, v1(OTHER)), "unauthenticated")
        equal(ask(server, v1(DENIED)), "address_denied")
        equal(ask(server, v2(OTHER)), "unauthenticated")
        equal(ask(server, v2(DENIED)), "address_denied")
        equal(ask(server, v2(DENIED, command=0x20)), "unauthenticated", "a health check speaks for itself")
        equal(ask(server, v1(DENIED), b"X-Forwarded-For: %s\r\n" % OTHER.encode()), "address_denied",
              "a client is no proxy")
        equal(ask(server, v1(OTHER), b"X-Forwarded-For: %s\r\n" % DENIED.encode()), "unauthenticated")
        for nameless in (b"PROXY UNKNOWN\r\n", v2(OTHER, command=0x20)):
            equal(ask(server, nameless, b"X-Forwarded-For: %s\r\n" % DENIED.encode()), "unauthenticated",
                  "RATE-01: whom the balancer does not know is not believed about himself")
            equal(ask(server, nameless, b"Forwarded: for=%s\r\n" % DENIED.encode()), "unauthenticated")


@test
def without_a_proxy_header_nobody_is_served():
    with proxied(TRUSTED_PROXIES="127.0.0.1") as server:
        equal(ask(server), "")
        equal(ask(server, b"PROXY TCP4 nonsense\r\n"), "")
        equal(ask(server, SIGNATURE + b"\x21\x11\xff\xff"), "")
        with socket.create_connection(("127.0.0.1", server.port)) as half:
            half.settimeout(15)
            half.sendall(v2(OTHER)[:20])
            begun = time.monotonic()
            equal(everything(half), b"", "half a header")
            check(5 < time.monotonic() - begun < 14, "is waited for as long as for a request's header")
        equal(ask(server, v1(OTHER)), "unauthenticated", "others are served")


@test
def a_stranger_may_not_write_a_proxy_header():
    with proxied(TRUSTED_PROXIES="192.0.2.1") as server:
        equal(ask(server, v1(OTHER)), "")
        check("http.connection_refused" in server.current_log(), "said in the log")


@test
def proxy_headers_come_before_tls():
    folder = tempfile.mkdtemp(prefix="cardea-proxy-")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out",
                        f"{folder}/cert.pem"], check=True, capture_output=True)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def wrap(raw):
            return context.wrap_socket(raw, server_hostname="localhost")
        with proxied(TRUSTED_PROXIES="127.0.0.1", TLS_CERT_FILE=f"{folder}/cert.pem",
                     TLS_KEY_FILE=f"{folder}/key.pem") as server:
            equal(ask(server, v2(DENIED), wrap=wrap), "address_denied")
            equal(ask(server, v1(OTHER), wrap=wrap), "unauthenticated")
    finally:
        shutil.rmtree(folder)


@test
def a_proxy_on_a_unix_socket_is_believed():
    folder = tempfile.mkdtemp(prefix="cardea-unix-")
    path = f"{folder}/cardea.sock"
    server = Server(ADDRESS_DENY=DENIED)
    server.settings["LISTEN"] += f",unix:{path}"
    try:
        with server:
            there = {"family": socket.AF_UNIX, "to": path}
            equal(ask(server, headers=b"X-Forwarded-For: %s\r\n" % DENIED.encode(), **there), "address_denied")
            equal(ask(server, headers=b"Forwarded: for=%s\r\n" % DENIED.encode(), **there), "address_denied")
            equal(ask(server, headers=b"X-Forwarded-For: %s\r\n" % OTHER.encode(), **there), "unauthenticated")
            equal(ask(server, headers=b"X-Forwarded-For: %s\r\n" % DENIED.encode()), "unauthenticated",
                  "by TCP it may be anybody")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@test
def address_rules_change_with_sighup():
    server = Server(TRUSTED_PROXIES="127.0.0.1")
    config = f"{server.folder}/cardea.conf"
    with open(config, "w") as f:
        f.write("ADDRESS_DENY =\n")
    server.args += ["--config", config]
    header = b"X-Forwarded-For: %s\r\n" % DENIED.encode()
    with server:
        equal(ask(server, headers=header), "unauthenticated")
        with open(config, "w") as f:
            f.write(f"ADDRESS_DENY = {DENIED}\n")
        server.process.send_signal(1)
        check(wait_for(lambda: ask(server, headers=header) == "address_denied", 3), "followed within a second or two")
        equal(ask(server, headers=b"X-Forwarded-For: %s\r\n" % OTHER.encode()), "unauthenticated")


@on_both_engines
def a_rule_of_staff_reaches_the_other_node_within_a_second(engine):
    with Server(engine, TRUSTED_PROXIES="127.0.0.1", ADMIN_EMAIL="ann@example.org", ADMIN_PASSWORD=PASSWORD) as one:
        two = Server(TRUSTED_PROXIES="127.0.0.1", DATABASE_URL=one.database_url, KEY_FILE=one.settings["KEY_FILE"])
        with two:
            header = b"X-Forwarded-For: %s\r\n" % DENIED.encode()
            equal(ask(two, headers=header), "unauthenticated")
            staff = one.login("ann@example.org")
            answer = staff.api("POST", "/v1/admin/ip-rules", {"range": DENIED, "action": "deny"})
            equal(answer.status, 201, f"{answer}")
            begun = time.monotonic()
            check(wait_for(lambda: ask(two, headers=header) == "address_denied", 3), "the other node follows")
            check(time.monotonic() - begun < 1.6, "within a second, and some for a busy machine")
            check(wait_for(lambda: ask(one, headers=header) == "address_denied", 1), "and the one that was asked")
            equal(staff.api("DELETE", f"/v1/admin/ip-rules/{answer.json['id']}").status, 204)
            check(wait_for(lambda: ask(two, headers=header) == "unauthenticated", 3), "it is let in again")


main()
