# SPDX-License-Identifier: Apache-2.0
"""What the documents print is run: every block marked sh, as it stands but for ports and folders, in one
shell for each document; every block marked conf is judged by the server; and every command and
setting that is named in passing exists."""
import glob
import os
import re
import subprocess
import time

from harness import PASSWORD, POSTGRES, QUICK_HASH, ROOT, Client, Server, check, equal, free_port, main, test

DOCUMENTS = ["README.md", *(f"docs/{name}" for name in
             ("operations.md", "staff.md", "captcha.md", "testing-with-cardea.md", "security.md", "architecture.md"))]


def read(name):
    with open(f"{ROOT}/{name}") as f:
        return f.read()


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", read(name), re.S | re.M)


def replaced(text, things):
    for old, new in things.items():
        text = text.replace(old, new)
    return text


def run(server, script, settings=None, timeout=60):
    """In bash; any command that fails is a failure, a curl that is told of an error too, but for registering, which the text has refused."""
    tools = f"{server.folder}/tools"
    os.makedirs(tools, exist_ok=True)
    for name, line in (("cardea", f'exec "{server.binary}" "$@"'), ("curl", '[[ $* != */auth/register* ]] || exec /usr/bin/curl "$@"\nexec /usr/bin/curl --fail-with-body -S "$@"')):
        with open(f"{tools}/{name}", "w") as f:
            f.write(f"#!/bin/bash\n{line}\n")
        os.chmod(f"{tools}/{name}", 0o755)
    environment = {**server.environment(), **(settings or {})}
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    said = subprocess.run(["bash", "-euxo", "pipefail", "-c", script], cwd=server.folder, env=environment, capture_output=True,
                          text=True, timeout=timeout)
    equal(said.returncode, 0, f"{said.stdout[-1500:]}\n{said.stderr[-1500:]}")
    return said.stdout


@test
def the_readme_signs_in():
    with Server() as server:
        server.register("ann@example.org", "a quiet harbour at noon")
        server.verify("ann@example.org")
        said = run(server, "\n".join(replaced(b, {"localhost:8080": f"localhost:{server.port}"}) for b in blocks("README.md", "sh")))
        check('"access_token":"eyJ' in said and '"session_id":"ses_' in said, said)


@test
def staff_does_everything_by_curl():
    server = Server(SIGN_UP="invite", ADMIN_EMAIL="you@example.org", ADMIN_PASSWORD=PASSWORD)
    with server:
        made = server.cli("user", "create", "carl@example.org", stdin=PASSWORD)
        equal(made.returncode, 0, made.stderr)
        here = {"http://localhost:8080": server.url}
        script = [replaced(b, here) for b in blocks("docs/staff.md", "sh")]
        check(len(script) >= 7, "the blocks are found")
        server.stop()
        server.settings["SIGN_UP"] = "waitlist"
        server.start()
        said = run(server, "\n".join(script))
        for words in ('"role":"USER"', "/register?invite=", '"status":"confirmation_sent"', '"approved":1', '"action":"deny"',
                      '"rule":"sign-up invite"', '"status":"locked"'):
            check(words in said, f"{words} in {said}")
        equal(len(server.mailbox.all("ann@example.org")) >= 1, True, "the invitation is mailed")


@test
def applications_test_with_the_fixture():
    with Server() as server:
        port = free_port()
        script = "\n".join(replaced(b, {"localhost:8080": f"localhost:{port}"}) for b in blocks("docs/testing-with-cardea.md", "sh"))
        said = run(server, f"trap 'kill %1' EXIT\n{script}\n",
                   {"LISTEN": f"127.0.0.1:{port}", "PUBLIC_URL": f"http://localhost:{port}", "KEY_FILE": "", "SMTP_HOST": ""})
        check('"status":"verified"' in said or '"now":"' in said, said)


@test
def the_captcha_is_solved_as_printed():
    scope = {}
    for block in blocks("docs/captcha.md", "python"):
        exec(block, scope)
    with Server(CAPTCHA="always") as server:
        member = {"email": "ann@example.org", "password": PASSWORD}
        refused = Client(server).post("/v1/auth/register", member)
        equal(refused.json["code"], "captcha_required")
        equal(Client(server).post("/v1/auth/register", {**member, "captcha": scope["solve"](refused.json["captcha"])}).status, 202)


def places(server):
    """The folders of a real installation, in the test's own."""
    names = ("/var/lib/cardea", "/backup", "/elsewhere", "/tmp/try", "/run/secrets", "/etc/cardea")
    for name in names[:3] + names[4:]:
        os.makedirs(server.folder + name, exist_ok=True)
    # Not where a place is part of another path.
    return lambda text: re.sub(r"(?<![\w/}.])(%s)(?=[/\s'\"]|$)" % "|".join(names), server.folder + r"\1", text)


@test
def operators_back_up_and_restore():
    server = Server()
    here = places(server)
    server.settings["DATABASE_URL"] = f"sqlite:{server.folder}/var/lib/cardea/cardea.db"
    server.settings["KEY_FILE"] = ""
    with server:
        server.person("ann@example.org")
        with open(f"{server.folder}/pwned.txt", "w") as f:
            f.write("a dragon over water 12\n8C0F6BF3C3C4B9AA1E0B0F3A1C1B3A5F6D7E8F90:12\n")
        script = [b for b in blocks("docs/operations.md", "sh") if "psql" not in b]
        check(len(script) >= 3, "the blocks are found")
        said = run(server, here("\n".join(script)), {"HASH": QUICK_HASH})
        check("the settings are good" in said and "ann@example.org" in said, said)


