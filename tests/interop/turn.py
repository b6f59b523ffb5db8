#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coturn over UDP, TCP and TLS, and NAT boxes of nft, in network namespaces of this test's own. The command calls the
sandbox's echo; the way that is left open to it is the way that the media has to take.

    phone -- nat -- wire (coturn on 203.0.113.9) -- server (the sandbox, 203.0.113.20)

usage: turn.py IRISX-SANDBOX IRISX [--switches N]    (N changes of network in one call, nothing else)"""
import array
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave

LIMIT = 60  # seconds for one step, on a loaded machine under sanitizers
PHONE, INSIDE, OUTSIDE, TURN, SERVER = "10.0.0.2", "10.0.0.1", "203.0.113.1", "203.0.113.9", "203.0.113.20"
LTE_PHONE, LTE_GATE = "10.0.1.2", "10.0.1.1"
NAMES = ["phone", "nat", "wire", "server"]


class Failure(Exception):
    pass


def run(*argv, check=True):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(argv)}: {done.stdout.strip()}")
    return done.stdout


def inside(name, *argv):
    return ["ip", "netns", "exec", f"ix{os.getpid()}{name}", *argv]


def link(a, name_a, address_a, b, name_b, address_b):
    """a veth pair between two namespaces"""
    pid = os.getpid()
    run("ip", "link", "add", name_a, "netns", f"ix{pid}{a}", "type", "veth", "peer", "name", name_b, "netns", f"ix{pid}{b}")
    for name, device, address in ((a, name_a, address_a), (b, name_b, address_b)):
        if address:
            run(*inside(name, "ip", "addr", "add", address, "dev", device))
        run(*inside(name, "ip", "link", "set", device, "up"))


def build():
    for name in NAMES:
        run("ip", "netns", "add", f"ix{os.getpid()}{name}")
        run(*inside(name, "ip", "link", "set", "lo", "up"))
    link("phone", "wlan0", f"{PHONE}/24", "nat", "lan", f"{INSIDE}/24")
    link("phone", "lte0", f"{LTE_PHONE}/24", "nat", "lte", f"{LTE_GATE}/24")
    run(*inside("phone", "ip", "link", "set", "lte0", "down"))
    run(*inside("phone", "ip", "route", "add", "default", "via", INSIDE))
    run(*inside("wire", "ip", "link", "add", "br0", "type", "bridge"))
    link("nat", "wan", f"{OUTSIDE}/24", "wire", "p1", None)
    link("server", "eth0", f"{SERVER}/24", "wire", "p2", None)
    for port in ("p1", "p2"):
        run(*inside("wire", "ip", "link", "set", port, "master", "br0"))
    run(*inside("wire", "ip", "addr", "add", f"{TURN}/24", "dev", "br0"))
    run(*inside("wire", "ip", "link", "set", "br0", "up"))
    run(*inside("nat", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))


def take_down():
    for name in NAMES:
        run("ip", "netns", "del", f"ix{os.getpid()}{name}", check=False)


def nat(kind, udp="open"):
    """the box between phone and wire; udp: open, turn (to coturn alone), blocked"""
    flags = " fully-random" if kind == "symmetric" else ""
    rules = ["flush ruleset", "table ip t {", "set seen { type ipv4_addr; flags dynamic,timeout; timeout 60s; }",
             "chain post { type nat hook postrouting priority 100;", f'oifname "wan" masquerade{flags}', "}"]
    if kind in ("full cone", "restricted"):
        rules += ["chain pre { type nat hook prerouting priority -100;",
                  f'iifname "wan" meta l4proto udp dnat to {PHONE}', "}"]
    rules += ["chain forwarding { type filter hook forward priority 0;"]
    if udp == "turn":
        rules += [f'iifname "lan" meta l4proto udp ip daddr != {TURN} drop']
    if udp == "blocked":
        rules += ['meta l4proto udp drop']
    if kind == "restricted":
        rules += ['iifname "lan" meta l4proto udp add @seen { ip daddr }',
                  'iifname "wan" meta l4proto udp ip saddr != @seen drop']
    rules += ["}", "}"]
    subprocess.run(inside("nat", "nft", "-f", "-"), input="\n".join(rules), text=True, check=True, timeout=LIMIT)


class Program:
    def __init__(self, log, argv):
        self.log = open(log, "w+b")
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)

    def text(self):
        with open(self.log.name, "rb") as f:
            return f.read().decode(errors="replace")

    def wait_for(self, what):
        end = time.monotonic() + LIMIT
        while what not in self.text():
            if self.child.poll() is not None or time.monotonic() > end:
                raise Failure(f"{self.log.name} never said {what!r}:\n{self.text()[-2000:]}")
            time.sleep(0.05)

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()


def certificate(folder):
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
        "-out", cert, "-days", "2", "-subj", "/CN=turn.test", "-addext", f"subjectAltName=IP:{TURN}")
    return key, cert


def start_turn(folder):
    key, cert = certificate(folder)
    turn = Program(os.path.join(folder, "turn.log"), inside("wire", "turnserver", "-n", "--log-file", "stdout", "--verbose",
        "--listening-ip", TURN, "--relay-ip", TURN, "--lt-cred-mech", "--user", "anna:geheim", "--realm", "ix.test",
        "--cert", cert, "--pkey", key, "--no-cli", "--stale-nonce", "600", "--pidfile", os.path.join(folder, "turn.pid"),
        "--userdb", os.path.join(folder, "turndb")))
    end = time.monotonic() + LIMIT
    while "5349" not in run(*inside("wire", "ss", "-ltn")):
        if turn.child.poll() is not None or time.monotonic() > end:
            raise Failure(f"coturn does not listen:\n{turn.text()[-2000:]}")
        time.sleep(0.05)
    return turn, cert


def start_sandbox(folder, program):
    sandbox = Program(os.path.join(folder, "sandbox.log"), inside("server", program, "--listen", SERVER, "--allow-remote",
        "--seed", "7", "--exit-with-stdin"))
    sandbox.wait_for("}\n")
    line = next(x for x in sandbox.text().splitlines() if x.startswith("{"))
    return sandbox, json.loads(line)


def call(folder, irisx, account, servers, cert, want):
    with open(os.path.join(folder, "ice.json"), "w") as f:
        json.dump(servers, f)
    timeline = tempfile.mkdtemp(dir=folder)
    done = subprocess.run(inside("phone", irisx, "call", "9196", "--ws", account["ws"], "--realm", account["realm"],
        "--user", account["user"], "--password-file", os.path.join(folder, "password"), "--duration", "3", "--json",
        "--ca-file", cert, "--ice-servers-file", os.path.join(folder, "ice.json"), "--timeline-dir", timeline),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    text = "".join(open(os.path.join(timeline, x)).read() for x in os.listdir(timeline))
    if want is None:
        if done.returncode == 0:
            raise Failure("the call should have found no way")
        return
    if done.returncode != 0:
        raise Failure(f"irisx call: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}\n{text[-3000:]}")
    if not any(f'"local_type":"{one}"' in text for one in want):
        raise Failure(f"the way was none of {want}: {text[-3000:]}")


def silences(path):
    """every silence in a recording of the 1 kHz tone, seconds, after the first and before the last sound"""
    with wave.open(path) as w:
        rate, frames = w.getframerate(), w.readframes(w.getnframes())
    samples = array.array("h")
    samples.frombytes(frames)
    step = rate // 100
    loud = [max(map(abs, samples[i:i + step])) > 500 for i in range(0, len(samples) - step, step)]
    first, last = loud.index(True), len(loud) - 1 - loud[::-1].index(True)
    runs = [0]
    for sound in loud[first:last]:
        if not sound:
            runs[-1] += 1
        elif runs[-1]:
            runs.append(0)
    return [run / 100 for run in runs]


def switch(to):
    """the phone leaves one network for the other"""
    other = {"wlan0": "lte0", "lte0": "wlan0"}[to]
    gate = {"wlan0": INSIDE, "lte0": LTE_GATE}[to]
    run(*inside("phone", "ip", "link", "set", other, "down"))
    run(*inside("phone", "ip", "link", "set", to, "up"))
    run(*inside("phone", "ip", "route", "replace", "default", "via", gate))


def roam(folder, irisx, account, cert, switches=3, apart=150000):
    """Wi-Fi, LTE, Wi-Fi, LTE ... during one call; the longest silences, one a switch, seconds. apart: bytes of sound"""
    record = os.path.join(folder, "roam.wav")
    child = subprocess.Popen(inside("phone", irisx, "call", "9197", "--ws", account["ws"], "--realm", account["realm"],
        "--user", account["user"], "--password-file", os.path.join(folder, "password"), "--json", "--duration",
        str(switches * 30 + 30), "--ca-file", cert, "--record", record, "--timeline-dir", folder, "--log", "debug"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "roam.log"), "w"), text=True)

    def recorded(size):
        end = time.monotonic() + LIMIT
        while not os.path.exists(record) or os.path.getsize(record) < size:
            if child.poll() is not None or time.monotonic() > end:
                return
            time.sleep(0.05)

    recorded(16000)
    for number in range(switches):
        recorded(os.path.getsize(record) + apart)
        switch("wlan0" if number % 2 else "lte0")
    recorded(os.path.getsize(record) + apart)
    lost = child.poll() is not None
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=LIMIT)
    switch("wlan0")
    if lost or child.returncode not in (0, 130):
        raise Failure(f"irisx call: {child.returncode}\n{out}\n{open(os.path.join(folder, 'roam.log')).read()[-6000:]}")
    return sorted(silences(record))[-switches:]


def become_root_of_a_namespace():
    """Without root: root in a user namespace of its own, with a /run of its own, in which network namespaces can be made."""
    inner = 'mount -t tmpfs tmpfs /run && exec "$@"'
    os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", inner, "sh",
                          sys.executable, *sys.argv])


def platform(folder, sandbox_program, programs):
    """namespaces, coturn and sandbox; programs gets what is to be stopped"""
    build()
    turn, cert = start_turn(folder)
    programs.append(turn)
    sandbox, ready = start_sandbox(folder, sandbox_program)
    programs.append(sandbox)
    agent = ready["agents"][0]
    with open(os.open(os.path.join(folder, "password"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(agent["password"] + "\n")
    return turn, cert, {"ws": ready["ws_url"], "realm": ready["realm"], "user": agent["extension"]}


def only_switches(sandbox_program, irisx, count):
    """one call over `count` changes of network; its gaps in milliseconds as a line of JSON"""
    folder = tempfile.mkdtemp(prefix="ixturn")
    programs = []
    try:
        _, cert, account = platform(folder, sandbox_program, programs)
        nat("symmetric")
        gaps = roam(folder, irisx, account, cert, count, 80000)
        print(json.dumps({"gaps_ms": [round(1000 * g) for g in gaps]}))
    finally:
        for p in reversed(programs):
            p.stop()
        take_down()
    subprocess.run(["rm", "-r", folder], check=False)
    return 0 if gaps[-1] <= 1.0 else 1


def main():
    if os.geteuid() != 0:
        become_root_of_a_namespace()
    sandbox_program, irisx = (os.path.abspath(x) for x in sys.argv[1:3])
    if sys.argv[3:4] == ["--switches"]:
        return only_switches(sandbox_program, irisx, int(sys.argv[4]))
    folder = tempfile.mkdtemp(prefix="ixturn")
    programs = []
    auth = {"username": "anna", "credential": "geheim"}
    stun = {"urls": f"stun:{TURN}"}
    cases = [
        ("full cone: a reflexive address", "full cone", "open", [stun], ("srflx", "host", "prflx")),
        ("restricted: a reflexive address", "restricted", "open", [stun], ("srflx", "host", "prflx")),
        ("symmetric NAT towards an open server", "symmetric", "open", [stun], ("srflx", "prflx", "host")),
        ("UDP to coturn alone: relay over UDP", "symmetric", "turn", [{"urls": f"turn:{TURN}", **auth}], ("relay",)),
        ("no UDP: relay over TCP", "symmetric", "blocked", [{"urls": f"turn:{TURN}?transport=tcp", **auth}], ("relay",)),
        ("no UDP: relay over TLS", "symmetric", "blocked", [{"urls": f"turns:{TURN}", **auth}], ("relay",)),
        ("no UDP, every kind offered: the one that works", "symmetric", "blocked",
         [{"urls": [f"turn:{TURN}", f"turn:{TURN}?transport=tcp", f"turns:{TURN}"], **auth}], ("relay",)),
        ("a wrong password: no way, and the call says so", "symmetric", "blocked",
         [{"urls": f"turn:{TURN}?transport=tcp", "username": "anna", "credential": "falsch"}], None),
    ]
    print(f"TAP version 13\n1..{len(cases) + 2}", flush=True)
    failed = 0
    try:
        turn, cert, account = platform(folder, sandbox_program, programs)
        for number, (name, kind, udp, servers, want) in enumerate(cases, 1):
            try:
                nat(kind, udp)
                call(folder, irisx, account, servers, cert, want)
                print(f"ok {number} - {name}", flush=True)
            except (Failure, subprocess.TimeoutExpired) as e:
                failed += 1
                print(f"not ok {number} - {name}\n# " + str(e).replace("\n", "\n# "), flush=True)
        try:
            nat("symmetric")
            gaps = roam(folder, irisx, account, cert)
            print(f"# longest silence {gaps[-1]} s over three switches", flush=True)
            if gaps[-1] > 1.0:
                raise Failure(f"the sound was away for {gaps[-1]} s")
            print(f"ok {len(cases) + 1} - Wi-Fi, LTE, Wi-Fi, LTE", flush=True)
        except (Failure, subprocess.TimeoutExpired, ValueError) as e:
            failed += 1
            print(f"not ok {len(cases) + 1} - Wi-Fi, LTE, Wi-Fi, LTE\n# " + str(e).replace("\n", "\n# "), flush=True)
        end = time.monotonic() + LIMIT  # teardown: coturn itself counts what is left
        closed = turn.text().count("delete: realm")
        while closed < 4 and time.monotonic() < end:
            time.sleep(0.2)
            closed = turn.text().count("delete: realm")
        print(f"{'ok' if closed >= 4 else 'not ok'} {len(cases) + 2} - allocations are given back ({closed})", flush=True)
        failed += closed < 4
    finally:
        for p in reversed(programs):
            p.stop()
        take_down()
        if not failed:
            subprocess.run(["rm", "-r", folder], check=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
