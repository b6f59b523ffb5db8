#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wss and https with certificates that are good, of an unknown authority, for another name, expired, not yet valid, and
the same with a local clock that is wrong; made with openssl. usage: tls.py IRISX SANDBOX CLOCK    (TAP on stdout)"""
import atexit
import datetime
import os
import shutil
import subprocess
import tempfile
import threading

from harness import NETWORK, OK, Programs, Suite, arguments, check, slow

suite = Suite()
CA_CONFIG = """[ca]
default_ca = it
[it]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """A certificate authority in a folder; leaf() makes certificates for the platform"""

    def __init__(self, name="test authority"):
        self.folder, self.lock = tempfile.mkdtemp(prefix="irisx-ca-"), threading.Lock()
        for file, text in ("ca.cnf", CA_CONFIG), ("index.txt", ""), ("serial", "1000\n"):
            with open(os.path.join(self.folder, file), "w") as f:
                f.write(text)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.pem", "-days", "30000", "-subj", "/CN=" + name)
        self.file = os.path.join(self.folder, "ca.pem")

    def openssl(self, *words):
        done = subprocess.run(["openssl"] + list(words), cwd=self.folder, capture_output=True, text=True)
        check(done.returncode == 0, "openssl", *words, ":", done.stderr)

    def leaf(self, name, san, first_day=-1, last_day=30):
        """options of irisx-sandbox that serve this certificate; days are counted from today"""
        day = lambda n: (datetime.datetime.utcnow() + datetime.timedelta(days=n)).strftime("%Y%m%d%H%M%SZ")  # noqa: E731
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
                     "-out", name + ".csr", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + san)
        with self.lock:  # its folder is its database
            self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", name + ".csr",
                         "-out", name + ".pem", "-notext", "-startdate", day(first_day), "-enddate", day(last_day))
        return ["--tls-cert", os.path.join(self.folder, name + ".pem"), "--tls-key", os.path.join(self.folder, name + ".key")]


authority, stranger = Authority(), Authority("somebody else")
atexit.register(lambda: [shutil.rmtree(a.folder) for a in (authority, stranger)])


def refused(t, leaf, *patterns, ca=True, env=None, url=None):
    """irisx call against that certificate ends with IRISX_E_TLS and a sentence; no call, no password sent"""
    sb = t.sandbox(*leaf, log="debug")
    account = t.account(sb)
    if url:
        account[1] = url(sb.ws)
    p = t.irisx("call", "9196", *account, "--json", *(["--ca-file", authority.file] if ca else []), env=env)
    p.expect(NETWORK, *patterns)
    check(p.error()["code"] == "IRISX_E_TLS", p.error())
    check(not sb.process.count("registers"), "the server was told the user all the same")


def wrong_clock(days):
    return {"LD_PRELOAD": Programs.clock, "FAKE_CLOCK_DAYS": str(days),
            "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}


@suite.case("with --ca-file a whole call goes over wss, and login over https")
def good(t):
    sb = t.sandbox(*authority.leaf("good", "DNS:localhost,IP:127.0.0.1"))
    check(sb.ws.startswith("wss://"), sb.ws)
    p = t.call(sb, "9196", "--duration", "1", "--json", "--ca-file", authority.file)
    p.expect(OK)
    check(p.json()["call"]["packets_received"] > 20, p.out)
    sb.line("9196: completed", seconds=10)
    check(sb.close() == 0, "the platform did not end in peace")


@suite.case("the authority may come from IRISX_CA_FILE, the server by its name")
def by_name(t):
    sb = t.sandbox(*authority.leaf("named", "DNS:localhost"))
    account = t.account(sb)
    account[1] = sb.ws.replace("127.0.0.1", "localhost")
    t.irisx("call", "9197", *account, "--duration", "0.5", env={"IRISX_CA_FILE": authority.file}).expect(OK)


@suite.case("an authority that is not trusted is told with what helps")
def untrusted(t):
    refused(t, authority.leaf("untrusted", "IP:127.0.0.1"), "--ca-file|ca_file", "trust", ca=False)


@suite.case("the authority of another is not trusted either")
def other_authority(t):
    refused(t, stranger.leaf("stranger", "IP:127.0.0.1"), "--ca-file|ca_file")


@suite.case("a certificate for another name tells both names")
def wrong_name(t):
    refused(t, authority.leaf("elsewhere", "DNS:pbx.example.com"), "127.0.0.1", r"pbx\.example\.com|certificate")


@suite.case("a certificate that expired yesterday is told as expired")
def expired(t):
    refused(t, authority.leaf("expired", "IP:127.0.0.1", -60, -1), "expired", "renew|clock")


@suite.case("a certificate from the future puts the clock in doubt")
def future(t):
    refused(t, authority.leaf("future", "IP:127.0.0.1", 20, 90), "clock", "not.*valid|future")


@suite.case("with a clock four years ahead a good certificate seems expired, and the clock is put in doubt")
def clock_ahead(t):
    refused(t, authority.leaf("ahead", "IP:127.0.0.1"), "clock", "expired", env=wrong_clock(1500))


@suite.case("with a clock four years behind a good certificate is not valid yet, and the clock is put in doubt")
def clock_behind(t):
    refused(t, authority.leaf("behind", "IP:127.0.0.1"), "clock", env=wrong_clock(-1500))


@suite.case("a wrong clock does not matter to a certificate that is valid at that time too: the call works")
def clock_harmless(t):
    sb = t.sandbox(*authority.leaf("long", "IP:127.0.0.1", -3000, 3000))
    p = t.call(sb, "9196", "--duration", "0.5", "--ca-file", authority.file, "--json", env=wrong_clock(1500))
    p.expect(OK)


@suite.case("https is checked as wss is: login tells what to do")
def https(t):
    sb = t.sandbox(*authority.leaf("https", "IP:127.0.0.1"))
    password = t.secret_file(sb.facts["user"]["password"])
    p = t.irisx("login", "--api-url", sb.api, "--email", "admin@sandbox.test", "--password-file", password, "--json")
    p.expect(NETWORK, "--ca-file|ca_file")
    check(p.error()["code"] == "IRISX_E_TLS", p.error())


@suite.case("a --ca-file that is missing or holds no certificate is told")
def bad_ca_file(t):
    sb = t.sandbox(*authority.leaf("file", "IP:127.0.0.1"))
    for file in t.path("missing.pem"), t.write("empty.pem", "nothing\n"):
        p = t.call(sb, "9196", "--ca-file", file, "--json")
        p.expect(NETWORK, "ca.file|CA file|certificate file|authorit")
        check(p.error()["code"] == "IRISX_E_TLS", p.error())


@slow.case("wss at a port without TLS, and ws at one with it, are told")
def mixed(t):
    plain, secure = t.sandbox(), t.sandbox(*authority.leaf("mixed", "IP:127.0.0.1"))
    t.irisx("call", "9196", "--ws", plain.ws.replace("ws://", "wss://"), "--user", "1000", "--json").expect(NETWORK, "TLS|ws://")
    p = t.irisx("call", "9196", "--ws", secure.ws.replace("wss://", "ws://"), "--user", "1000", "--json")
    check(p.end() in (1, NETWORK), p.text())
    check(p.error()["message"], p.text())


if __name__ == "__main__":
    arguments("irisx", "sandbox", "clock")
    suite.run(4)
