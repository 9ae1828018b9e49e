# SPDX-License-Identifier: Apache-2.0
"""TIME-01 on the shipped binary: the machine's clock is set while the server runs and between two starts. A small
library in front of the C library's clock plays the machine."""
import os
import subprocess
import tempfile

from harness import ROOT, Client, Server, Skip, check, equal, main, on_both_engines, wait_for

ANN = "ann@example.org"
YEAR = 365 * 86400
CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
    char text[32] = { 0 };
    int result = (int)syscall(SYS_clock_gettime, id, t);
    int fd = id == CLOCK_REALTIME ? open(getenv("CLOCK_STEP_FILE"), O_RDONLY) : -1;
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0)
        t->tv_sec += atoll(text);
    if (fd >= 0)
        close(fd);
    return result;
}
"""


def make_clock(folder):
    source, library = f"{folder}/clock.c", f"{folder}/clock.so"
    with open(source, "w") as f:
        f.write(CLOCK)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def set_by(folder, seconds):
    with open(f"{folder}/step.new", "w") as f:
        f.write(str(seconds))
    os.rename(f"{folder}/step.new", f"{folder}/step")


@on_both_engines
def TIME_01_the_clock_is_set_under_a_running_server(engine):
    shipped = f"{ROOT}/build/release/cardea"
    if not os.path.exists(shipped):
        raise Skip("there is no build/release/cardea")
    with tempfile.TemporaryDirectory(prefix="cardea-clock-") as folder:
        set_by(folder, 0)
        server = Server(engine, LD_PRELOAD=make_clock(folder), CLOCK_STEP_FILE=f"{folder}/step")
        server.binary = shipped
        server.expected_faults = ("clock.behind", "clock.set_back")
        with server:
            ann, probe = server.person(ANN), Client(server)
            set_by(folder, -120)
            equal(ann.get("/v1/auth/me").status, 200, "two minutes are borne")
            set_by(folder, -3600)
            equal(ann.get("/v1/auth/me").status, 503, "an hour is not")
            equal((probe.get("/readyz").status, probe.get("/livez").status, probe.get("/login").status), (503, 200, 503))
            equal(probe.get("/health").json["clock"]["status"], "behind")
            set_by(folder, 0)
            equal(ann.get("/v1/auth/me").status, 200, "and it serves again by itself")

            set_by(folder, 10 * YEAR)
            equal(ann.get("/v1/auth/me").status, 401, "over by that clock")
            check(wait_for(lambda: "clock.leapt" in server.current_log(), 5), "the leap is noticed")
            set_by(folder, 0)
            equal(ann.get("/v1/auth/me").status, 503, "not alive again")
            server.stop()
            server.start(ready=False)
            server.process.wait(15)
            equal(server._gather(), 1, "nor after a start")
            equal(server.cli("clock", "accept").returncode, 0)
            server.start()
            equal(ann.get("/v1/auth/me").status, 200, "as if nothing had been")


main()
