# SPDX-License-Identifier: Apache-2.0
"""A server for tests as docs/testing-with-cardea.md has it: no folder, no mail server, a clock that moves.

    with Fixture() as server:
        server.person("ann@example.org")
        server.advance("30d")
"""
import subprocess
import tempfile
import urllib.parse

from harness import Client, Server, check, equal


class NoMailServer:
    folder = "/nowhere"

    def settings(self):
        return {}


class Fixture(Server):
    """A server without a folder: what it would write shows up in an empty one."""

    def __init__(self, *args, **settings):
        super().__init__(args=["--dev", "--ephemeral", *args], smtp=NoMailServer(), **settings)
        self.log_folder = tempfile.TemporaryDirectory()
        for name in ("DATABASE_URL", "KEY_FILE", "PASSWORD_HASH", "RATE_LIMITS", "CAPTCHA", "EMAIL_FROM_ADDRESS"):
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
        """The first link of the newest mail of a kind."""
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
