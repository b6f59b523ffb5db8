#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`irisx doctor` on networks that are broken on purpose, in network namespaces of this test's own: it has to tell the
truth of each, within 15 s.

    phone -- nat -- wire (coturn, 203.0.113.9; portal, name server) -- server (the sandbox, a TLS front, broken proxies)

usage: doctor.py IRISX-SANDBOX IRISX [WORDS OF A CASE]"""
import importlib.util
import json
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("turn", os.path.join(HERE, "turn.py"))
net = importlib.util.module_from_spec(spec)
spec.loader.exec_module(net)
TIME_LIMIT = 15.0
SANITIZED_LIMIT = 30.0  # seconds on a machine that is slowed down by sanitizers and others
NAME = "pbx.test"


# ---- what runs inside a namespace: `doctor.py --serve KIND ...` -------------------------------------------------------
class Front(socketserver.ThreadingTCPServer):
    """TLS in front of the sandbox: FRONT PORT CERT KEY SANDBOX-HOST SANDBOX-PORT"""
    allow_reuse_address = True
    daemon_threads = True


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve_front(port, cert, key, host, inner):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                outer = context.wrap_socket(self.request, server_side=True)
                behind = socket.create_connection((host, int(inner)))
            except OSError:
                return
            threading.Thread(target=pump, args=(behind, outer), daemon=True).start()
            pump(outer, behind)

    Front(("0.0.0.0", int(port)), Handler).serve_forever()


def serve_proxy(port, how):
    """answers every request as a proxy that does not know WebSockets does"""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if how == "broken":
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
                self.end_headers()
            elif how == "portal":
                self.send_response(302)
                self.send_header("Location", "http://login.hotel.test/welcome")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.send_response(400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("0.0.0.0", int(port)), Handler).serve_forever()


def serve_dns(address, how):
    """a name server on UDP: NAME is `how`'s address; "hole": AAAA gets no answer; "wrong": everything gets an address"""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    while True:
        query, peer = server.recvfrom(4096)
        end = query.index(0, 12)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack(">H", query[end + 1:end + 3])[0]
        if how == "hole" and kind == 28:
            continue
        known = name == NAME or how == "wrong"
        good = known and kind == 1
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, 1 if good else 0, 0, 0)
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(address) if good else b""
        server.sendto(head + query[12:end + 5] + answer, peer)


# ---- the test --------------------------------------------------------------------------------------------------------
def rules(space, text):
    subprocess.run(net.inside(space, "nft", "-f", "-"), input="flush ruleset\n" + text, text=True, check=True, timeout=60)


def serve(programs, folder, space, *words):
    """a helper of this file in a namespace; ended with the test"""
    log = os.path.join(folder, "serve-%d.log" % len(programs))
    program = net.Program(log, net.inside(space, sys.executable, os.path.abspath(__file__), "--serve", *words))
    programs.append(program)
    return program


def listening(space, port):
    end = time.monotonic() + net.LIMIT
    while f":{port} " not in net.run(*net.inside(space, "ss", "-lntu")):
        if time.monotonic() > end:
            raise net.Failure(f"nothing listens on port {port}")
        time.sleep(0.05)


def make_certificate(folder, name, days, subject=NAME, start=None):
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
               "-out", cert, "-days", str(days), "-subj", f"/CN={subject}", "-addext",
               f"subjectAltName=DNS:{subject},IP:{net.SERVER}"]
    if start:  # at another time: openssl takes the time of day from libfaketime's place, a clock of its own
        command = ["faketime", start, *command]
    net.run(*command)
    return key, cert


def old_certificate(folder, good_key):
    """a certificate that has expired, made by hand: openssl ca can say when"""
    base = os.path.join(folder, "ca")
    os.makedirs(base, exist_ok=True)
    for name, text in (("index.txt", ""), ("serial", "01\n"), ("conf", "[ca]\ndefault_ca=d\n[d]\ndir=%s\ndatabase=%s/index.txt\n"
                       "serial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
                       "[x]\nsubjectAltName=DNS:%s,IP:%s\n" % (base, base, base, base, NAME, net.SERVER))):
        with open(os.path.join(base, name), "w") as f:
            f.write(text)
    request, cert = os.path.join(folder, "old.csr"), os.path.join(folder, "old.pem")
    net.run("openssl", "req", "-new", "-key", good_key, "-subj", f"/CN={NAME}", "-out", request)
    net.run("openssl", "ca", "-batch", "-config", os.path.join(base, "conf"), "-selfsign", "-keyfile", good_key, "-in", request,
            "-out", cert, "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-extensions", "x", "-notext")
    return cert


