#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ways through the network: proxies, certificates, pinned keys; the client is rest_driver.c.
usage: ways.py REST_DRIVER NAMES    (TAP on stdout)"""
import base64
import hashlib
import socket
import subprocess
import threading

from driver import Driver, preload
from harness import Programs, Suite, arguments, check
from httpserver import HttpServer, certificate, ok, response, tls_context

suite = Suite()


class Proxy:
    """CONNECT, absolute URIs and SOCKS5 with names; counts what goes through"""

    def __init__(self, refusal=None, tls=None):
        self.listener, self.refusal, self.tls, self.heads = socket.create_server(("127.0.0.1", 0)), refusal, tls, []
        self.port, self.targets = self.listener.getsockname()[1], []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def join(self, sock, host, port, first=b""):
        self.targets.append("%s:%d" % (host, port))
        with socket.create_connection(("127.0.0.1", port)) as far:
            if first:
                far.sendall(first)
            threading.Thread(target=self.pump, args=(far, sock), daemon=True).start()
            self.pump(sock, far)

    def serve(self, sock):
        with sock:
            try:
                if self.tls:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                data = sock.recv(65536)
                self.heads.append(data)
                if self.refusal:
                    sock.sendall(self.refusal)
                    sock.recv(65536)
                    return
                if data[:1] == b"\x05":
                    sock.sendall(b"\x05\x00")
                    data = sock.recv(65536)
                    name = data[5:5 + data[4]].decode() if data[3] == 3 else socket.inet_ntoa(data[4:8])
                    sock.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
                    self.join(sock, name, int.from_bytes(data[-2:], "big"))
                elif data.startswith(b"CONNECT "):
                    host, _, port = data.split()[1].decode().partition(":")
                    sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    self.join(sock, host, int(port))
                else:
                    host, _, port = data.split()[1].decode()[7:].partition("/")[0].partition(":")
                    self.join(sock, host, int(port), data)
            except OSError:
                pass


@suite.case("proxies: absolute addresses, CONNECT for TLS, SOCKS5 with the name asked there, NO_PROXY, the environment where that is wanted")
def proxies(t):
    cert, key = certificate(t.folder)
    with HttpServer(ok) as plain, HttpServer(ok, tls=tls_context(cert, key)) as secure:
        for scheme, url, target in ("http", plain.url, None), ("http", secure.url, None), ("socks5h", "http://name.invalid:%d" % plain.port, "name.invalid"):
            proxy = Proxy()
            with Driver(t, url, key="k", ca=cert, proxy="%s://127.0.0.1:%d" % (scheme, proxy.port)) as d:
                d.ask("GET /x", "OK")
                d.ask("POST /x", "OK")
            check(len(proxy.targets) >= 1 and (target is None or proxy.targets[0].startswith(target)), scheme, proxy.targets)
        proxy = Proxy()
        with Driver(t, plain.url, key="k", proxy="http://127.0.0.1:%d" % proxy.port, no_proxy="example.com,127.0.0.0/8") as d:
            d.ask("GET /x", "OK")
        check(not proxy.targets, "through the proxy", proxy.targets)
        words = {"http_proxy": "http://127.0.0.1:%d" % proxy.port, "NO_PROXY": "example.com"}
        name = "http://name.invalid:%d" % plain.port
        for extra, wanted, through in ({}, 0, 0), ({}, 1, 1), ({"NO_PROXY": "name.invalid,example.com"}, 1, 0):
            proxy.targets.clear()
            with Driver(t, name, environment=dict(words, **extra), key="k", env=wanted, tries=1) as d:
                d.ask("GET /x", "OK" if through else "IRISX_E_DNS")
            check(len(proxy.targets) == through, extra, wanted, proxy.targets)


@suite.case("hosts without proxy by port, network and family, on the wire; a name that only the proxy knows, one that is looked up for it")
def no_proxy(t):
    with HttpServer(ok) as plain:
        for entry, through in ("127.0.0.1:%d" % plain.port, 0), ("127.0.0.1:1", 1), ("127.0.0.0/8", 0), ("128.0.0.0/8", 1), ("::/0", 1), ("*", 0), ("", 1):
            proxy = Proxy()
            with Driver(t, plain.url, key="k", proxy="http://127.0.0.1:%d" % proxy.port, no_proxy=entry) as d:
                d.ask("GET /x", "OK")
            check(len(proxy.targets) == through, entry, proxy.targets)
        for scheme, known, target in ("socks5h", "", "name.test"), ("socks5", "name.test=127.0.0.1", "127.0.0.1"), ("http", "", "name.test"):
            proxy = Proxy()
            environment = preload(Programs.names, FAKE_HOSTS="proxy.test=127.0.0.1;" + known)
            with Driver(t, "http://name.test:%d" % plain.port, environment=environment, key="k", proxy="%s://proxy.test:%d" % (scheme, proxy.port)) as d:
                d.ask("GET /x", "OK")
            check(proxy.targets[0].startswith(target), scheme, proxy.targets)
        with Driver(t, plain.url, environment=preload(Programs.names, FAKE_HOSTS=""), key="k", proxy="http://nowhere.test:1", tries=1) as d:
            check("of the proxy" in d.ask("POST /x", "IRISX_E_DNS")["message"], "another sentence")


@suite.case("a proxy that refuses is told as such, nothing was sent; its password goes to it alone and is told nowhere")
def proxy_refuses(t):
    cert, key = certificate(t.folder)
    with HttpServer(ok, tls=tls_context(cert, key)) as secure:
        for status, code, words in (407, "IRISX_E_AUTH", "user name and password"), (403, "IRISX_E_FORBIDDEN", "403"), (502, "IRISX_E_NETWORK", "502"):
            proxy = Proxy(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
            with Driver(t, secure.url, key="k", ca=cert, proxy="http://me:s3cr3t@127.0.0.1:%d" % proxy.port, tries=1, log=t.path("log")) as d:
                a = d.ask("POST /x", code)
                check(words in a["message"] and "s3cr3t" not in a["message"], a)
            check(b"proxy-authorization: basic" in proxy.heads[0].lower() and b"x-api-key" not in proxy.heads[0].lower(), proxy.heads[0])
            check("s3cr3t" not in open(t.path("log")).read(), "in the log")
        check(not secure.seen, "something was sent")
        proxy = Proxy()
        with Driver(t, secure.url, key="k", ca=cert, proxy="http://me:s3cr3t@127.0.0.1:%d" % proxy.port) as d:
            d.ask("POST /x", "OK")
        check("proxy-authorization" not in secure.seen[-1].headers, "the proxy's password was told to the server")
        for data in b"", b"\x05\xff", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200000:
            for scheme in "http", "socks5h":
                proxy = Proxy(data or b"\0")
                with Driver(t, secure.url, key="k", ca=cert, proxy="%s://127.0.0.1:%d" % (scheme, proxy.port), tries=1, timeout=1500) as d:
                    a = d.ask("POST /x")
                    check(a["code"] not in ("OK", "IRISX_E_OUTCOME_UNKNOWN") and a["message"], scheme, data[:20], a)


@suite.case("a proxy that is spoken to over TLS is checked as a server is")
def secure_proxy(t):
    cert, key = certificate(t.folder)
    with HttpServer(ok) as plain, HttpServer(ok, tls=tls_context(cert, key)) as secure:
        for url in plain.url, secure.url:
            proxy = Proxy(tls=tls_context(cert, key))
            with Driver(t, url, key="k", ca=cert, proxy="https://127.0.0.1:%d" % proxy.port, tries=1) as d:
                d.ask("POST /x", "OK" if url == plain.url else None)
            proxy = Proxy(tls=tls_context(cert, key))
            with Driver(t, url, key="k", proxy="https://127.0.0.1:%d" % proxy.port, tries=1) as d:
                d.ask("POST /x", "IRISX_E_TLS")
            check(not proxy.targets, "let through without trust")


@suite.case("redirected: never from https to http; between servers of https without key; a secret of the address is not told")
def downgraded(t):
    cert, key = certificate(t.folder)
    tls = tls_context(cert, key)
    with HttpServer(ok) as plain, HttpServer(ok, tls=tls) as other:
        with HttpServer(lambda sock, q: response(302, "", headers="Location: %s/x?key=s3cr3t&token=s3cr3t\r\n" % plain.url), tls=tls) as home, \
                Driver(t, home.url, key="k", ca=cert) as d:
            a = d.ask("GET /x", "IRISX_E_PROTOCOL")
            check("https to http" in a["message"] and "s3cr3t" not in a["message"] and not plain.seen, a)
        with HttpServer(lambda sock, q: response(307, "", headers="Location: %s/x\r\n" % other.url), tls=tls) as home, Driver(t, home.url, key="k", ca=cert) as d:
            d.ask("GET /x", "OK")
            check(len(other.seen) == 1 and "x-api-key" not in other.seen[0].headers, other.seen[0].headers)
            for line in "POST /x", "PUT /x", "DELETE /x", "PATCH /x":
                d.ask(line, "IRISX_E_PROTOCOL")
            check(len(other.seen) == 1, "followed by more than GET")


@suite.case("TLS: an authority of one's own, a certificate for the server that asks, a pinned key and a wrong one")
def tls(t):
    cert, key = certificate(t.folder)
    mine, mine_key = certificate(t.folder, "client")
    der = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform der" % cert, shell=True, capture_output=True, check=True).stdout
    pin = "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    with HttpServer(ok, tls=tls_context(cert, key)) as server:
        for options, code in (dict(ca=cert), "OK"), ({}, "IRISX_E_TLS"), (dict(ca=cert, pin=pin), "OK"), \
                (dict(ca=cert, pin="sha256//" + "A" * 43 + "="), "IRISX_E_TLS"):
            with Driver(t, server.url, key="k", **options) as d:
                a = d.ask("GET /x", code)
                check(code == "OK" or a["message"], a)
    with HttpServer(ok, tls=tls_context(cert, key, client_ca=mine)) as server:
        with Driver(t, server.url, key="k", ca=cert, cert=mine, cert_key=mine_key) as d:
            d.ask("GET /x", "OK")
        with Driver(t, server.url, key="k", ca=cert, tries=1) as d:
            check(d.ask("GET /x")["code"] in ("IRISX_E_TLS", "IRISX_E_NETWORK"), "let in without a certificate")


if __name__ == "__main__":
    arguments("driver", "names")
    suite.run(4)
