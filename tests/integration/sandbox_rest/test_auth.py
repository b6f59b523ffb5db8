# SPDX-License-Identifier: MIT
"""/v1/auth, /v1/webrtc, what the platform says of itself, and what it does with what it does not know."""
import base64
import hashlib
import hmac
import json
import os
import sqlite3
import struct
import tempfile
import time

import harness
from harness import ISO, Case, Sandbox, until

NO_TOKEN, BAD_TOKEN = {"error": "No token provided"}, {"error": "Invalid token"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims, secret, alg="HS256"):
    text = b64(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + b64(json.dumps(claims).encode())
    return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def totp(secret, step):
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[19] & 15
    return "%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 1000000)


class Sessions(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.state = os.path.join(cls.folder.name, "state.db")
        cls.arguments = ("--state", cls.state)
        super().setUpClass()
        cls.box.login()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def secret(self):
        db = sqlite3.connect(self.state)
        try:
            return bytes.fromhex(db.execute("SELECT value FROM settings WHERE name = 'jwt_secret'").fetchone()[0])
        finally:
            db.close()

    def test_login_gives_a_user_and_tokens(self):
        answer = self.box.login().json
        self.assertEqual((answer["success"], answer["message"]), (True, "Login successful"))
        user, tokens = answer["data"]["user"], answer["data"]["tokens"]
        self.assertEqual(set(user), {"id", "tenant_id", "email", "first_name", "last_name", "phone", "role", "status", "tenant_name",
                                     "two_factor_enabled"})
        self.assertEqual((user["id"], user["tenant_id"], user["email"]), ("1", "1", self.box.ready["user"]["email"]))
        self.assertEqual(tokens["expires_in"], "24h")
        access, refresh = claims_of(tokens["access_token"]), claims_of(tokens["refresh_token"])
        self.assertEqual(access["exp"] - access["iat"], 24 * 3600)
        self.assertEqual({k: access[k] for k in ("userId", "tenantId", "email", "role")},
                         {"userId": "1", "tenantId": "1", "email": user["email"], "role": "admin"})
        self.assertEqual(refresh["exp"] - refresh["iat"], 7 * 24 * 3600)
        self.assertEqual(set(refresh), {"userId", "tenantId", "iat", "exp"})
        self.assertEqual(tokens["access_token"], jwt_again(tokens["access_token"], self.secret()))

    def test_login_refuses_what_does_not_fit(self):
        wrong = {"success": False, "error": "Invalid email or password"}
        email = self.box.ready["user"]["email"]
        for user in ({"email": email, "password": "wrong"}, {"email": "nobody@sandbox.test", "password": "x"}):
            self.refused(self.box.ask("POST", "/v1/auth/login", user), 401, wrong)
        answer = self.box.ask("POST", "/v1/auth/login", {"email": email})
        self.refused(answer, 400, {"success": False, "error": "Validation failed", "details": [
            {"code": "invalid_type", "expected": "string", "received": "undefined", "path": ["password"], "message": "Required"}]})
        answer = self.box.ask("POST", "/v1/auth/login", {"email": "x", "password": ""})
        self.assertEqual([d["code"] for d in answer.json["details"]], ["invalid_string", "too_small"])
        for body in (b"{", b"", b"[]"):
            answer = self.box.ask("POST", "/v1/auth/login", body)
            self.assertEqual(answer.status, 400 if body == b"[]" else 500)
            self.assertIs(answer.json["success"], False)

    def test_inactive_user_and_tenant_are_refused(self):
        for sql, words in (("users", "User account is inactive"), ("tenants", "Tenant account is inactive")):
            db = sqlite3.connect(self.state, timeout=harness.LIMIT)
            try:
                db.execute("UPDATE %s SET status = 'suspended'" % sql)
                db.commit()
                answer = self.box.ask("POST", "/v1/auth/login", self.box.ready["user"])
                self.refused(answer, 403, {"success": False, "error": words})
                if sql == "tenants":
                    answer = self.box.with_key("GET", "/v1/calls")
                    self.assertEqual((answer.status, answer.json["code"]), (403, "TENANT_INACTIVE"))
            finally:
                db.execute("UPDATE %s SET status = 'active'" % sql)
                db.commit()
                db.close()

    def test_me_tells_user_and_tenant(self):
        me = self.box.with_token("GET", "/v1/auth/me", op="auth.me").json["data"]
        self.assertEqual(me["tenant"], {"id": "1", "name": "Sandbox", "status": "active", "plan": "trial"})
        self.assertRegex(me["created_at"], ISO)
        self.assertRegex(me["last_login_at"], ISO)

    def test_refresh_does_not_rotate_and_logout_revokes_it(self):
        tokens = self.box.login().json["data"]["tokens"]
        body = {"refresh_token": tokens["refresh_token"]}
        for _ in range(2):
            answer = self.box.ask("POST", "/v1/auth/refresh", body, op="auth.refresh").json
            self.assertEqual((set(answer["data"]), answer["message"]), ({"access_token", "expires_in"}, "Token refreshed"))
        out = self.box.with_token("POST", "/v1/auth/logout", body, op="auth.logout").json
        self.assertEqual(out, {"success": True, "message": "Logged out successfully"})
        answer = self.box.ask("POST", "/v1/auth/refresh", body)
        self.refused(answer, 401, {"success": False, "error": "Invalid or expired refresh token"})
        self.box.with_token("GET", "/v1/auth/me", op="auth.me")  # the access token lives until it expires
        self.assertEqual(self.box.with_token("POST", "/v1/auth/logout").status, 500)
        self.assertEqual(self.box.with_token("POST", "/v1/auth/logout", {}).status, 400)
        self.assertEqual(self.box.ask("POST", "/v1/auth/refresh", {"refresh_token": tokens["access_token"]}).status, 401)

    def test_tokens_are_checked_whole(self):
        claims, secret = claims_of(self.box.token), self.secret()

        def me(token):
            answer = self.box.ask("GET", "/v1/auth/me", headers={"Authorization": token})
            return answer.status, answer.json

        self.assertEqual(me("Bearer " + jwt(claims, secret))[0], 200)
        self.assertEqual(me("Bearer " + jwt({**claims, "exp": int(time.time()) - 1}, secret)), (401, {"error": "Token expired"}))
        self.assertEqual(me("Bearer " + jwt({**claims, "exp": int(time.time()) - 1}, b"x" * 32)), (401, BAD_TOKEN))
        self.assertEqual(me("Bearer " + jwt(claims, secret, "none")), (401, BAD_TOKEN))
        self.assertEqual(me("Bearer " + jwt({**claims, "userId": "99"}, secret))[0], 404)
        refresh = self.box.login().json["data"]["tokens"]["refresh_token"]
        for bad in ("x", "a.b.c", "..", self.box.token[:-1], self.box.token + "A", self.box.key, refresh, "a" * 5000):
            self.assertEqual(me("Bearer " + bad), (401, BAD_TOKEN), bad)
        for none in ("bearer " + self.box.token, "Basic eDp5", ""):
            self.assertEqual(me(none), (401, NO_TOKEN), none)

    def test_a_second_factor_is_asked_for_once_it_is_enabled(self):
        ask, now = self.box.with_token, int(time.time()) // 30
        self.assertEqual(ask("GET", "/v1/auth/2fa/status").json, {"success": True, "data": {"enabled": False}})
        setup = ask("POST", "/v1/auth/2fa/setup", {}).json["data"]
        self.assertEqual(len(base64.b32decode(setup["secret"])), 20)
        self.assertIn(setup["secret"], setup["otpauth_url"])
        self.assertEqual(ask("POST", "/v1/auth/2fa/enable", {"totp_code": "abcdef"}).status, 400)
        self.assertEqual(ask("POST", "/v1/auth/2fa/enable", {"totp_code": totp(setup["secret"], now - 1)}).status, 200)
        try:
            data = self.box.ask("POST", "/v1/auth/login", self.box.ready["user"], op="auth.login").json["data"]
            self.assertEqual((set(data), data["requires_2fa"]), ({"requires_2fa", "pending_token", "message"}, True))
            self.assertEqual(claims_of(data["pending_token"])["pending_2fa"], True)
            pending = {"pending_token": data["pending_token"]}
            answer = self.box.ask("GET", "/v1/auth/me", headers={"Authorization": "Bearer " + data["pending_token"]})
            self.refused(answer, 401, BAD_TOKEN)
            used = self.box.ask("POST", "/v1/auth/verify-2fa", {**pending, "totp_code": totp(setup["secret"], now - 1)})
            self.refused(used, 401, {"success": False, "error": "Invalid 2FA code"})
            self.assertEqual(self.box.ask("POST", "/v1/auth/verify-2fa", {**pending, "totp_code": "12"}).status, 400)
            self.assertEqual(self.box.ask("POST", "/v1/auth/verify-2fa", {"pending_token": "x", "totp_code": "123456"}).status, 401)
            good = self.box.ask("POST", "/v1/auth/verify-2fa", {**pending, "totp_code": totp(setup["secret"], int(time.time()) // 30)},
                                op="auth.verify_2fa").json["data"]
            self.assertTrue(good["user"]["two_factor_enabled"])
            self.assertIn("access_token", good["tokens"])
        finally:
            off = {"password": self.box.ready["user"]["password"]}
            self.assertEqual(ask("POST", "/v1/auth/2fa/disable", {"password": "wrong", "totp_code": "000000"}).status, 401)
            answer = ask("POST", "/v1/auth/2fa/disable", {**off, "totp_code": totp(setup["secret"], int(time.time()) // 30 + 1)})
            self.assertEqual(answer.status, 200, answer.raw)
        self.assertIn("tokens", self.box.login().json["data"])


def jwt_again(token, secret):
    """The same token, signed here: byte for byte."""
    text = token.rsplit(".", 1)[0]
    return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())


class Softphones(Case):
    def test_credentials_are_the_agents_of_the_user(self):
        answer = self.box.with_token("GET", "/v1/webrtc/credentials", op="webrtc.credentials.get").json
        self.assertEqual([(e["extension"], e["sip_password"]) for e in answer["extensions"]],
                         [(a["extension"], a["password"]) for a in self.box.ready["agents"]])
        self.assertEqual(answer["extensions"][0]["extension"], "1000")
        self.assertEqual({k: answer["extensions"][0][k] for k in ("agent_id", "status")}, {"agent_id": "1", "status": "available"})
        self.assertEqual(answer["sipConfig"], {"websocketUrl": self.box.ready["ws_url"], "realm": self.box.ready["realm"],
                                               "stunServers": [], "iceServers": []})
        self.assertEqual(set(answer["user"]), {"id", "tenant_id", "email", "first_name", "last_name"})
        config = self.box.with_token("GET", "/v1/webrtc/config", op="webrtc.config.get").json["config"]
        self.assertEqual(config, {**answer["sipConfig"], "turnServers": []})

    def test_they_need_a_token(self):
        for path in ("/v1/webrtc/credentials", "/v1/webrtc/config"):
            self.refused(self.box.ask("GET", path), 401, NO_TOKEN)
            self.refused(self.box.with_key("GET", path), 401, NO_TOKEN)

    def test_a_user_without_agents_gets_an_empty_list(self):
        with tempfile.TemporaryDirectory() as folder:
            box = Sandbox("--state", os.path.join(folder, "s"))
            try:
                db = sqlite3.connect(os.path.join(folder, "s"), timeout=harness.LIMIT)
                db.execute("DELETE FROM agents")
                db.commit()
                db.close()
                answer = box.with_token("GET", "/v1/webrtc/credentials", op="webrtc.credentials.get").json
                self.assertEqual((answer["extensions"], answer["sipConfig"], "user" in answer), ([], None, False))
            finally:
                box.stop()


class Unknown(Case):
    def test_what_is_not_there_is_401_below_v1_and_404_elsewhere(self):
        for method, path in (("GET", "/v1/nope"), ("GET", "/v1/auth/login"), ("POST", "/v1/sms"), ("PATCH", "/v1/webhooks/1"), ("GET", "/v1/calls/"),
                             ("GET", "/v1/auth/2fa/nope")):
            self.refused(self.box.ask(method, path), 401, NO_TOKEN)
            gone = {"error": "Not Found", "message": "The requested endpoint does not exist", "path": path}
            self.refused(self.box.with_token(method, path), 404, gone)
        self.refused(self.box.ask("GET", "/v1/nope", headers={"Authorization": "Bearer x"}), 401, BAD_TOKEN)
        self.refused(self.box.with_key("GET", "/v1/nope"), 401, NO_TOKEN)
        path = "/no%22pe?x=1"
        self.refused(self.box.ask("GET", path), 404,
                     {"error": "Not Found", "message": "The requested endpoint does not exist", "path": "/no%22pe"})

    def test_the_platform_tells_what_it_is(self):
        root = self.box.ask("GET", "/").json
        self.assertEqual((root["name"], root["version"]), ("IRISX API", "1.0.0"))
        health = self.box.ask("GET", "/health").json
        self.assertEqual((health["status"], health["database"]["status"]), ("healthy", "connected"))
        self.assertRegex(health["timestamp"], ISO)
        self.assertEqual(self.box.ask("GET", "/v1").json["endpoints"]["sms.send"], "POST /v1/sms/send")

    def test_pages_of_this_machine_may_ask(self):
        headers = self.box.ask("GET", "/").headers
        self.assertEqual((headers["Access-Control-Allow-Origin"], headers["Access-Control-Allow-Credentials"]), ("*", "true"))
        for origin, allowed in (("http://localhost:5173", True), ("http://127.0.0.1", True), ("https://example.test", False),
                                ("http://localhost.example.test", False), ("null", False)):
            headers = self.box.ask("GET", "/", headers={"Origin": origin}).headers
            self.assertEqual(headers["Access-Control-Allow-Origin"], origin if allowed else None)
        answer = self.box.ask("OPTIONS", "/v1/calls", headers={"Origin": "http://localhost:5173"})
        self.assertEqual((answer.status, answer.raw), (204, b""))
        self.assertNotIn("PATCH", answer.headers["Access-Control-Allow-Methods"])


class State(Case):
    arguments = ("--seed", "7")

    def test_a_seed_makes_the_same_credentials_but_not_the_same_tokens(self):
        other = Sandbox("--seed", "7")
        try:
            self.assertEqual([other.ready[k] for k in ("user", "api_key", "agents")], [self.box.ready[k] for k in ("user", "api_key", "agents")])
            other.login()
            answer = self.box.ask("GET", "/v1/auth/me", headers={"Authorization": "Bearer " + other.token})
            self.refused(answer, 401, BAD_TOKEN)
        finally:
            other.stop()

    def test_sessions_outlive_the_process_with_a_state_file(self):
        with tempfile.TemporaryDirectory() as folder:
            first = Sandbox("--state", os.path.join(folder, "s"))
            first.login()
            first.stop()
            second = Sandbox("--state", os.path.join(folder, "s"))
            try:
                self.assertEqual(second.ready["user"], first.ready["user"])
                second.token = first.token
                second.with_token("GET", "/v1/auth/me", op="auth.me")
                self.assertEqual(os.stat(os.path.join(folder, "s")).st_mode & 0o777, 0o600)
            finally:
                second.stop()


if __name__ == "__main__":
    harness.main()
