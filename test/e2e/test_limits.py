# SPDX-License-Identifier: Apache-2.0
"""Limits of two real servers that share a real redis-server, which is killed, restarted empty, stopped
in the middle and locked meanwhile; and figures that change by SIGHUP (F11, RATE-*). The servers share
nothing else but their keys."""
import base64
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

from harness import Client, Server, check, equal, free_port, main, on_both_engines, test, wait_for

KEYS = "k1:" + base64.b64encode(os.urandom(32)).decode()
NEVER = {"token": "abc_00000000000000000000000000_0000000000000000000000"}


class Redis:
    def __init__(self, *options):
        self.port, self.options, self.process = free_port(), options, None
        self.folder = tempfile.mkdtemp(prefix="cardea-redis-")
        self.url = f"redis://127.0.0.1:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        os.rmdir(self.folder)

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
             "--dir", self.folder, *self.options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        check(wait_for(lambda: self.say("PING"), 10), "redis-server does not start")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def say(self, line):
        """The first line of the answer, "" when there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as s:
                s.sendall(line.encode() + b"\r\n")
                return s.recv(4096).decode().split("\r\n")[0]
        except OSError:
            return ""


def node(redis, engine="sqlite", **settings):
    return Server(engine, RATE_LIMITS="on", ENCRYPTION_KEYS=KEYS, TRUSTED_PROXIES="127.0.0.1",
                  REDIS_URL=redis if isinstance(redis, str) else redis.url, **settings)


def redis_status(server):
    return Client(server).get("/health").json["redis"]["status"]


def await_redis(status, *servers, seconds=8):
    for server in servers:
        check(wait_for(lambda: redis_status(server) == status, seconds), f"redis is not {status}: {redis_status(server)}")


def knock(server, ip="192.0.2.1"):
    """A door with ten an hour for each address, which hashes nothing."""
    return Client(server).post("/v1/auth/verify-email", NEVER, headers={"X-Forwarded-For": ip})


def statuses(server, count, ip="192.0.2.1"):
    return [knock(server, ip).status for _ in range(count)]


@on_both_engines
def two_nodes_have_one_limit(engine):
    with Redis() as redis, node(redis, engine) as one, node(redis, engine) as two:
        await_redis("ok", one, two)
        equal(statuses(one, 6), [410] * 6)
        equal(statuses(two, 6), [410] * 4 + [429] * 2)
        refused = knock(one)
        equal(refused.status, 429)
        equal(refused.json["code"], "rate_limited")
        check(3000 < int(refused.header("Retry-After")) <= 3600, refused.header("Retry-After"))
        equal(refused.header("RateLimit-Remaining"), "0")
        check(refused.json["decision_id"].startswith("dec_"), "no decision_id")
        equal(statuses(two, 1, "198.51.100.7"), [410], "another address")
        equal(knock(one, "198.51.100.7").header("RateLimit-Remaining"), "8", "what the other node counted")
        check("192.0.2" not in redis.say("KEYS *192*"), "an address stands in Redis")


@on_both_engines
def a_killed_redis_frees_nobody_and_comes_back(engine):
    with Redis() as redis, node(redis, engine) as one, node(redis, engine) as two:
        await_redis("ok", one, two)
        statuses(one, 4)
        statuses(two, 4)
        redis.kill()
        begun = time.monotonic()
        found = statuses(one, 8)
        check(time.monotonic() - begun < 3, "requests waited for a dead Redis")
        # One had heard of 4 (its own), two of all 8: neither begins anew.
        equal(found[-2:], [429] * 2)
        check(found.count(410) <= 6, found)
        equal(statuses(two, 4), [410] * 2 + [429] * 2)
        await_redis("failing", one, two)
        redis.start()  # empty
        await_redis("ok", one, two)
        equal(statuses(one, 2) + statuses(two, 2), [429] * 4, "what the nodes know holds")
        equal(statuses(one, 5, "203.0.113.5") + statuses(two, 6, "203.0.113.5"), [410] * 10 + [429], "together again")
        for server in one, two:
            log = server.current_log()
            equal(log.count('"redis.lost"'), 1, log[-500:])
            equal(log.count('"redis.connected"'), 2)


@test
def a_stalled_redis_holds_nobody_up():
    """SIGSTOP in the middle of many requests: at most one moment of waiting for each thread, no error, and
    the doors that do not count are not touched."""
    with Redis() as redis, node(redis, LIMITS="verify ip 10000/1h", STORE_THREADS=4) as server:
        await_redis("ok", server)
        end, slow, wrong, pulse = time.monotonic() + 5, [], [], []

        def hammer(i):
            n = 0
            while time.monotonic() < end:
                begun = time.monotonic()
                answer = knock(server, f"192.0.{i}.{n % 200}")
                if time.monotonic() - begun > 0.09:
                    slow.append(time.monotonic() - begun)
                if answer.status != 410:
                    wrong.append(answer)
                n += 1

        def feel():
            while time.monotonic() < end:
                begun = time.monotonic()
                check(Client(server).get("/livez").status == 200, "livez")
                pulse.append(time.monotonic() - begun)
                time.sleep(0.01)

        threads = [threading.Thread(target=hammer, args=(i,)) for i in range(4)] + [threading.Thread(target=feel)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        before = len(slow)
        redis.signal(signal.SIGSTOP)
        time.sleep(2)
        stalled = slow[before:]
        equal(redis_status(server), "failing")
        redis.signal(signal.SIGCONT)
        for thread in threads:
            thread.join()
        check(not wrong, wrong[:3])
        check(sum(stalled) < 3 and max(stalled, default=0) < 1.5, f"waits: {stalled}")
        check(max(pulse) < 1, f"the loop waited {max(pulse)} s")
        await_redis("ok", server)
        figures = Client(server).get("/metrics").text
        check("\nredis_up 1\n" in figures, "redis_up")
        check("limits_alone_total " in figures, "limits_alone_total")


@test
def without_the_right_password_each_node_counts_alone():
    with Redis("--requirepass", "right") as redis:
        with node(f"redis://:wrong-secret@127.0.0.1:{redis.port}") as server:
            equal(statuses(server, 12), [410] * 10 + [429] * 2)
            await_redis("failing", server)
            log = server.current_log()
            check("redis.away" in log, "the log does not say that Redis refuses")
            check("wrong-secret" not in log, "the log has the password")
        with node(f"redis://:right@127.0.0.1:{redis.port}/3") as server:
            await_redis("ok", server)


@test
def a_hardened_redis_is_enough():
    """The rights of docs/operations.md, and not one more."""
    rules = "user cardea on >p@ss ~cardea:* +multi +exec +set +incr +decr +pttl +select".split()
    with Redis("--user", *rules[1:], "--user", "default", "off") as redis:
        with node(f"redis://cardea:p%40ss@127.0.0.1:{redis.port}/0") as one, \
                node(f"redis://cardea:p%40ss@127.0.0.1:{redis.port}") as two:
            await_redis("ok", one, two)
            equal(statuses(one, 5) + statuses(two, 6), [410] * 10 + [429])
            equal(redis_status(one), "ok")


@test
def redis_that_is_not_there_at_start_is_found_later():
    redis = Redis()
    with node(redis) as server:
        equal(statuses(server, 11), [410] * 10 + [429])
        with redis:
            await_redis("ok", server)


@test
def figures_change_by_sighup():
    with Server(RATE_LIMITS="on", TRUSTED_PROXIES="127.0.0.1") as server:
        server.stop()
        path = f"{server.folder}/cardea.conf"

        def write(limits):
            with open(path, "w") as file:
                file.write(f"LIMITS = {limits}\n")

        def reload(limits, event):
            write(limits)
            count = server.current_log().count(event)
            server.process.send_signal(signal.SIGHUP)
            check(wait_for(lambda: server.current_log().count(event) > count), f"no {event}")

        server.expected_faults = ("settings.refused",)
        write("verify ip 2/1h")
        server.args = ["--config", path]
        server.start()
        equal(statuses(server, 3), [410] * 2 + [429])
        reload("verify ip 4/1h 5/1d", "settings.reloaded")
        equal(statuses(server, 3), [410] * 2 + [429])
        reload("verfy ip 400/1h", "settings.refused")
        equal(statuses(server, 1), [429], "a bad reload keeps what was")
        check('did you mean \\"verify\\"' in server.current_log(), "the log does not say why")
        judged = server.cli("config", "check", "--config", path)
        check(judged.returncode != 0, "config check accepts it")
        said = judged.stdout + judged.stderr
        check('there is no door "verfy"; did you mean "verify"?' in said, said)


main()
