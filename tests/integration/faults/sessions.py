#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions: one refresh for all, only where it helps; a second factor, staff, log-out, the token store; nothing secret in the log.
The client is rest_driver.c.
usage: sessions.py REST_DRIVER    (TAP on stdout)"""
import json
import threading
import time

from driver import Driver
from harness import Suite, arguments, check, wait_for
from httpserver import HttpServer, response, token

suite = Suite()


def tokens(n):
    return {"success": True, "data": {"tokens": {"access_token": token(n, int(time.time())), "refresh_token": "refresh-%d" % n, "expires_in": "24h"}}}


class Platform(HttpServer):
    """knows the tokens of its last log-in or refresh; all others have expired"""

    def __init__(self, **more):
        self.n, self.refreshes, self.lock = 0, 0, threading.Lock()
        super().__init__(self.react, **more)

    def react(self, sock, q):
        body = json.loads(q.body) if q.body else {}
        if q.path == "/v1/auth/login":
            if body["email"] == "two@x.y":
                return response(200, {"success": True, "message": "Login successful", "data": {"requires_2fa": True, "pending_token": "pending-1"}})
            self.n += 1
            return response(200, tokens(self.n))
        if q.path == "/v1/auth/verify-2fa":
            self.n += 1
            return response(200, tokens(self.n)) if body == {"pending_token": "pending-1", "totp_code": "123456"} else response(401, {"error": "Invalid code"})
        if q.path == "/v1/auth/refresh":
            with self.lock:
                self.refreshes += 1
            time.sleep(0.1)
            self.n += 1
            return response(200, {"success": True, "data": {"access_token": token(self.n, int(time.time())), "expires_in": "24h"}})
        if q.path == "/admin/auth/login":
            return response(200, {"success": True, "token": token(500, int(time.time())), "admin": {"id": "1"}})
        if q.path == "/v1/usage":
            return response(401, {"error": "Unauthorized", "message": "Missing or invalid authentication token", "code": "MISSING_TENANT_ID"})
        if q.path.startswith("/v1/auth/logout"):
            return response(200, {"success": True})
        current = q.headers.get("authorization", "").endswith("sig%d" % self.n)
        return response(200, {"path": q.path}) if current or q.path.startswith("/admin") else response(401, {"error": "Token expired"})


@suite.case("two hundred calls at once with a token that has expired make one refresh, and all end well")
def single_flight(t):
    for store in False, True:
        options = {"store": "%s,refresh-0" % token(99, int(time.time()))} if store else {}
        with Platform() as server, Driver(t, server.url, timeout=50000, **options) as d:
            if not store:
                d.ask("tokens %s refresh-0" % token(99, int(time.time())), "OK")
            a = d.ask("par 200 GET /v1/calls")
            check(a.get("OK") == 200, a)
            check(server.refreshes == 1, server.refreshes, "refreshes")
            if store:
                wait_for(lambda: d.ask("metrics")["stored"].endswith("sig1"), "the new token in the store")


@suite.case("a 401 that is not about the token refreshes nothing; a token near its end is renewed before it is used")
def other_401(t):
    with Platform() as server, Driver(t, server.url) as d:
        d.ask("login a@b.c secret-pass", "OK")
        for n in range(3):
            check("MISSING_TENANT_ID" == d.ask("GET /v1/usage", "IRISX_E_AUTH")["reason"], "another reason")
        check(server.refreshes == 0, server.refreshes)
        d.ask("tokens %s refresh-9" % token(7, int(time.time()) - 86390), "OK")
        d.ask("GET /v1/calls", "OK")
        check(server.refreshes == 1 and server.count("GET", "/v1/calls") == 1, server.refreshes, server.count("GET", "/v1/calls"))


@suite.case("second factor, staff beside users, log-out, and the store is told of each change")
def sessions(t):
    with Platform() as server, Driver(t, server.url, store=",") as d:
        check(d.ask("login two@x.y secret-pass", "IRISX_E_AUTH")["reason"] == "requires_2fa", "another reason")
        d.ask("code 000000", "IRISX_E_AUTH")
        d.ask("code 123456", "OK")
        d.ask("GET /v1/calls", "OK")
        wait_for(lambda: d.ask("metrics")["stored"].endswith("sig%d" % server.n), "the token in the store")
        d.ask("admin root@x.y secret-pass", "OK")
        d.ask("op admin.tenants.list {}", "OK")
        check(server.seen[-1].headers["authorization"].endswith("sig500"), "not as staff")
        d.ask("GET /v1/calls", "OK")
        d.ask("logout 0", "OK")
        check(json.loads(server.seen[-1].body)["refresh_token"].startswith("refresh-"), server.seen[-1].body)
        wait_for(lambda: d.ask("metrics")["stored"] == "", "the store empty")
        d.ask("GET /v1/calls", "IRISX_E_AUTH")
        d.ask("logout 0", "IRISX_E_STATE")
        d.ask("code 123456", "IRISX_E_STATE")


@suite.case("no token, password, key or code stands in the log, bodies and headers shown; nor a telephone number where that is wanted")
def log(t):
    secrets = ["secret-pass", "refresh-", "sig1", "irisx_live_0123456789", "+12025550199", "%2B12025550199", "s3cr3t-sip"]
    with Platform() as server, Driver(t, server.url, key="irisx_live_0123456789", log=t.path("log"), bodies=1, phones=1) as d:
        d.ask("login a@b.c secret-pass", "OK")
        d.ask('POST /v1/x?phone=%2B12025550199&token=refresh-77 {"to":"+12025550199","sip_password":"s3cr3t-sip","name":"visible"}')
        d.ask("GET /v1/calls", "OK")
    text = open(t.path("log")).read()
    for secret in secrets:
        check(secret not in text, secret, "stands in the log:", text)
    for seen in "visible", "GET", "/v1/calls", "HTTP 200", "X-API-Key: ***":
        check(seen.lower() in text.lower(), seen, "is missing:", text)


if __name__ == "__main__":
    arguments("driver")
    suite.run(4)
