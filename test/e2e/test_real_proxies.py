# SPDX-License-Identifier: Apache-2.0
"""Behind real proxies, nginx and HAProxy, with the files of deploy/ and with others an operator might
write: whom the server takes for the client, connections that are kept, and that a proxy and the
server never disagree about where a request ends. Clients come from 127.0.0.9 (kept out by a rule,
which is how a test sees who the server thinks it is) and from 127.0.0.8."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from harness import ROOT, Server, check, equal, free_port, main, test, wait_for

DENIED, OTHER = "127.0.0.9", "127.0.0.8"
ME = "GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\n%s\r\n"


class Proxy:
    """nginx or HAProxy in a folder of its own; `config` may name {port}, {folder} and what else is given."""

    def __init__(self, program, config, **more):
        self.program, self.port = program, free_port()
        self.folder = tempfile.mkdtemp(prefix=f"cardea-{program}-")
        self.file = f"{self.folder}/conf"
        for name, value in {"port": self.port, "folder": self.folder, **more}.items():
            config = config.replace("{%s}" % name, str(value))
        with open(self.file, "w") as f:
            f.write(config)

    def __enter__(self):
        command = (["/usr/sbin/nginx", "-p", self.folder, "-c", self.file] if self.program == "nginx"
                   else ["/usr/sbin/haproxy", "-db", "-f", self.file])
        with open(f"{self.folder}/out", "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if not wait_for(lambda: self.process.poll() is not None or self.is_there(), 10) or self.process.poll() is not None:
            raise AssertionError(f"{self.program} does not start: {self.said()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_there(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            return True
        except OSError:
            return False

    def said(self):
        with open(f"{self.folder}/out", errors="replace") as f:
            return f.read()


def nginx(http, **more):
    """nginx with this inside http { }; one process, so that every connection it keeps is one for all."""
    return Proxy("nginx", """
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events { worker_connections 256; }
http {
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    access_log off;
""" + http + "\n}\n", **more)


def nginx_before(server, lines):
    return nginx("""
    upstream cardea { server 127.0.0.1:{to}; keepalive 4; }
    server {
        listen 127.0.0.1:{port};
        location / {
            proxy_pass http://cardea; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; """ + lines + """
        }
    }""", to=server.port)


def haproxy_before(server, line, mode="tcp"):
    return Proxy("haproxy", """
defaults
    mode {mode}
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen cardea
    bind 127.0.0.1:{port}
    option httpchk GET /readyz
    {line}
""", mode=mode, line=line.replace("{to}", str(server.port)))


class Visitor:
    """A connection from one of the loopback addresses."""

    def __init__(self, port, source, wrap=None):
        raw = socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(source, 0))
        self.s = wrap(raw) if wrap else raw

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def ask(self, more="", text=ME):
        """The problem's code in the answer to one request on the kept connection."""
        self.s.sendall((text % more).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = self.s.recv(65536)
            check(got, f"the connection ended after {answer!r}")
            answer += got
        head, body = answer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        while len(body) < length:
            body += self.s.recv(65536)
        return re.search(rb'"code":"(\w+)"', body)[1].decode()


def ask(port, source, more="", wrap=None):
    with Visitor(port, source, wrap) as visitor:
        return visitor.ask(more)


def behind(**settings):
    return Server(TRUSTED_PROXIES="127.0.0.1", ADDRESS_DENY=DENIED, OPS_LISTEN=f"127.0.0.1:{free_port()}", **settings)


def check_tells_them_apart(port, wrap=None):
    """Two clients in turns, each on a connection that is kept; neither can make itself another."""
    with Visitor(port, DENIED, wrap) as bad, Visitor(port, OTHER, wrap) as good:
        for _ in range(3):
            equal(bad.ask(), "address_denied")
            equal(good.ask(), "unauthenticated")
        for name in ("X-Forwarded-For", "X-Real-IP", "True-Client-IP"):
            equal(bad.ask(f"{name}: {OTHER}\r\n"), "address_denied", f"{name} from the client")
            equal(good.ask(f"{name}: {DENIED}\r\n"), "unauthenticated", f"{name} from the client")


# --- who is the client ---------------------------------------------------------------------------
@test
def RATE_01_nginx_that_appends_names_the_client():
    with behind() as server, nginx_before(server, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;") as proxy:
        check_tells_them_apart(proxy.port)
        equal(ask(proxy.port, DENIED, "X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n"), "address_denied")
        equal(ask(proxy.port, DENIED, f"Forwarded: for={OTHER}\r\n"), "address_denied",
              "a header that nginx passes on helps nobody past a rule")


@test
def RATE_01_the_proxys_header_can_be_named():
    def tries(server, port, header):
        """How many wrong passwords one address may send before it is refused, with a header of its own each time."""
        for i in range(40):
            body = '{"email":"nobody%d@example.org","password":"a wrong one"}' % i
            head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{header % (i + 1)}\r\n"
            code = Visitor(port, OTHER).ask(head + "\r\n" + body,
                                            "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\n%s")
            if code == "rate_limited":
                return i
        return 40
    appends = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    with behind(FORWARDED_HEADER="x-forwarded-for", RATE_LIMITS="on") as server, nginx_before(server, appends) as proxy:
        begun = server.current_log()
        check(tries(server, proxy.port, "Forwarded: for=192.0.2.%d") <= 10, "a made-up header gives no new counter")
        said = server.current_log()[len(begun):]
        check(f'"ip":"{OTHER}"' in said and '"ip":"127.0.0.1"' not in said, "and the client keeps its own address")
        equal(ask(proxy.port, DENIED, f"Forwarded: for={OTHER}\r\n"), "address_denied")


@test
def RATE_01_haproxy_that_adds_a_second_header_names_the_client():
    line = "option forwardfor\n    server one 127.0.0.1:{to} check"
    with behind() as server, haproxy_before(server, line, mode="http") as proxy:
        check_tells_them_apart(proxy.port)


def check_proxy_protocol(word):
    with behind(PROXY_PROTOCOL="required") as server, \
            haproxy_before(server, "server one 127.0.0.1:{to} %s check inter 200ms" % word) as proxy:
        check_tells_them_apart(proxy.port)
        equal(ask(proxy.port, DENIED, f"Forwarded: for={OTHER}\r\n"), "address_denied")
        equal(ask(proxy.port, OTHER, f"Forwarded: for={DENIED}\r\n"), "unauthenticated")
        threading.Event().wait(1)  # several health checks, which name nobody
        equal(ask(proxy.port, OTHER), "unauthenticated")
        check("DOWN" not in proxy.said(), f"HAProxy finds the server well: {proxy.said()}")
        check("connection_refused" not in server.current_log(), "and its own checks are understood")


@test
def RATE_01_haproxy_with_the_text_header():
    check_proxy_protocol("send-proxy")


@test
def RATE_01_haproxy_with_the_binary_header():
    check_proxy_protocol("send-proxy-v2")


@test
def RATE_01_haproxy_that_speaks_http_behind_a_proxy_header():
    """Connections to the server are kept and shared: not between two clients when a header names one."""
    with behind(PROXY_PROTOCOL="required") as server, \
            haproxy_before(server, "server one 127.0.0.1:{to} send-proxy-v2 check", mode="http") as proxy:
        check_tells_them_apart(proxy.port)


# --- the files of deploy/ ------------------------------------------------------------------------
def deployed(name, port, plain_port, to, pem):
    """A file of deploy/ as it stands, but for ports, the certificate and IPv6 (not everywhere)."""
    with open(f"{ROOT}/deploy/{name}") as f:
        text = f.read()
    text = re.sub(r"(?m)^\s*listen \[::\].*\n", "", text)
    for old, new in (("listen 80;", f"listen 127.0.0.1:{plain_port};"), ("listen 443 ", f"listen 127.0.0.1:{port} "),
                     ("bind :80\n", f"bind 127.0.0.1:{plain_port}\n"), ("bind :443", f"bind 127.0.0.1:{port}"),
                     ("127.0.0.1:8080", f"127.0.0.1:{to}"), ("127.0.0.1:8443", f"127.0.0.1:{to}"),
                     ("/etc/ssl/accounts.example.org/fullchain.pem", pem), ("/etc/ssl/accounts.example.org/privkey.pem", pem),
                     ("/etc/ssl/accounts.example.org/both.pem", pem)):
        text = text.replace(old, new)
    check("/etc/" not in text and ":8080" not in text, "everything of the file is replaced")
    return text


def certificate():
    folder = tempfile.mkdtemp(prefix="cardea-pem-")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=accounts.example.org", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"],
                   check=True, capture_output=True)
    with open(f"{folder}/both.pem", "w") as both:
        both.write(open(f"{folder}/cert").read() + open(f"{folder}/key").read())
    return folder


def wrap(raw):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname="accounts.example.org")


