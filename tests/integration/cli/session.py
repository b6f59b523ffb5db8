#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who the command is: login, logout, second factor, staff, credential commands, renewed tokens, settings and their order.
usage: session.py IRISX SANDBOX    (TAP on stdout)"""
import base64
import hashlib
import hmac
import json
import os
import stat
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import AUTH, FAILED, INTERRUPTED, OK, USAGE, Process, Programs, Suite, arguments, check, wait_for  # noqa: E402
from httpserver import HttpServer, response  # noqa: E402
from terminal import on_terminal  # noqa: E402

suite = Suite()
KEY = "irisx_live_" + "5e" * 32


def jwt(**claims):
    part = lambda v: base64.urlsafe_b64encode(json.dumps(v).encode()).decode().rstrip("=")  # noqa: E731
    return "%s.%s.%s" % (part({"alg": "HS256", "typ": "JWT"}), part(claims), "c2lnbmF0dXJl")


NOW = int(time.time())
OLD = jwt(userId="1", iat=NOW - 90000, exp=NOW - 3600)
NEW = jwt(userId="1", iat=NOW, exp=NOW + 86400)
REFRESH = jwt(userId="1", iat=NOW - 90000, exp=NOW + 500000)
STAFF = jwt(adminId="9", iat=NOW, exp=NOW + 14400)


def profile(t, name="default"):
    with open(t.path("config.json")) as f:
        return json.load(f)["profiles"][name]


def keep(t, name="default", **members):
    """A profile as an earlier login has left it"""
    t.secrets += [v for k, v in members.items() if "token" in k or k == "api_key"]
    t.write("config.json", json.dumps({"profiles": {name: members}}))
    os.chmod(t.path("config.json"), 0o600)


def account(t, sandbox):
    t.secrets += sandbox.secrets
    return sandbox.facts["user"]["email"], sandbox.facts["user"]["password"]


def login(t, sandbox, *more, **env):
    email, password = account(t, sandbox)
    return t.irisx("login", "--api-url", sandbox.api, "--email", email, "--password-file", t.secret_file(password), *more, **env)


# ---- logging in and out ---------------------------------------------------------------------------------------------
@suite.case("login asks for what is missing; the password is not shown, and the session is kept for its owner alone")
def _(t):
    sandbox = suite.sandbox()
    email, password = account(t, sandbox)
    tty = on_terminal(t, "login")
    for question, answer in (("URL of the platform's API: ", sandbox.api), ("email: ", email)):
        tty.wait(question)
        tty.type(answer + "\n")
    tty.wait("password: ")
    wait_for(lambda: not tty.echoes(), "a terminal that does not echo")
    tty.type(password + "\n")
    tty.wait("logged in as %s .* at %s" % (email, sandbox.api))
    tty.end(OK)
    check(password not in tty.text(), "the password is on the terminal")
    check(stat.S_IMODE(os.stat(t.path("config.json")).st_mode) == 0o600, "mode")
    check(profile(t)["api_url"] == sandbox.api and profile(t)["refresh_token"], profile(t).keys())
    me = t.irisx("api", "auth.me", "--json").expect(OK).json()
    check(email in json.dumps(me), me)


@suite.case("a signal at the password leaves the terminal as it was")
def _(t):
    tty = on_terminal(t, "login", "--api-url", "http://127.0.0.1:9", "--email", "a@b.test")
    tty.wait("password: ")
    wait_for(lambda: not tty.echoes(), "a terminal that does not echo")
    tty.type("\x03")
    wait_for(tty.echoes, "a terminal that echoes")
    tty.end(INTERRUPTED)
    check(not os.path.exists(t.path("config.json")), "something was kept")


@suite.case("logout ends the session at the platform and here")
def _(t):
    sandbox = suite.sandbox()
    login(t, sandbox).expect(OK)
    refresh = profile(t)["refresh_token"]
    t.secrets.append(refresh)
    t.irisx("logout").expect(OK, "logged out of")
    check("refresh_token" not in profile(t) and "access_token" not in profile(t), profile(t).keys())
    check(profile(t)["api_url"] == sandbox.api, "the platform is still known")
    t.write("r", refresh)
    p = t.irisx("api", "auth.refresh", "refresh_token=@r", "--json", env={"IRISX_API_KEY": sandbox.facts["api_key"]})
    check(p.end() == AUTH, "the refresh token still works:", p.text())
    t.irisx("logout").expect(AUTH, "nobody is logged in")


def totp(secret, later=0):
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + later), hashlib.sha1).digest()
    at = mac[-1] & 15
    return "%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


@suite.case("an account with a second factor is asked for its code")
def _(t):
    sandbox = t.sandbox(seed=11)
    login(t, sandbox).expect(OK)
    setup = t.irisx("api", "auth.two_factor.setup", "--json").expect(OK).json()["data"]
    t.irisx("api", "auth.two_factor.enable", "totp_code:=\"%s\"" % totp(setup["secret"])).expect(USAGE, "secret")
    t.write("code", totp(setup["secret"]))
    t.irisx("api", "auth.two_factor.enable", "totp_code=@code").expect(OK)
    p = login(t, sandbox)
    check(p.end() == AUTH and "--code-file" in p.err, p.text())
    t.write("code", totp(setup["secret"], 1))  # each code is good once; that of the next half minute is taken too
    login(t, sandbox, "--code-file", t.path("code")).expect(OK, "logged in")
    t.irisx("api", "auth.me").expect(OK)


@suite.case("login --admin keeps the session of staff beside the user's, and admin operations use it")
def _(t):
    def answer(_socket, q):
        if q.path == "/admin/auth/login":
            body = json.loads(q.body)
            check(body == {"email": "staff@b.test", "password": "staff-password"}, body)
            return response(200, {"success": True, "token": STAFF, "expires_at": "2030-01-01T00:00:00Z",
                                  "admin": {"id": 9, "email": "staff@b.test", "role": "superadmin"}})
        return response(200, {"admin": {"email": "staff@b.test"}, "who": q.headers.get("authorization", "")[-9:]})

    with HttpServer(answer) as server:
        keep(t, api_url=server.url, access_token=NEW, refresh_token=REFRESH)
        t.secrets.append(STAFF)
        t.irisx("login", "--admin", "--email", "staff@b.test", "--password-file", t.secret_file("staff-password")).expect(OK, "staff, superadmin")
        check(profile(t)["admin_access_token"] == STAFF and profile(t)["access_token"] == NEW, profile(t).keys())
        t.irisx("api", "admin.auth.me").expect(OK)
        check(server.seen[-1].headers["authorization"] == "Bearer " + STAFF, "another token")
        t.irisx("api", "auth.me").expect(OK)
        check(server.seen[-1].headers["authorization"] == "Bearer " + NEW, "another token")
        t.irisx("logout", "--admin").expect(OK)
        check(server.seen[-1].path == "/admin/auth/logout", server.seen[-1].path)
        check("admin_access_token" not in profile(t) and profile(t)["access_token"] == NEW, profile(t).keys())


README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "README.md")


@suite.case("the README's first hour: the sandbox tells what to type, and each line of it works")
def _(t):
    os.symlink(Programs.irisx, t.path("irisx"))
    tty = on_terminal(t, "sandbox", columns=120, env={"IRISX_SANDBOX": Programs.sandbox})
    password = tty.wait(r"^  password +(\S+)$").group(1)
    hint = tty.wait(r"^  (irisx login --api-url \S+ --email \S+)$").group(1)
    tty.wait("for programs")
    with open(README) as f:
        block = f.read().split("and in another terminal:")[1].split("```")[1]
    lines = [line.split("  #")[0].strip() for line in block.strip().split("\n")]
    check(lines[0] == "irisx login" and len(lines) > 8, lines)
    env = {"PATH": t.folder + ":" + os.environ["PATH"]}
    t.write("text.txt", "from the README\n")
    Process(t, ["sh", "-c", hint + " --password-file " + t.secret_file(password)], env=env).expect(OK, "logged in")
    for line in lines[1:]:
        stays = line.startswith("irisx line ")  # until it is interrupted
        p = Process(t, ["bash", "-c", "exec " + line if stays else line], env=env)
        if stays:
            p.line(": free")
            p.signal(2)
        check(p.end() == (INTERRUPTED if stays else OK), line, "said", p.text())
    tty.type("\x03")
    tty.end(INTERRUPTED)


@suite.case("the sandbox prints its line of JSON in a pipe, and on a terminal with --json")
def _(t):
    env = {"IRISX_SANDBOX": Programs.sandbox}
    tty = on_terminal(t, "sandbox", "--json", columns=200, env=env)
    tty.wait(r'^\{"ready":true,"api_url"')
    tty.type("\x03")
    tty.end(INTERRUPTED)
    p = t.irisx("sandbox", env=env, secret=False)
    check(json.loads(p.line(r"^\{", "out"))["ready"], p.out)
    p.signal(2)
    p.expect(INTERRUPTED)


# ---- renewed tokens -------------------------------------------------------------------------------------------------
def renewing(gate=None):
    def answer(_socket, q):
        if q.path == "/v1/auth/refresh":
            if gate:
                gate.wait(30)
            return response(200, {"success": True, "message": "Token refreshed", "data": {"access_token": NEW, "expires_in": "24h"}})
        if q.headers.get("authorization") == "Bearer " + NEW:
            return response(200, {"calls": [], "pagination": {"page": 1, "limit": 20, "total": 0, "pages": 0}})
        return response(401, {"error": "Token expired"})
    return HttpServer(answer)


@suite.case("a renewed token is kept in the profile, whole, for its owner alone; the next command uses it")
def _(t):
    with renewing() as server:
        keep(t, api_url=server.url, access_token=OLD, refresh_token=REFRESH, note="mine")
        t.secrets.append(NEW)
        t.irisx("api", "calls.list").expect(OK)
        check(profile(t) == {"api_url": server.url, "access_token": NEW, "refresh_token": REFRESH, "note": "mine"}, profile(t))
        check(stat.S_IMODE(os.stat(t.path("config.json")).st_mode) == 0o600, "mode")
        check(not os.path.exists(t.path("config.json.new")), "what was written beside it is left")
        t.irisx("api", "calls.list").expect(OK)
        check(server.count("POST", "/v1/auth/refresh") == 1, "renewed again")


@suite.case("commands at once keep what each of them renewed")
def _(t):
    gate = threading.Event()
    names = ["p%d" % i for i in range(6)]
    with renewing(gate) as server:
        t.write("config.json", json.dumps({"profiles": {n: {"api_url": server.url, "access_token": OLD, "refresh_token": REFRESH} for n in names}}))
        os.chmod(t.path("config.json"), 0o600)
        t.secrets += [NEW, OLD, REFRESH]
        started = [t.irisx("api", "calls.list", "--profile", n) for n in names]
        wait_for(lambda: server.count("POST", "/v1/auth/refresh") == len(names), "all of them")
        gate.set()
        for p in started:
            p.expect(OK)
        for n in names:
            check(profile(t, n)["access_token"] == NEW, n, "lost its token")


@suite.case("two commands of one profile both go on, and the file is whole at each moment")
def _(t):
    gate = threading.Event()
    with renewing(gate) as server:
        keep(t, api_url=server.url, access_token=OLD, refresh_token=REFRESH)
        t.secrets.append(NEW)
        started = [t.irisx("api", "calls.list") for _ in range(4)]
        wait_for(lambda: server.count("POST", "/v1/auth/refresh") == 4, "all of them")
        gate.set()
        while any(p.child.poll() is None for p in started):
            check(profile(t)["refresh_token"] == REFRESH, "half a file")
        for p in started:
            p.expect(OK)
        check(profile(t)["access_token"] == NEW, "not kept")


@suite.case("who logged in meanwhile is not overwritten by a token that is renewed for another")
def _(t):
    gate = threading.Event()
    with renewing(gate) as server:
        keep(t, api_url=server.url, access_token=OLD, refresh_token=REFRESH)
        p = t.irisx("api", "calls.list")
        wait_for(lambda: server.count("POST", "/v1/auth/refresh") == 1, "the renewal")
        other = jwt(userId="2", iat=NOW, exp=NOW + 86400)
        keep(t, api_url=server.url, access_token=other, refresh_token=other + "r")
        t.secrets.append(NEW)
        gate.set()
        p.expect(OK)
        check(profile(t)["access_token"] == other, "it was")


@suite.case("a configuration file that is no JSON is not overwritten")
def _(t):
    t.write("config.json", '{"profiles": {')
    os.chmod(t.path("config.json"), 0o600)
    p = t.irisx("config", "set", "api_url", "http://127.0.0.1:9")
    p.expect(FAILED, "not valid JSON")
    with open(t.path("config.json")) as f:
        check(f.read() == '{"profiles": {', "it was")


# ---- credential commands --------------------------------------------------------------------------------------------
def who():
    return HttpServer(lambda _s, q: response(200, {"calls": [], "pagination": {"page": 1, "limit": 20, "total": 0, "pages": 0}}))


@suite.case("a credential command gives a key, a token, or both in JSON; from option, environment or profile")
def _(t):
    t.secrets += [KEY, NEW, STAFF]
    t.write("key", KEY + "\nsecond line\n")
    t.write("token", NEW + "\n")
    t.write("both", json.dumps({"access_token": NEW, "admin_access_token": STAFF}))
    with who() as server:
        env = {"IRISX_API_URL": server.url}
        t.irisx("api", "calls.list", "--credential-command", "cat key", env=env).expect(OK)
        check(server.seen[-1].headers.get("x-api-key") == KEY, "key")
        t.irisx("api", "calls.list", env={**env, "IRISX_CREDENTIAL_COMMAND": "cat token"}).expect(OK)
        check(server.seen[-1].headers.get("authorization") == "Bearer " + NEW, "token")
        t.irisx("config", "set", "api_url", server.url).expect(OK)
        t.irisx("config", "set", "credential_command", "cat both").expect(OK)
        t.irisx("api", "calls.list").expect(OK)
        check(server.seen[-1].headers.get("authorization") == "Bearer " + NEW, "JSON")
        t.irisx("api", "admin.auth.me").expect(OK)
        check(server.seen[-1].headers.get("authorization") == "Bearer " + STAFF, "staff")
        with open(t.path("config.json")) as f:
            check(NEW not in f.read(), "what the command printed is kept")
        p = t.irisx("api", "calls.list", "--dry-run", "--log", "trace").expect(OK)
        check("Bearer ***" in p.out, p.out)


@suite.case("a credential command runs only when a request is made, and says how it failed")
def _(t):
    env = {"IRISX_API_URL": "http://127.0.0.1:9", "IRISX_CREDENTIAL_COMMAND": "touch ran; exit 7"}
    t.irisx("api", "--list", "sms.send", env=env).expect(OK)
    t.irisx("api", "--describe", "sms.send", env=env).expect(OK)
    check(not os.path.exists(t.path("ran")), "it ran")
    t.irisx("api", "calls.list", env=env).expect(AUTH, r"credential command failed \(status 7\)")
    check(os.path.exists(t.path("ran")), "it did not run")
    t.irisx("api", "calls.list", "--credential-command", "true", env=env).expect(AUTH, "printed no credential")
    error = t.irisx("api", "calls.list", "--credential-command", "yes", "--json", env=env)
    check(error.end() == AUTH and error.error()["code"] == "IRISX_E_AUTH", error.text())


@suite.case("Ctrl-C ends a credential command that waits")
def _(t):
    tty = on_terminal(t, "api", "calls.list", "--api-url", "http://127.0.0.1:9", "--credential-command", "echo waits >&2; cat")
    tty.wait("waits")
    tty.type("\x03")
    tty.end(INTERRUPTED)


# ---- settings -------------------------------------------------------------------------------------------------------
@suite.case("an option beats the environment, the environment the profile; config tells which")
def _(t):
    with who() as flag, who() as env, who() as kept:
        keep(t, api_url=kept.url, api_key=KEY)
        for server, words, environment, source in (
                (kept, (), {}, "profile"), (env, (), {"IRISX_API_URL": env.url}, "IRISX_API_URL"),
                (flag, ("--api-url", flag.url), {"IRISX_API_URL": env.url}, "--api-url")):
            t.irisx("api", "GET", "/v1/x", *words, env=environment).expect(OK)
            check(len(server.seen) == 1, source)
            rows = {r["setting"]: r for r in t.irisx("config", "--json", *words, env=environment).expect(OK).json()}
            check((rows["api_url"]["value"], rows["api_url"]["from"]) == (server.url, source), rows)
        other = "irisx_live_" + "77" * 32
        third = "irisx_live_" + "88" * 32
        t.irisx("api", "calls.list", env={"IRISX_API_KEY": other}).expect(OK)
        check(kept.seen[-1].headers["x-api-key"] == other, "environment")
        t.irisx("api", "calls.list", "--api-key-file", t.secret_file(third), env={"IRISX_API_KEY": other}).expect(OK)
        check(kept.seen[-1].headers["x-api-key"] == third, "option")
        t.irisx("api", "calls.list", "--profile", "none").expect(USAGE, 'no profile "none"', "default")


@suite.case("the credentials of a profile go to its platform alone")
def _(t):
    with who() as ours, who() as other:
        keep(t, api_url=ours.url, access_token=NEW, refresh_token=REFRESH)
        p = t.irisx("api", "GET", "/v1/x", "--api-url", other.url).expect(OK)
        check("authorization" not in other.seen[-1].headers, "a token went to another platform", p.text())
        t.irisx("api", "GET", "/v1/x", "--api-url", ours.url + "/").expect(OK)
        check(ours.seen[-1].headers.get("authorization") == "Bearer " + NEW, "ours")


@suite.case("config set and unset; a key is typed or comes from a file, and never from the command line")
def _(t):
    t.irisx("config", "set", "api_key", KEY[:-1] + "f").expect(USAGE, "api_key is a secret")
    t.irisx("config", "set", "api_key", "@" + t.secret_file(KEY)).expect(OK)
    check(profile(t)["api_key"] == KEY, "kept")
    tty = on_terminal(t, "config", "set", "api_key", "--profile", "work")
    tty.wait("api_key: ")
    wait_for(lambda: not tty.echoes(), "a terminal that does not echo")
    tty.type("typed-key\n")
    tty.end(OK)
    check("typed-key" not in tty.text() and profile(t, "work")["api_key"] == "typed-key", tty.text())
    t.irisx("config", "unset", "api_key").expect(OK)
    check("api_key" not in profile(t) and profile(t, "work"), "unset")
    t.irisx("config", "set", "api_ulr", "x").expect(USAGE, "did you mean api_url")


@suite.case("an address that is no URL is told, with where it is from")
def _(t):
    t.irisx("api", "GET", "/x", env={"IRISX_API_URL": "127.0.0.1:80"}).expect(USAGE, "begins with https://", "IRISX_API_URL")
    t.irisx("api", "GET", "/x", "--api-url", "ftp://x").expect(USAGE, "begins with https://", "--api-url")


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run()
