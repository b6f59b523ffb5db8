#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenSSL's DTLS against ours, both roles, over loopback UDP: it must connect, and both must export the same SRTP
keys (RFC 5764). usage: openssl_dtls.py PATH-TO-DTLS_PEER"""
import hashlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 30  # seconds for one case, on a loaded machine under sanitizers
SRTP = ["-use_srtp", "SRTP_AES128_CM_SHA1_80", "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "60"]
KEYS = re.compile(rb"Keying material: ([0-9A-F]{120})")


class Failure(Exception):
    pass


class Program:
    """A child whose output is read until it says what is waited for. Its input stays open: openssl ends without."""

    def __init__(self, argv):
        self.name = os.path.basename(argv[0])
        self.argv = argv
        self.output = b""
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait_for(self, pattern):
        end = time.monotonic() + LIMIT
        while True:
            found = re.search(pattern, self.output, re.M)
            if found:
                return found
            ready, _, _ = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise Failure("%s did not say %r in %d s:\n%s" % (self.name, pattern, LIMIT, self.text()))
            chunk = os.read(self.child.stdout.fileno(), 65536)
            if not chunk:
                raise Failure("%s ended without %r:\n%s" % (self.name, pattern, self.text()))
            self.output += chunk

    def text(self):
        return "$ %s\n%s" % (" ".join(self.argv), self.output.decode("utf-8", "replace"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


def certificate(folder, name, kind):
    key, crt = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".crt")
    what = ["rsa:4096"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *what, "-keyout", key, "-out", crt, "-days", "30",
                    "-subj", "/CN=" + name], check=True, capture_output=True)
    der = subprocess.run(["openssl", "x509", "-in", crt, "-outform", "DER"], check=True, capture_output=True).stdout
    return {"args": ["-cert", crt, "-key", key], "fingerprint": hashlib.sha256(der).hexdigest()}


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def our_state(peer):
    return json.loads(peer.wait_for(rb'^\{"state".*\}$').group(0))


def must_agree(peer, openssl):
    state = our_state(peer)
    if state["state"] != "connected" or state["profile"] != 1:
        raise Failure("not connected: %s\n%s" % (state, openssl.text()))
    theirs = openssl.wait_for(KEYS.pattern).group(1).decode().lower()
    if state["keys"] != theirs:
        raise Failure("keys differ:\n ours %s\ntheirs %s" % (state["keys"], theirs))


def must_fail(peer, error):
    state = our_state(peer)
    if state.get("error") != error:
        raise Failure("wanted %s, got %s" % (error, state))


def openssl_client(port, args):
    return Program(["openssl", "s_client", "-dtls1_2", "-connect", "127.0.0.1:%d" % port, *args])


def we_serve(peer, cert, fingerprint, mtu, args, verdict):
    with Program([peer, "server", fingerprint, str(mtu)]) as ours:
        port = int(ours.wait_for(rb'"port":(\d+)').group(1))
        with openssl_client(port, [*(cert["args"] if cert else []), *args]) as theirs:
            verdict(ours, theirs)


def we_call(peer, cert, fingerprint, mtu, args, verdict):
    port = free_port()
    server = ["openssl", "s_server", "-dtls1_2", "-accept", "127.0.0.1:%d" % port, *cert["args"], *args]
    with Program(server) as theirs:
        theirs.wait_for(rb"ACCEPT")
        with Program([peer, "client", fingerprint, str(mtu), str(port)]) as ours:
            verdict(ours, theirs)


def closes(ours, theirs):
    must_agree(ours, theirs)
    theirs.child.stdin.write(b"Q\n")
    theirs.child.stdin.flush()
    ours.wait_for(rb'"state":"closed"')


def cases(peer, ec, rsa):
    wrong = "00" * 32
    long_hello = ["-alpn", ",".join("protocol-%02d-%s" % (i, "x" * 80) for i in range(6))]
    fails = lambda error: lambda ours, theirs: must_fail(ours, error)
    mtu300 = [*SRTP, "-mtu", "300"]
    yield "openssl client, mtu 300", we_serve, (peer, ec, ec["fingerprint"], 300, mtu300, must_agree)
    yield "openssl client, RSA-4096 as FreeSWITCH", we_serve, (peer, rsa, rsa["fingerprint"], 1200, mtu300, must_agree)
    yield "openssl client, its hello over several datagrams", we_serve, (
        peer, ec, ec["fingerprint"], 1200, mtu300 + long_hello, must_agree)
    yield "openssl client ends: close_notify", we_serve, (peer, ec, ec["fingerprint"], 1200, SRTP, closes)
    yield "openssl server, RSA-4096, asks no certificate", we_call, (
        peer, rsa, rsa["fingerprint"], 1200, [*SRTP, "-mtu", "1200"], must_agree)
    yield "openssl server, mtu 300, asks for ours", we_call, (
        peer, ec, ec["fingerprint"], 300, [*mtu300, "-verify", "1"], must_agree)
    yield "openssl server with HelloVerifyRequest", we_call, (
        peer, ec, ec["fingerprint"], 1200, [*SRTP, "-listen"], must_agree)
    yield "openssl client with another certificate", we_serve, (
        peer, ec, wrong, 1200, SRTP, fails("IRISX_E_FINGERPRINT"))
    yield "openssl client without certificate", we_serve, (
        peer, None, wrong, 1200, SRTP, fails("IRISX_E_FINGERPRINT"))
    yield "openssl server with another certificate", we_call, (
        peer, ec, wrong, 1200, SRTP, fails("IRISX_E_FINGERPRINT"))
    yield "openssl client without use_srtp", we_serve, (
        peer, ec, ec["fingerprint"], 1200, [], fails("IRISX_E_PROTOCOL"))
    yield "openssl client that knows other suites only", we_serve, (
        peer, ec, ec["fingerprint"], 1200, [*SRTP, "-cipher", "AES128-SHA"], fails("IRISX_E_TLS"))


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        ec, rsa = certificate(folder, "ec", "ec"), certificate(folder, "rsa", "rsa")
        for name, run, args in cases(sys.argv[1], ec, rsa):
            try:
                run(*args)
                print("ok   %s" % name)
            except Failure as e:
                failed += 1
                print("FAIL %s\n%s" % (name, e))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