HOST = "Host: accounts.example.org\r\n"


def check_deployed(proxy, plain_port):
    text = ME.replace("Host: localhost\r\n", HOST)
    with Visitor(proxy.port, DENIED, wrap) as bad, Visitor(proxy.port, OTHER, wrap) as good:
        for _ in range(2):
            equal(bad.ask(text=text), "address_denied")
            equal(good.ask(text=text), "unauthenticated")
        for more in (f"X-Forwarded-For: {OTHER}\r\n", f"Forwarded: for={OTHER}\r\n"):
            equal(bad.ask(more, text), "address_denied")
        for more in (f"X-Forwarded-For: {DENIED}\r\n", f"Forwarded: for={DENIED}\r\n"):
            equal(good.ask(more, text), "unauthenticated", "what a client writes is taken away")
    if plain_port:
        with socket.create_connection(("127.0.0.1", plain_port), timeout=15) as s:
            s.sendall(f"GET /login HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n".encode())
            check(b"ocation: https://accounts.example.org/login" in s.recv(65536), "port 80 sends to https")


def check_deploy_file(program, name, uncomment=False, **settings):
    folder = certificate()
    try:
        if uncomment:
            settings.update(TLS_CERT_FILE=f"{folder}/cert", TLS_KEY_FILE=f"{folder}/key")
        with behind(PUBLIC_URL="https://accounts.example.org", RATE_LIMITS="on", CAPTCHA="auto", **settings) as server:
            plain_port = free_port()
            text = deployed(name, "{port}", plain_port, server.port, f"{folder}/both.pem")
            if uncomment:
                first = text.index("# 1. HAProxy speaks")
                second = text.index("#frontend accounts_bytes")
                text = text[:first] + re.sub(r"(?m)^#", "", text[second:])
            with (nginx(text) if program == "nginx" else Proxy(program, text)) as proxy:
                check_deployed(proxy, 0 if uncomment else plain_port)
    finally:
        shutil.rmtree(folder)


