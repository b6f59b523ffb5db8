#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions: one refresh for all, only where it helps; a second factor, staff, log-out, the token store; nothing secret in the log.
The client is rest_driver.c.
usage: sessions.py REST_DRIVER CLOCK    (TAP on stdout)"""
import email.utils
import json
import threading
import time

from driver import Driver, preload
from harness import Programs, Suite, arguments, check, wait_for
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
        if q.path == "/admin/auth/login" and body["email"] == "two@x.y":
            return response(200, {"success": True, "data": {"requires_2fa": True, "pending_token": "pending-2"}})
        if q.path == "/admin/auth/verify-2fa":
            check(body == {"pending_token": "pending-2", "totp_code": "654321"}, body)
            return response(200, {"success": True, "token": token(501, int(time.time())), "admin": {"id": "1"}})
        if q.path == "/admin/auth/login":
            return response(200, {"success": True, "token": token(500, int(time.time())), "admin": {"id": "1"}})
        if q.path == "/v1/agents":
            return response(200, {"agents": [{"name": "shown", "sip": {"sip_password": "s3cr3t-sip", "extension": "1000"}, "phones": ["+12025550199"]}]},
                            headers="Set-Cookie: session=c00kie\r\nLocation: https://me:user-pass@cdn.test/a?token=in-location&x=1\r\n")
        if q.path.startswith("/v1/unsubscribe/"):
            return response(200, {"success": True})
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


OLD = token(99, 1500000000)


def expired(server, d):
    server.n = 1000
    d.ask("tokens %s refresh-0" % OLD, "OK")


class Failing(Platform):
    """its refresh fails so many times, in this way, before it works"""

    def __init__(self, times, how):
        self.times, self.how = times, how
        super().__init__()

    def react(self, sock, q):
        if q.path == "/v1/auth/refresh" and self.refreshes < self.times:
            self.refreshes += 1
            return self.how()
        return super().react(sock, q)


@suite.case("a refresh whose connection is lost, or that a server is too busy for, is asked for again: reads and writes that waited all go")
def refresh_again(t):
    for how in lambda: None, lambda: response(503, {"error": "x"}), lambda: response(429, {"error": "x", "retry_after": 0.2}):
        for line in "GET /v1/calls", "POST /v1/sms/send {}":
            with Failing(1, how) as server, Driver(t, server.url, base=1) as d:
                expired(server, d)
                check(d.ask("par 12 " + line).get("OK") == 12, line)
                check(server.refreshes == 2, server.refreshes)
                check(len([q for q in server.seen if q.path in line]) == 12, "sent without a token")


@suite.case("an outage of the refresh is not amplified: two hundred that wait bring twenty tries more, and each is told why")
def refresh_outage(t):
    for how in lambda: None, lambda: response(503, {"error": "x"}):
        with Failing(10**6, how) as server, Driver(t, server.url, base=100) as d:
            expired(server, d)
            a = d.ask("par 200 GET /v1/calls")
            check(a["failed"] == 200 and a.get("OK") is None, a)
            check(server.refreshes <= 23, server.refreshes, "refreshes")
            check(not server.count("GET", "/v1/calls"), "sent without a token")


@suite.case("a portal's page in the place of an answer does not end a session; a refusal of the platform's does")
def portal(t):
    page = "<!DOCTYPE html><title>Sign in to this network</title>"
    for status in 401, 403, 511, 200:
        with Failing(1, lambda: response(status, page, "text/html")) as server, Driver(t, server.url, store=",") as d:
            expired(server, d)
            d.ask("GET /v1/calls")
            d.ask("GET /v1/calls", "OK")
    with Failing(1, lambda: response(401, {"success": False, "error": "Invalid refresh token"})) as server, Driver(t, server.url, store=",") as d:
        expired(server, d)
        check(d.ask("GET /v1/calls", "IRISX_E_AUTH")["reason"] == "session_ended", "another reason")
        d.ask("GET /v1/calls", "IRISX_E_AUTH")
        check(server.refreshes == 1, server.refreshes)
        wait_for(lambda: d.ask("metrics")["stored"] == "", "the store empty")


@suite.case("a wrong clock does no harm: a token's life is counted from when it came, and the server's clock is learned")
def wrong_clock(t):
    class Dated(Platform):
        def react(self, sock, q):
            answer = super().react(sock, q)
            return answer.replace(b"Content-Type", b"Date: %s\r\nContent-Type" % email.utils.formatdate(usegmt=True).encode(), 1)
    for days in "400", "-400":
        with Dated() as server, Driver(t, server.url, environment=preload(Programs.clock, FAKE_CLOCK_DAYS=days)) as d:
            d.ask("login a@b.c secret-pass", "OK")
            for n in range(3):
                d.ask("GET /v1/calls", "OK")
            check(server.refreshes == 0, days, server.refreshes)
            d.ask("tokens %s refresh-1" % token(server.n, int(time.time())), "OK")
            d.ask("GET /v1/calls", "OK")
            check(server.refreshes == 0, "a token that lives, by the server's clock", days)
            d.ask("tokens %s refresh-1" % token(77, int(time.time()) - 86400), "OK")
            d.ask("GET /v1/calls", "OK")
            check(server.refreshes == 1 and server.count("GET", "/v1/calls") == 5, "one that has ended, by the server's clock", days)


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
        check(d.ask("admin two@x.y secret-pass", "IRISX_E_AUTH")["reason"] == "requires_2fa", "another reason")
        d.ask("code 654321", "OK")
        d.ask("op admin.tenants.list {}", "OK")
        check(server.seen[-1].headers["authorization"].endswith("sig501"), "not as staff with a second factor")
        d.ask("GET /v1/calls", "OK")
        d.ask("logout 0", "OK")
        check(json.loads(server.seen[-1].body)["refresh_token"].startswith("refresh-"), server.seen[-1].body)
        wait_for(lambda: d.ask("metrics")["stored"] == "", "the store empty")
        d.ask("GET /v1/calls", "IRISX_E_AUTH")
        d.ask("logout 0", "IRISX_E_STATE")
        d.ask("code 123456", "IRISX_E_STATE")


@suite.case("no token, password, key or code stands in the log, bodies and headers shown; nor a telephone number where that is wanted")
def log(t):
    secrets = ["secret-pass", "refresh-", "sig1", "irisx_live_0123456789", "+12025550199", "%2B12025550199", "s3cr3t-sip", "tok-in-path", "c00kie",
               "in-location", "user-pass"]
    with Platform() as server, Driver(t, server.url, key="irisx_live_0123456789", log=t.path("log"), bodies=1, phones=1) as d:
        d.ask("login a@b.c secret-pass", "OK")
        d.ask('POST /v1/x?phone=%2B12025550199&token=refresh-77 {"to":"+12025550199","sip_password":"s3cr3t-sip","name":"visible"}')
        d.ask("GET /v1/calls", "OK")
        d.ask('op unsubscribe.get {"token":"tok-in-path"}')
        d.ask("GET /v1/agents")
    text = open(t.path("log")).read()
    for secret in secrets:
        check(secret not in text, secret, "stands in the log:", text)
    for seen in "visible", "shown", "1000", "GET", "/v1/calls", "HTTP 200", "X-API-Key: ***":
        check(seen.lower() in text.lower(), seen, "is missing:", text)


if __name__ == "__main__":
    arguments("driver", "clock")
    suite.run(4)
