# SPDX-License-Identifier: Apache-2.0
"""The files of deploy/ that no container engine and no systemd runs here, as near as can be: the unit is
judged by systemd, and the server is started under exactly the system calls it allows; the image's
health check is run by hand."""
import ctypes
import json
import os
import platform
import re
import struct
import subprocess
import sys

from harness import ROOT, Server, check, equal, free_port, main, test, wait_for

UNIT = f"{ROOT}/deploy/cardea.service"
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def words_of(name):
    """What systemd means by a word of SystemCallFilter."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(words_of(word) for word in words if word and not word.startswith("#")))


def allowed_numbers():
    names = set()
    for line in open(UNIT):
        match = re.match(r"SystemCallFilter=(~?)(.*)", line)
        for word in match[2].split() if match else ():
            names = names - words_of(word) if match[1] else names | words_of(word)
    # systemd lets these through in any case.
    names |= words_of("@default") | {"execve"}
    defined = subprocess.run(["gcc", "-E", "-dM", "-"], input="#include <sys/syscall.h>\n", check=True, capture_output=True,
                             text=True).stdout
    return sorted({int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", defined) if name in names})


def under_filter(numbers, command):
    """Refuses all other system calls with EPERM, as the unit does, and becomes the command."""
    load, equal_to, answer = (lambda k: struct.pack("HBBI", 0x20, 0, 0, k), lambda k: struct.pack("HBBI", 0x15, 0, 1, k),
                              lambda k: struct.pack("HBBI", 0x06, 0, 0, k))
    program = [load(4), struct.pack("HBBI", 0x15, 1, 0, AUDIT_ARCH[platform.machine()]), answer(0x80000000), load(0)]
    for number in numbers:
        program += [equal_to(number), answer(0x7FFF0000)]
    program.append(answer(0x00050001))
    code = ctypes.create_string_buffer(b"".join(program))

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    libc = ctypes.CDLL(None)
    check(libc.prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS")
    check(libc.prctl(22, 2, ctypes.byref(Program(len(program), ctypes.addressof(code))), 0, 0) == 0, "PR_SET_SECCOMP")
    os.execv(command[0], command)


@test
def the_unit_is_sound_and_tight():
    with Server() as server:  # for its folder
        copy = f"{server.folder}/cardea.service"
        with open(UNIT) as unit, open(copy, "w") as out:
            out.write(unit.read().replace("/usr/local/bin/cardea", "/bin/true"))
        said = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
        equal((said.returncode, said.stdout + said.stderr), (0, ""))
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", copy], capture_output=True,
                              text=True)
        equal(said.returncode, 0, f"exposure: {said.stdout[-300:]}")


@test
def the_server_loses_nothing_under_the_unit():
    server = Server()
    numbers = json.dumps(allowed_numbers())
    real, server.binary = server.binary, sys.executable
    server.args = []
    start = subprocess.Popen
    try:
        with open(f"{server.folder}/log", "w") as log:
            process = start([sys.executable, os.path.abspath(__file__), "--under", numbers, real, "serve"], cwd=server.folder,
                            stdout=log, stderr=log, env={**server.environment(), "ASAN_OPTIONS": "detect_leaks=0"})
        said = f"{server.folder}/log"
        check(wait_for(lambda: '"server.started"' in open(said).read(), 20), f"it starts: {open(said).read()[-800:]}")
        sandbox = json.loads(next(line for line in open(said) if "sandbox.entered" in line))
        equal((sandbox["landlock"], sandbox["seccomp"]), ("holds", "holds"))
        tasks = f"/proc/{process.pid}/task"
        idle = [open(f"{tasks}/{t}/stat").read().rsplit(")", 1)[1].split()[38] for t in os.listdir(tasks)]
        check("5" in idle, f"hashing gives way to all else (SCHED_IDLE): {idle}")
        process.terminate()
        equal(process.wait(20), 0)
    finally:
        process.kill()
        process.wait()
        server.remove()


@test
def the_health_check_of_the_image_tells_well_from_ill():
    with open(f"{ROOT}/deploy/Dockerfile") as f:
        command = json.loads(re.search(r'CMD (\["bash".*\])', f.read())[1])
    with Server(OPS_LISTEN=f"127.0.0.1:{free_port()}") as server:
        def ask():
            here = [word.replace("/8080", f"/{server.port}") for word in command]
            return subprocess.run(here, capture_output=True, timeout=10).returncode
        equal(ask(), 0)
        server.stop()
        check(ask() != 0, "nobody there")
        server.start()


if sys.argv[1:2] == ["--under"]:
    under_filter(json.loads(sys.argv[2]), sys.argv[3:])
else:
    main()
