#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
A real mail server for tests, on 127.0.0.1 and a free port.

    smtp_server.py FOLDER [--tls starttls|implicit|none] [--auth USER:PASSWORD] [--name HOST]

It makes a certificate for HOST (default localhost), writes FOLDER/ca.pem and, once it listens,
FOLDER/port. Each mail taken becomes FOLDER/mail/NNNN.eml with the envelope in X-Envelope lines. FOLDER/log
has one line per command: "plain" or "tls", the command. FOLDER/fault, read at each command, makes it
misbehave:

    421         hangs up after EHLO with 421
    greylist    450 at the first RCPT of each recipient
    rcpt-550    unknown recipient          from-550   unwelcome sender
    data-554    refuses the message        data-451   wants it later
    starttls-454  STARTTLS fails
    drop        takes and stores the message, then hangs up before the reply
    drop-once   as drop, the first time only
    slow        waits 5 s before each reply to DATA
    mute        never answers QUIT         mute-ehlo  never answers EHLO
    babble      names 50,000 extensions after EHLO
"""
import argparse
import asyncio
import os
import pathlib
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Server(SMTP):
    async def smtp_STARTTLS(self, arg):
        note(self.session, "STARTTLS")
        if fault() == "starttls-454":
            await self.push("454 TLS not available")
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        note(self.session, "AUTH")
        await super().smtp_AUTH(arg)


class Handler:
    def __init__(self):
        self.count = 0
        self.seen = set()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        note(session, "EHLO " + hostname)
        if fault() == "mute-ehlo":
            await asyncio.sleep(600)
        if fault() == "babble":
            return responses[:-1] + ["250-X-" + "Y" * 60] * 50000 + responses[-1:]
        if fault() == "421":
            asyncio.get_running_loop().call_soon(server.transport.close)
            return ["421 too busy"]
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        note(session, "MAIL")
        if fault() == "from-550":
            return "550 5.7.1 who are you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        note(session, "RCPT")
        if fault() == "rcpt-550":
            return "550 5.1.1 no such mailbox"
        if fault() == "greylist" and address not in self.seen:
            self.seen.add(address)
            return "450 4.2.0 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        note(session, "DATA")
        now = fault()
        if now == "slow":
            await asyncio.sleep(5)
        if now == "data-554":
            return "554 5.6.0 not this"
        if now == "data-451":
            return "451 4.3.0 later"
        self.store(envelope)
        if now == "drop-once":
            (folder / "fault").unlink()
        if now in ("drop", "drop-once"):
            server.transport.abort()
            return "421 gone"
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):
        note(session, "QUIT")
        if fault() == "mute":
            await asyncio.sleep(600)
        return "221 Bye"

    def store(self, envelope):
        self.count += 1
        name = folder / "mail" / f"{self.count:04d}.eml"
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {','.join(envelope.rcpt_tos)}\r\n"
        hidden = name.with_suffix(".new")
        hidden.write_bytes(head.encode() + envelope.original_content)
        hidden.rename(name)


def fault():
    try:
        return (folder / "fault").read_text().strip()
    except FileNotFoundError:
        return ""


def note(session, what):
    secure = session.ssl is not None or arguments.tls == "implicit"
    with open(folder / "log", "a") as log:
        log.write(("tls " if secure else "plain ") + what + "\n")


def make_certificate(name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def authenticate(server, session, envelope, mechanism, data):
    user, _, password = arguments.auth.partition(":")
    fits = isinstance(data, LoginPassword) and (data.login, data.password) == (
        user.encode(), password.encode())
    return AuthResult(success=fits, handled=False)


async def serve():
    context = make_certificate(arguments.name) if arguments.tls != "none" else None
    handler = Handler()

    def connection():
        starttls = context if arguments.tls == "starttls" else None
        return Server(handler, tls_context=starttls, require_starttls=starttls is not None,
                      authenticator=authenticate if arguments.auth else None,
                      auth_required=bool(arguments.auth), auth_require_tls=starttls is not None,
                      data_size_limit=1 << 20, loop=asyncio.get_running_loop())

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if arguments.tls == "implicit" else None)
    hidden = folder / "port.new"
    hidden.write_text(str(server.sockets[0].getsockname()[1]))
    hidden.rename(folder / "port")
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--tls", choices=["starttls", "implicit", "none"], default="starttls")
parser.add_argument("--auth", default="")
parser.add_argument("--name", default="localhost")
arguments = parser.parse_args()
folder = pathlib.Path(arguments.folder)
(folder / "mail").mkdir(parents=True, exist_ok=True)
try:
    asyncio.run(serve())
except KeyboardInterrupt:
    sys.exit(0)