class Doctor:
    def __init__(self, folder, irisx, account):
        self.folder, self.irisx, self.account = folder, irisx, account

    def look(self, ws=None, api=None, ice=None, ca=None, user=True, space="phone", clock=None, password="password", more=()):
        a = self.account
        words = [self.irisx, "doctor", "--json", "--quiet", "--ws", ws or a["ws"]]
        if user:
            words += ["--user", a["user"], "--realm", a["realm"], "--password-file", os.path.join(self.folder, password)]
        words += ["--api-url", api] if api else []
        words += ["--ca-file", ca] if ca else []
        if ice is not None:
            with open(os.path.join(self.folder, "ice.json"), "w") as f:
                json.dump(ice, f)
            words += ["--ice-servers-file", os.path.join(self.folder, "ice.json")]
        environment = dict(os.environ)
        if clock:
            asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
            environment["IX_PRELOAD"] = f"{asan} {clock}" if "asan" in self.irisx else clock
        resolver = os.path.join(self.folder, "resolv.conf")  # `ip netns exec` has a mount namespace of its own
        words = ["sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec env ${IX_PRELOAD:+LD_PRELOAD="$IX_PRELOAD"} "$@"', resolver, *words]
        done = subprocess.run(net.inside(space, *words, *more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=90, env=environment)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise net.Failure(f"irisx doctor: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}")
        if "verdict" not in report:
            raise net.Failure(done.stdout)
        if (done.returncode == 1) != (report["verdict"] == "bad"):
            raise net.Failure(f"exit code {done.returncode} for {report['verdict']}")
        limit = SANITIZED_LIMIT if "asan" in self.irisx else TIME_LIMIT
        if report["duration_ms"] > limit * 1000:
            raise net.Failure(f"it took {report['duration_ms']} ms")
        return report


def expect(report, verdict, codes, never=()):
    found = {r["code"] for r in report["reasons"]}
    if report["verdict"] != verdict or not set(codes) <= found or found & set(never):
        raise net.Failure(f"wanted {verdict} {codes}, never {never}; got\n{json.dumps(report, indent=1)}")
    if any(not r["fix"] or not r["text"] for r in report["reasons"]):
        raise net.Failure("a reason without text or fix")


def value(report, check, key):
    return next((c.get(key) for c in report["checks"] if c["check"] == check), None)


OPEN_NAT = 'table ip t {\nchain post {\ntype nat hook postrouting priority 100;\noifname "wan" masquerade\n}\n}\n'
RANDOM_NAT = OPEN_NAT.replace("masquerade", "masquerade fully-random")


def nat_with(filter_rules, kind=OPEN_NAT):
    rules("nat", kind + "table ip f {\nchain fw {\ntype filter hook forward priority 0;\n" + filter_rules + "\n}\n}\n")


def cases(doctor, folder, programs, clock):
    auth = {"username": "anna", "credential": "geheim"}
    stun = {"urls": f"stun:{net.TURN}"}
    relay = {"urls": [f"turn:{net.TURN}", f"turn:{net.TURN}?transport=tcp", f"turns:{net.TURN}"], **auth}
    cert = doctor.account["turn_cert"]
    front = f"wss://{NAME}:7443/ws"
    good, old = os.path.join(folder, "good.pem"), os.path.join(folder, "old.pem")

    def name_server(how, address=net.SERVER):
        program = serve(programs, folder, "phone", "dns", address, how)
        listening("phone", 53)
        return program

    def healthy():
        nat_with("")
        expect(doctor.look(ice=[stun, relay], ca=cert, api=doctor.account["api"]), "good", [], never=["udp_blocked"])

    def udp_blocked():
        nat_with("meta l4proto udp drop;")
        expect(doctor.look(ice=[stun, relay], ca=cert), "limited", ["udp_blocked", "turn_no_answer"], never=["no_relay"])

    def udp_blocked_no_relay():
        nat_with("meta l4proto udp drop;")
        expect(doctor.look(ice=[stun]), "bad", ["udp_blocked", "no_relay", "echo_failed"])

    def only_443():
        nat_with(f'meta l4proto udp drop; iifname "lan" tcp dport != {{ 443, 5349, 8080 }} drop;')
        port = doctor.account["ws"].split(":")[2].split("/")[0]
        nat_with(f'meta l4proto udp drop; iifname "lan" tcp dport != {{ 5349, {port} }} drop;')
        report = doctor.look(ice=[stun, relay], ca=cert)
        expect(report, "limited", ["udp_blocked", "turn_no_answer"], never=["no_relay"])
        if value(report, "turn_tls", "status") != "ok" or value(report, "turn_tcp", "status") != "warn":
            raise net.Failure(json.dumps(report, indent=1))
        expect(doctor.look(ws=f"ws://{net.SERVER}:9/ws", user=False), "bad", ["tcp_no_answer"])

    def refused():
        nat_with("")
        expect(doctor.look(ws=f"ws://{net.SERVER}:9/ws", user=False), "bad", ["tcp_refused"], never=["tcp_no_answer"])

    def aaaa_hole():
        nat_with("")
        dns = name_server("hole")
        try:
            report = doctor.look(ws=doctor.account["ws"].replace(net.SERVER, NAME), user=False)
        finally:
            dns.stop()
        expect(report, "limited", ["dns_aaaa_no_answer"], never=["dns_not_found"])

    def dns_wrong():
        nat_with("")
        dns = name_server("wrong", net.TURN)
        try:
            report = doctor.look(ws=doctor.account["ws"].replace(net.SERVER, NAME), user=False)
        finally:
            dns.stop()
        expect(report, "bad", ["dns_wrong", "tcp_refused"])

    def dns_unknown():
        nat_with("")
        dns = name_server("right")
        try:
            report = doctor.look(ws="ws://nobody.test:8080/ws", user=False)
        finally:
            dns.stop()
        expect(report, "bad", ["dns_not_found"])

    def tls(ca, **rest):
        nat_with("")
        dns = name_server("right")
        try:
            return doctor.look(ws=rest.pop("ws", front), ca=ca, user=False, **rest)
        finally:
            dns.stop()

    def tls_good():
        expect(tls(good), "good", [])

    def expired():
        expect(tls(old, ws=f"wss://{NAME}:7444/ws"), "bad", ["certificate_expired"], never=["clock_wrong"])

    def untrusted():
        expect(tls(cert), "bad", ["certificate_untrusted"], never=["certificate_expired"])

    def wrong_name():
        expect(tls(good, ws=f"wss://{net.TURN}:7445/ws"), "bad", ["tcp_refused"])

    def wrong_clock():
        expect(tls(good, clock=clock), "bad", ["clock_wrong"], never=["certificate_expired", "certificate_not_yet_valid"])

    def portal():
        nat_with("")
        report = doctor.look(ws=f"ws://{net.SERVER}:7450/ws", api=f"http://{net.SERVER}:7450", user=False)
        expect(report, "bad", ["captive_portal"])

    def wrong_turn_password():
        nat_with("meta l4proto udp drop;")
        wrong = {"urls": f"turn:{net.TURN}?transport=tcp", "username": "anna", "credential": "falsch"}
        expect(doctor.look(ice=[stun, wrong]), "bad", ["turn_credentials", "udp_blocked", "no_relay"])

    def wrong_sip_password():
        nat_with("")
        expect(doctor.look(password="wrong"), "bad", ["sip_credentials"])

    def symmetric():
        nat_with("", RANDOM_NAT)
        second = {"urls": f"turn:{net.TURN2}", **auth}
        report = doctor.look(ice=[stun, second], user=False)
        expect(report, "limited", ["nat_symmetric"])
        nat_with("")
        expect(doctor.look(ice=[stun, second], user=False), "good", [], never=["nat_symmetric"])

    def broken_upgrade():
        nat_with("")
        expect(doctor.look(ws=f"ws://{net.SERVER}:7451/ws", user=False), "bad", ["websocket_refused"])
        expect(doctor.look(ws=f"ws://{net.SERVER}:7452/ws", user=False), "bad", ["websocket_broken"])

    def high_loss():
        nat_with("meta l4proto udp numgen random mod 100 < 12 drop;")
        report = doctor.look(ice=[stun])
        found = {r["code"] for r in report["reasons"]}
        if not found & {"high_loss", "some_loss"}:
            raise net.Failure(json.dumps(report, indent=1))

    return [("everything works", healthy), ("UDP blocked, relays work", udp_blocked), ("UDP blocked, no relay", udp_blocked_no_relay),
            ("only one port for TLS", only_443), ("nothing listens", refused), ("name server swallows AAAA", aaaa_hole),
            ("name server answers everything wrong", dns_wrong), ("unknown name", dns_unknown), ("TLS is in order", tls_good),
            ("expired certificate", expired), ("unknown authority", untrusted), ("wrong address for a TLS name", wrong_name),
            ("wrong clock", wrong_clock), ("captive portal", portal), ("wrong TURN password", wrong_turn_password),
            ("wrong SIP password", wrong_sip_password), ("symmetric NAT and an ordinary one", symmetric),
            ("proxies that break the upgrade", broken_upgrade), ("high loss", high_loss)]


def wrong_clock_library(folder):
    """clock_gettime and time three years ahead, for one program"""
    source, library = os.path.join(folder, "clock.c"), os.path.join(folder, "clock.so")
    with open(source, "w") as f:
        f.write('#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n#include <sys/time.h>\n'
                '#define OFF (3L * 365 * 86400)\n'
                'int clock_gettime(clockid_t c, struct timespec *t)\n{\n    int (*real)(clockid_t, struct timespec *) =\n'
                '        (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");\n'
                '    int r = real(c, t);\n    if (c == CLOCK_REALTIME) t->tv_sec += OFF;\n    return r;\n}\n'
                'time_t time(time_t *out)\n{\n    struct timespec t;\n    clock_gettime(CLOCK_REALTIME, &t);\n'
                '    if (out) *out = t.tv_sec;\n    return t.tv_sec;\n}\n')
    net.run("cc", "-shared", "-fPIC", "-w", "-o", library, source)
    return library


def set_up(folder, sandbox_program, programs):
    net.TURN2 = "203.0.113.10"
    with open(os.path.join(folder, "resolv.conf"), "w") as f:
        f.write("nameserver 127.0.0.53\noptions timeout:2 attempts:1\n")
    turn, cert, account = net.platform(folder, sandbox_program, programs)
    net.run(*net.inside("wire", "ip", "addr", "add", f"{net.TURN2}/24", "dev", "br0"))
    second = net.Program(os.path.join(folder, "turn2.log"), net.inside("wire", "turnserver", "-n", "--log-file", "stdout",
        "--listening-ip", net.TURN2, "--relay-ip", net.TURN2, "--lt-cred-mech", "--user", "anna:geheim", "--realm", "ix.test",
        "--no-cli", "--no-tls", "--pidfile", os.path.join(folder, "turn2.pid"), "--userdb", os.path.join(folder, "turndb2")))
    programs.append(second)
    account["turn_cert"] = cert
    account["api"] = "http" + account["ws"][2:].split("/ws")[0]
    with open(os.path.join(folder, "wrong"), "w") as f:
        f.write("falsch\n")
    key, good = make_certificate(folder, "good", 30)
    old = old_certificate(folder, key)
    port = account["ws"].split(":")[2].split("/")[0]
    for words in (("front", "7443", good, key, net.SERVER, port), ("front", "7444", old, key, net.SERVER, port),
                  ("proxy", "7450", "portal"), ("proxy", "7451", "refuse"), ("proxy", "7452", "broken")):
        serve(programs, folder, "server", *words)
        listening("server", words[1])
    return account


def main():
    if sys.argv[1] == "--serve":
        {"front": serve_front, "proxy": serve_proxy, "dns": serve_dns}[sys.argv[2]](*sys.argv[3:])
        return 0
    if os.geteuid() != 0:
        net.become_root_of_a_namespace()
    sandbox_program, irisx = (os.path.abspath(x) for x in sys.argv[1:3])
    folder, programs, failed = tempfile.mkdtemp(prefix="ixdoctor"), [], 0
    try:
        account = set_up(folder, sandbox_program, programs)
        chosen = [c for c in cases(Doctor(folder, irisx, account), folder, programs, wrong_clock_library(folder))
                  if all(w in c[0] for w in sys.argv[3:])]
        print(f"TAP version 13\n1..{len(chosen)}", flush=True)
        for number, (name, check) in enumerate(chosen, 1):
            began = time.monotonic()
            try:
                check()
                print(f"ok {number} - {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except (net.Failure, subprocess.TimeoutExpired) as e:
                failed += 1
                print(f"not ok {number} - {name}\n# " + str(e).replace("\n", "\n# "), flush=True)
    finally:
        for p in reversed(programs):
            p.stop()
        net.take_down()
        subprocess.run(["rm", "-rf", folder], check=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