@test
def deploy_nginx_conf_works_as_it_stands():
    check_deploy_file("nginx", "nginx.conf")


@test
def deploy_haproxy_cfg_works_as_it_stands():
    check_deploy_file("haproxy", "haproxy.cfg")


@test
def deploy_haproxy_cfg_works_by_bytes_too():
    check_deploy_file("haproxy", "haproxy.cfg", uncomment=True, PROXY_PROTOCOL="required")


# --- where a request ends ------------------------------------------------------------------------
class Tap:
    """Stands between a proxy and the server and counts what each says: whole answers of the server's."""

    def __init__(self, to):
        self.to, self.answers, self.asked = to, 0, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source, target, is_answer):
        last = b""
        try:
            while chunk := source.recv(65536):
                if is_answer:  # every answer has one Date, and no body has a line that begins so
                    seen = last + chunk
                    self.answers += seen.count(b"\r\nDate: ")
                    last = seen[-7:] if not seen.endswith(b"\r\nDate: ") else b""
                else:
                    self.asked += chunk
                target.sendall(chunk)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


LOGIN = "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = "GET /livez HTTP/1.1\r\nHost: localhost\r\n"
NEXT = "GET /livez?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = LOGIN + "Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "HTTP_01": [f"{LOGIN}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                f"{LOGIN}Transfer-Encoding: chunked\r\nContent-Length: {len(NEXT)}\r\n\r\n0\r\n\r\n{NEXT}"],
    "HTTP_02": [LOGIN + f"Content-Length: {first}\r\nContent-Length: {second}\r\n\r\n{{}}{NEXT}"
                for first, second in ((2, 2), (2, 3), (0, len(NEXT)))] +
               [LOGIN + f"Content-Length: {value}\r\n\r\n{{}}{NEXT}"
                for value in ("+2", "0x2", "2,2", "-2", "18446744073709551618", "2 2", "", "2;", "02")],
    "HTTP_03": [LOGIN + f"Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n"
                for value in ("xchunked", "chunked, identity", "identity, chunked", "\x0bchunked", "chunked\x00", "gzip, chunked",
                              "chunked, chunked", "Chunked", "chunked\r\nTransfer-Encoding: identity")] +
               [CHUNKED.replace("HTTP/1.1", "HTTP/1.0") + "0\r\n\r\n" + NEXT],
    "HTTP_04": [CHUNKED + value for value in
                ("2;" + "x" * 10000 + "\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "2\r\n{}0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n",
                 "FFFFFFFFFFFFFFFF0\r\n{}\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "2 \r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n00\r\n\r\n",
                 "2;a=\"\r\n\"\r\n{}\r\n0\r\n\r\n", "2;a\n\r\n{}\r\n0\r\n\r\n", "0\r\n\r\n" + NEXT,
                 f"2\r\n{{}}\r\n0\r\nX-Forwarded-For: {OTHER}\r\nAuthorization: Bearer x\r\n\r\n",
                 "0\r\nContent-Length: 50\r\n\r\n" + NEXT)],
    "HTTP_05": [GET + value + "\r\n\r\n" for value in
                ("X : y", " X: y", "X: a\r\n b", "X: a\rb", "X: a\x00b", "X\xe4: y", ": y", "X", "X: a\x7f",
                 "Content-Length : 50", "Content-Length\t: 50", "Transfer-Encoding : chunked")] +
               [GET + value + f"Content-Length: {len(NEXT)}\r\n\r\n{NEXT}" for value in ("X: y\n", "X: y\r\n\t", "X: y\r")] +
               [GET.replace("\r\n", "\n") + "\n" + NEXT],
    "HTTP_06": [GET + "Host: other\r\n\r\n", GET + "Authorization: a\r\nAuthorization: b\r\n\r\n", "GET /livez HTTP/1.1\r\n\r\n",
                GET + "Cookie: a=1\r\nCookie: b=2\r\n\r\n", LOGIN + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
                GET.replace("localhost", "localhost, other") + "\r\n", GET.replace("localhost", "a b") + "\r\n"],
    "HTTP_07": [GET + "\r\n" + NEXT + NEXT, GET + "Bad Header\r\n\r\n" + NEXT, "GET /no%zz HTTP/1.1\r\nHost: localhost\r\n\r\n" + NEXT,
                LOGIN + "Content-Length: 70000\r\n\r\n" + NEXT + "x" * (70000 - len(NEXT)), GET + "Content-Length: 2\r\n\r\n{}" + NEXT],
    "HTTP_08": [f"GET {value} HTTP/1.1\r\nHost: localhost\r\n\r\n" for value in
                ("http://[", "//", "*", "%", "/%zz", "/%00", "/%c0%af", "/a b", "/\x80", "http://other/livez", "/livez#x", "livez",
                 "/" + "a" * 9000)] + ["GET /livez\r\n\r\n", "GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                       "GET /livez HTTP/1.2\r\nHost: localhost\r\n\r\n", "GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n"],
    "HTTP_09": [f"GET {value} HTTP/1.1\r\nHost: localhost\r\n\r\n" for value in
                ("/..;/admin", "/static/%2e%2e%2flivez", "/%252e%252e/livez", "/\\livez", "//livez", "/livez.", "/LIVEZ", "/livez/./",
                 "/v1/admin/users/..%2f..%2flivez")],
    "HTTP_10": [LOGIN + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", GET + "Expect: 100-continue\r\n\r\n" + NEXT,
                LOGIN + "Expect: later\r\nContent-Length: 2\r\n\r\n{}", GET + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + NEXT,
                "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n" + NEXT,
                GET + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + NEXT],
    "HTTP_12": ["TRACE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "FROB /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "get /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
}


def send_all(port, text):
    """Sends, says that it is all, and reads to the end."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        try:
            s.sendall(text.encode("latin-1"))
            s.shutdown(socket.SHUT_WR)
            while chunk := s.recv(65536):
                answer += chunk
        except OSError:
            pass
    return answer


def check_counts_agree(tap, proxy, count):
    """Request by request: as many as the proxy passed on were answered, and no answer came too much."""
    wrong = []
    for case, texts in MALFORMED.items():
        for text in texts:
            before, asked, answered = count(), len(tap.asked), tap.answers
            send_all(proxy.port, text)
            send_all(proxy.port, f"{GET}Connection: close\r\n\r\n")  # so that the log before it is written
            if not wait_for(lambda: count() - before == tap.answers - answered > 0, 2):
                wrong.append((case, text[:200], f"proxy {count() - before}, server {tap.answers - answered}", tap.asked[asked:][:600]))
    equal(wrong, [])


@test
def HTTP_01_to_12_nginx_and_the_server_count_the_same_requests():
    with behind() as server:
        tap = Tap(server.port)
        with nginx("""
    log_format passed '$upstream_addr';
    upstream cardea { server 127.0.0.1:{to}; keepalive 4; }
    server {
        listen 127.0.0.1:{port};
        access_log {folder}/log passed;
        location / {
            proxy_pass http://cardea; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_request_buffering off; proxy_next_upstream off; proxy_ignore_client_abort on; proxy_set_header X-Forwarded-For $remote_addr;
        }
    }""", to=tap.port) as proxy:
            def count():
                with open(f"{proxy.folder}/log") as f:
                    return sum(line != "-\n" for line in f)
            check_counts_agree(tap, proxy, count)
        tap.close()


@test
def HTTP_01_to_12_haproxy_and_the_server_count_the_same_requests():
    with behind() as server:
        tap = Tap(server.port)
        with Proxy("haproxy", """
global
    log stdout format raw local0
defaults
    mode http
    log global
    log-format "passed %s %ST"
    timeout connect 5s
    timeout client 5s
    timeout server 20s
    retries 0
listen cardea
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{to}
""", to=tap.port) as proxy:
            check_counts_agree(tap, proxy, lambda: proxy.said().count("passed one"))
        tap.close()


main()