@test
def operators_use_postgresql():
    if not POSTGRES:
        return
    port = free_port()
    with Server() as server:
        there = re.match(r"\w+://(?:([^:@]+)(?::([^@]*))?@)?([^:/?]*)(?::(\d+))?", POSTGRES)
        login = {"PGUSER": there[1] or "", "PGPASSWORD": there[2] or "", "PGHOST": there[3], "PGPORT": there[4] or "5432", "PGDATABASE": "postgres"}
        role = f"cardea_{port}"
        script = "\n".join(b for b in blocks("docs/operations.md", "sh") if "psql" in b)
        script = replaced(places(server)(script), {"10.0.0.5:5432": f"{login['PGHOST']}:{login['PGPORT']}", "ROLE cardea": f"ROLE {role}",
                                   "DATABASE cardea OWNER cardea": f"DATABASE {role} OWNER {role}",
                                   "//cardea:": f"//{role}:", "/cardea?": f"/{role}?", "/cardea'": f"/{role}'"})
        try:
            run(server, script, {**login, "KEY_FILE": f"{server.folder}/new.keys", "DATABASE_URL": ""})
            check(os.path.getsize(f"{server.folder}/backup/cardea-{time.strftime('%F')}.dump") > 10000, "a dump is there")
        finally:
            for line in (f"DROP DATABASE IF EXISTS {role} WITH (FORCE)", f"DROP ROLE IF EXISTS {role}"):
                subprocess.run(["psql", "-qX", POSTGRES, "-c", line], check=False, capture_output=True)


@test
def every_block_of_settings_is_good():
    with Server() as server:
        here = places(server)
        for name in ("smtp", "redis", "turnstile", "database"):
            with open(f"{server.folder}/run/secrets/{name}", "w") as f:
                f.write({"redis": "redis://cardea:password@10.0.0.5:6379/0",
                         "database": "postgresql://cardea:x@10.0.0.5/cardea"}.get(name, "a secret"))
            os.chmod(f"{server.folder}/run/secrets/{name}", 0o600)
        with open(f"{server.folder}/etc/cardea/disposable.txt", "w") as f:
            f.write("throw.example\n!mailinator.com\n")
        count = 0
        for name in DOCUMENTS:
            for block in blocks(name, "conf"):
                count += 1
                with open(f"{server.folder}/try.conf", "w") as f:
                    f.write(here(re.sub(r"\s+#.*", "", block)))
                environment = {k: v for k, v in server.environment().items() if k not in server.settings}
                said = subprocess.run([server.binary, "config", "check", "--config", f"{server.folder}/try.conf"], cwd=server.folder,
                                      env=environment, capture_output=True, text=True)
                equal(said.returncode, 0, f"{name}: {block}\n{said.stderr}")
        check(count >= 8, f"the blocks are found: {count}")


@test
def everything_named_exists():
    """Commands as `cardea verb what`, settings as `NAME` or `NAME = value`, files of the repository."""
    with Server() as server:
        groups, said = ("config", "migrate", "user", "key", "audit", "job", "password-list"), {}
        verbs = server.cli("help").stdout
        known = set(re.findall(r"^\| `(\w+)` \|", read("docs/reference/settings.md"), re.M))
        for name in DOCUMENTS:
            text = re.sub(r"^```.*?^```", "", read(name), flags=re.S | re.M)
            for command in re.findall(r"`cardea ([a-z][a-z {},-]*)", text):
                words = command.split()
                if words[0] not in said:
                    said[words[0]] = server.cli(words[0]).stderr if words[0] in groups else ""
                usage = said[words[0]] + verbs
                check(f"cardea {words[0]}" in usage, f"{name}: cardea {command}")
                if len(words) > 1 and re.fullmatch(r"[a-z][a-z-]*", words[1]):
                    check(re.search(rf"\b{words[1]}\b", usage), f"{name}: cardea {command}: {usage[:300]}")
            for setting in re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?: ?= ?[^`]*)?`", text):
                plain = setting.removesuffix("_FILE")
                check(setting in known or plain in known or setting in OTHER_NAMES or setting.startswith(("TEST_", "SOAK_", "E2E_")),
                      f"{name}: {setting}")
            folder = os.path.dirname(f"{ROOT}/{name}")
            for link in re.findall(r"\]\(([\w./-]+)\)", text):
                check(os.path.exists(f"{folder}/{link}"), f"{name}: {link}")
            for path in re.findall(r"`((?:deploy|docs|src|test|tools|ui)/[\w./-]+)`", text):
                check(glob.glob(f"{ROOT}/{path}*"), f"{name}: {path}")


@test
def alerts_watch_figures_that_exist():
    metrics = read("docs/reference/metrics.md")
    words = set()
    for expression in re.findall(r"expr: (.*)", read("deploy/alerts.yml")):
        words |= set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", re.sub(r'"[^"]*"', "", expression)))
    check(len(words) >= 4, f"{words}")
    for word in words:
        check(f"`{re.sub('_(count|sum|bucket)$', '', word)}`" in metrics, word)


@test
def every_figure_that_is_served_is_in_the_reference():
    metrics = read("docs/reference/metrics.md")
    with Server(OPS_LISTEN=f"127.0.0.1:{free_port()}", REDIS_URL=f"redis://127.0.0.1:{free_port()}") as server:
        server.person("ann@example.org")
        served = Client(server).request("GET", "/metrics", port=server.ready_port).text
        names = re.findall(r"^# TYPE (\w+) ", served, re.M)
        check(len(names) > 20, f"{names}")
        equal([name for name in names if f"`{name}`" not in metrics], [])


# Words in capitals that are no settings.
OTHER_NAMES = {"CARDEA_CONFIG", "ACCOUNTS_URL"}

main()
