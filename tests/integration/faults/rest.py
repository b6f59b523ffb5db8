#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The REST side of `irisx` against a platform that refuses in every shape of the contract, answers pages, halves and floods,
or nothing. The library's own cases are in tests/integration/api; these are the command's: status, sentence, JSON, secrets.
usage: rest.py IRISX    (TAP on stdout)"""
import json
import os

from harness import AUTH, FAILED, NETWORK, NOT_FOUND, OK, UNKNOWN, USAGE, Suite, arguments, check, slow
from httpserver import HttpServer, response

suite = Suite()
KEY = "irisx_live_0123456789abcdef0123456789abcdef"
ISSUES = [{"code": "invalid_type", "expected": "string", "received": "undefined", "path": ["to"], "message": "Required"}]
PAGE = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


def sms(t, server, *words, **more):
    return t.irisx("sms", *words, "--api-url", server.url, "--api-key-file", t.secret_file(KEY), "--json", **more)


def listed(t, answer, status, code, *patterns, **more):
    with HttpServer(answer if callable(answer) else lambda sock, q: answer) as server:
        p = sms(t, server, "list")
        p.expect(status, *patterns, **more)
        check(p.error()["code"] == code, p.error())
        check(all(q.headers.get("x-api-key") == KEY for q in server.seen), "the key was not sent")
        return p.error(), server


@suite.case("every error shape of the contract ends with its status, its sentence and what the platform said")
def shapes(t):
    for http, body, status, code, words in (
            (404, {"error": "Not Found", "message": "Call not found", "code": "CALL_NOT_FOUND"}, NOT_FOUND, "NOT_FOUND", "Call not found"),
            (400, {"error": "Bad Request", "message": "Invalid", "code": "X", "details": ISSUES}, FAILED, "HTTP", "to: Required"),
            (500, {"error": "Failed to get contact", "message": "invalid input syntax for type bigint"}, FAILED, "SERVER", "bigint"),
            (404, {"error": "Contact not found"}, NOT_FOUND, "NOT_FOUND", "Contact not found"),
            (400, {"success": False, "error": "Nope", "details": "why not"}, FAILED, "HTTP", "Nope"),
            (400, {"error": "Validation failed", "details": ISSUES}, FAILED, "HTTP", "to: Required"),
            (404, {"error": "Not Found", "message": "The requested endpoint does not exist", "path": "/v1/sms"}, FAILED, "NOT_AVAILABLE", "does not have|does not exist"),
            (500, {"error": "Internal Server Error", "message": "column u.name does not exist", "timestamp": "2026"}, FAILED, "SERVER", "u.name"),
            (404, {"message": "No callers in queue or no agents available"}, NOT_FOUND, "NOT_FOUND", "No callers"),
            (400, {"success": False, "error": {"issues": ISSUES, "name": "ZodError"}}, FAILED, "HTTP", "to: Required"),
            (200, {"success": False, "error": "Command failed: fs_cli"}, FAILED, "HTTP", "Command failed"),
            (403, {"error": "Forbidden", "message": "Number is on the DNC list", "blocked": True, "to": "+1"}, AUTH, "FORBIDDEN", "DNC"),
            (401, {"error": "Unauthorized", "message": "Invalid API key", "code": "INVALID_API_KEY"}, AUTH, "AUTH", "API key")):
        error, server = listed(t, response(http, body), status, "IRISX_E_" + code, words)
        check(http == 200 or error["status"] == http, error)
        check(server.count("GET") == 1 or http >= 500, "asked again after", http)


@suite.case("a page instead of JSON is told as one, and what is likely wrong")
def html(t):
    listed(t, response(200, PAGE, "text/html"), FAILED, "IRISX_E_PROTOCOL", "page, not JSON")
    listed(t, response(500, PAGE, "text/html"), FAILED, "IRISX_E_SERVER", "HTML page")


@suite.case("JSON that is cut, not an object, too deep or not UTF-8 is a protocol error")
def bad_json(t):
    for body in '{"messages":[{"id":', "[1,2", "", "null", "[" * 100000, b'{"messages":"\xff\xfe"}', '{"messages":' + "9" * 5000 + "}":
        with HttpServer(lambda sock, q: response(200, body)) as server:
            p = sms(t, server, "list")
            check(p.end() in (OK, FAILED), p.text())
            check(p.child.returncode == OK or p.error()["code"] in ("IRISX_E_PROTOCOL", "IRISX_E_LIMIT", "IRISX_E_TOO_LARGE"), p.text()[:500])


@suite.case("a body cut short is a network error, not half a list")
def cut_short(t):
    def answer(sock, q):
        sock.sendall(response(200, '{"messages":[]', length=5000))
    listed(t, answer, NETWORK, "IRISX_E_NETWORK")


@suite.case("a response that never ends stops at the limit")
def flood(t):
    def answer(sock, q):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        while True:
            sock.sendall(b"1," * 50000)
    listed(t, answer, FAILED, "IRISX_E_TOO_LARGE")


@slow.case("a response that drips for ever, and one that never begins, end with the time limit, after 30 s")
def drip(t):
    def answer(sock, q):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
        sock.settimeout(0.5)
        while True:
            sock.sendall(b" ")
            try:
                if not sock.recv(1):
                    return
            except TimeoutError:
                pass
    with HttpServer(lambda sock, q: sock.recv(1) and None) as silent:
        other = sms(t, silent, "list")
        try:
            listed(t, answer, NETWORK, "IRISX_E_TIMEOUT", seconds=50)
        finally:
            other.expect(NETWORK, seconds=50)
        check(other.error()["code"] == "IRISX_E_TIMEOUT", other.error())


@suite.case("headers without end or sense are an error")
def headers(t):
    for data in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000, b"HTTP/1.1 banana\r\n\r\n", b"\0" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}":
        def answer(sock, q):
            sock.sendall(data)
        with HttpServer(answer) as server:
            p = sms(t, server, "list")
            check(p.end() in (FAILED, NETWORK), p.text()[-500:])
            check(p.error()["message"], p.text())


SECRETS = ("x-api-key", "authorization", "cookie", "idempotency-key")


def redirect(url, status=302):
    return lambda sock, q: response(status, "", headers="Location: %s/v1/sms?page=1\r\nSet-Cookie: a=b\r\n" % url)


@suite.case("a GET is redirected: to another origin without credential, cookie or key, and not with them again on the way back")
def redirected(t):
    with HttpServer(lambda sock, q: response(200, {"messages": []})) as thief:
        with HttpServer(redirect(thief.url)) as server:
            sms(t, server, "list").expect(OK)
            check(thief.count("GET") == 1 and server.count("GET") == 1, "asked", thief.count("GET"), server.count("GET"))
            check(not any(thief.seen[0].headers.get(n) for n in SECRETS), "sent elsewhere", thief.seen[0].headers)
        home = HttpServer(lambda sock, q: response(200, {"messages": []}) if "back" in q.path else redirect(between.url)(sock, q))
        between = HttpServer(lambda sock, q: response(307, "", headers="Location: %s/back\r\n" % home.url))
        with home, between:
            sms(t, home, "list").expect(OK)
            check(home.seen[0].headers.get("x-api-key") == KEY, home.seen[0].headers)
            check(not any(home.seen[1].headers.get(n) for n in SECRETS), "sent again", home.seen[1].headers)


@suite.case("a POST is not redirected, a circle ends after five, and what is no address of the web is not followed")
def not_redirected(t):
    with HttpServer(lambda sock, q: response(200, {})) as thief:
        for status in 301, 302, 307, 308:
            with HttpServer(redirect(thief.url, status)) as server:
                p = sms(t, server, "send", "--from", "+12025550100", "--to", "+12025550123", "hello")
                p.expect(FAILED)
                check(p.error()["code"] == "IRISX_E_PROTOCOL" and server.count("POST") == 1, p.error())
        check(not thief.seen, "the thief was asked")
    with HttpServer(lambda sock, q: response(302, "", headers="Location: /v1/sms\r\n")) as circle:
        p = sms(t, circle, "list")
        p.expect(FAILED, "too often")
        check(circle.count("GET") == 6, circle.count("GET"))
    for location in "file:///etc/passwd", "gopher://127.0.0.1/", "http://[::1", "javascript:alert(1)":
        listed(t, response(302, "", headers="Location: %s\r\n" % location), FAILED, "IRISX_E_PROTOCOL", "no address")


@suite.case("an SMS whose connection dies before the answer is seen once and told as unknown, with status 6")
def died(t):
    with HttpServer(lambda sock, q: None) as server:
        p = sms(t, server, "send", "--from", "+12025550100", "--to", "+12025550123", "hello")
        p.expect(UNKNOWN, "may have been")
        check(p.error()["code"] == "IRISX_E_OUTCOME_UNKNOWN", p.error())
        check(server.count("POST") == 1, server.count("POST"), "times")


@suite.case("an SMS on a kept-alive connection that dies after the login is seen once")
def died_kept_alive(t):
    def answer(sock, q):
        return response(200, {"success": True, "data": {"user": {"email": "a@b.c", "role": "admin"}, "tokens": {
            "access_token": "x.y.z-access", "refresh_token": "refresh-0123", "expires_in": 3600, "token_type": "Bearer"}}}) if "login" in q.path else None
    with HttpServer(answer) as server:
        t.irisx("login", "--api-url", server.url, "--email", "a@b.c", "--password-file", t.secret_file("hunter2-hunter2")).expect(OK, "logged in .*as a@b.c")
        t.secrets += ["x.y.z-access", "refresh-0123"]
        config = t.path("config.json")
        check(os.stat(config).st_mode & 0o777 == 0o600, "mode of the profile", oct(os.stat(config).st_mode))
        check("hunter2" not in open(config).read(), "the password was kept")
        p = t.irisx("sms", "send", "--from", "+12025550100", "--to", "+12025550123", "hello", "--json", "--log", "trace")
        p.expect(UNKNOWN)
        check(server.count("POST", "/v1/sms") == 1, "seen", server.count("POST", "/v1/sms"))
        check(server.seen[-1].headers.get("authorization") == "Bearer x.y.z-access", server.seen[-1].headers)


@suite.case("a login that is refused says so and keeps nothing")
def login_refused(t):
    with HttpServer(lambda sock, q: response(401, {"success": False, "error": "Invalid credentials"})) as server:
        p = t.irisx("login", "--api-url", server.url, "--email", "a@b.c", "--password-file", t.secret_file("hunter2-hunter2"), "--json")
        p.expect(AUTH, "Invalid credentials|refused")
        check(not os.path.exists(t.path("config.json")), "a profile was written")


@suite.case("a rate limit that is too long to wait for is told with its time")
def rate_limit(t):
    error, _ = listed(t, response(429, {"error": "Too many requests", "retry_after": 3600}, headers="Retry-After: 3600\r\n"), NETWORK, "IRISX_E_RATE_LIMITED")
    check(error.get("retry_after_ms", 0) >= 3000000, error)


@suite.case("a platform's error text cannot command the terminal")
def escapes(t):
    with HttpServer(lambda sock, q: response(400, {"error": "No \u001b[2J\u009b31m\u0007", "details": "\u001b]0;x\u0007"})) as server:
        p = t.irisx("sms", "list", "--api-url", server.url, "--api-key-file", t.secret_file(KEY))
        p.expect(FAILED)
        check("\x1b" not in p.text() and "\x9b" not in p.text() and "\x07" not in p.text(), repr(p.text()))
    row = {"message_sid": "SM1", "status": "delivered", "from_number": "+1", "to_number": "+2", "body": "hi \u001b[31m\nroot#"}
    with HttpServer(lambda sock, q: response(200, {"messages": [row], "pagination": {"page": 1, "limit": 50, "total": 1}})) as server:
        p = t.irisx("sms", "list", "--api-url", server.url, "--api-key-file", t.secret_file(KEY))
        p.end()
        check("\x1b" not in p.text() and len(p.out.split("\n")) <= 2, repr(p.text()))  # a head, one row


@suite.case("a profile that is no JSON is told and left alone; one that is read works")
def profiles(t):
    with HttpServer(lambda sock, q: response(404, {"error": "x"})) as server:
        t.write("config.json", "{broken")
        t.irisx("sms", "list").expect(USAGE, "not valid JSON", "--api-url.* or log in")
        check(open(t.path("config.json")).read() == "{broken", "the file was changed")
        t.secrets.append("the-key-of-a-profile")
        t.write("config.json", json.dumps({"profiles": {"work": {"api_url": server.url, "api_key": "the-key-of-a-profile"}}}))
        t.irisx("sms", "list", "--profile", "work", "--log", "trace").expect(NOT_FOUND)
        check(server.seen[-1].headers["x-api-key"] == "the-key-of-a-profile", server.seen[-1].headers)


if __name__ == "__main__":
    arguments("irisx")
    suite.run(4)
