# SPDX-License-Identifier: MIT
"""/v1/calls: place, look at, list, act on, hang up; limits and refusals."""
import os
import sqlite3
import tempfile

import harness
from harness import ISO, Case, Receiver, Sandbox, until

PERSON, BUSY = "+12025550123", "9486"
FIRST = "+12025550100"
EVENTS = ["call.initiated", "call.ringing", "call.answered", "call.completed", "call.failed"]


class Calls(Case):
    def create(self, body, op="calls.create"):
        self.box.token or self.box.login()
        headers = {"Authorization": "Bearer " + self.box.token, "X-Forwarded-For": self.id()}  # a limit for each test
        return self.box.ask("POST", "/v1/calls", body, op, headers)

    def get(self, sid):
        return self.box.with_key("GET", "/v1/calls/" + sid, op="calls.get").json

    def test_a_call_rings_is_answered_and_is_hung_up(self):
        answer = self.create({"to": PERSON, "from": "+12025550101", "record": True, "metadata": {"order": "42"}, "extra": 1})
        made = answer.json
        self.assertEqual(answer.status, 201)
        self.assertRegex(made["sid"], "^CA[0-9a-f]{32}$")
        self.assertRegex(made["initiated_at"], ISO)
        self.assertEqual({k: made[k] for k in made if k not in ("sid", "initiated_at")},
                         {"status": "ringing", "from": "+12025550101", "to": PERSON, "record": True, "metadata": {"order": "42"}})
        got = until("answered", lambda: (c := self.get(made["sid"]))["status"] == "answered" and c)
        self.assertEqual({k: got[k] for k in ("direction", "from", "to", "duration", "recording_url", "ended_at", "metadata")},
                         {"direction": "outbound", "from": "+12025550101", "to": PERSON, "duration": None, "recording_url": None,
                          "ended_at": None, "metadata": {"order": "42"}})
        self.assertNotIn("record", got)
        path = "/v1/calls/%s/hangup" % made["sid"]
        self.assertEqual(self.box.with_key("POST", path, op="calls.hangup").json, {"sid": made["sid"], "status": "completed"})
        self.assertEqual(self.box.with_key("POST", path, {}, op="calls.hangup").json,
                         {"sid": made["sid"], "status": "completed", "message": "Call already ended"})
        ended = self.get(made["sid"])
        self.assertEqual(ended["status"], "completed")
        self.assertGreaterEqual(ended["duration"], 1)
        self.assertRegex(ended["ended_at"], ISO)

    def test_webhooks_follow_a_call(self):
        with Receiver() as receiver:
            hook = self.box.with_token("POST", "/v1/webhooks", {"url": receiver.url, "events": EVENTS}, op="webhooks.create").json["webhook"]

            def told(sid):
                return [d for d in receiver.events() if d.json["data"]["call_sid"] == sid]

            sid = self.create({"to": PERSON}).json["sid"]
            until("answered", lambda: "call.answered" in [d.event for d in told(sid)])
            self.box.with_key("POST", "/v1/calls/%s/hangup" % sid, op="calls.hangup")
            until("completed", lambda: [d.event for d in told(sid)] == EVENTS[:4])
            self.assertTrue(all(d.signed_with(hook["secret"]) for d in told(sid)))
            data = told(sid)[3].json["data"]
            self.assertEqual({k: data[k] for k in ("direction", "from", "to", "status", "hangup_cause")},
                             {"direction": "outbound", "from": FIRST, "to": PERSON, "status": "completed", "hangup_cause": "NORMAL_CLEARING"})
            self.assertGreaterEqual(data["duration"], 1)
            sid = self.create({"to": BUSY}).json["sid"]
            until("failed", lambda: [d.event for d in told(sid)][-1:] == ["call.failed"])
            data = told(sid)[-1].json["data"]
            self.assertEqual((data["status"], data["hangup_cause"], data["sip_status"]), ("failed", "USER_BUSY", 486))

    def test_the_first_number_calls_if_none_is_given(self):
        made = self.create({"to": PERSON, "dry_run": True}).json
        self.assertEqual((made["from"], made["record"], "metadata" in made), (FIRST, False, False))
        self.assertEqual(self.get(made["sid"])["metadata"], {})

    def test_a_busy_number_fails(self):
        made = self.create({"to": BUSY}).json
        got = until("failed", lambda: (c := self.get(made["sid"]))["status"] == "failed" and c)
        self.assertEqual((got["answered_at"], got["duration"]), (None, None))

    def test_a_dry_run_completes_by_itself(self):
        with Receiver() as receiver:
            self.box.with_token("POST", "/v1/webhooks", {"url": receiver.url, "events": EVENTS}, op="webhooks.create")
            made = self.create({"to": "+13035550199", "dry_run": True}).json
            got = until("completed", lambda: (c := self.get(made["sid"]))["status"] == "completed" and c)
            self.assertIn(got["duration"], range(1, 6))
            mine = until("its webhooks", lambda: len(m := [d for d in receiver.events() if d.json["data"]["call_sid"] == made["sid"]]) == 3 and m)
            self.assertEqual([d.event for d in mine], ["call.initiated", "call.ringing", "call.completed"])
            self.assertEqual([d.json["data"]["status"] for d in mine], ["initiated", "ringing", "completed"])
            self.assertEqual({k: mine[2].json["data"][k] for k in ("duration", "hangup_cause", "ended_at", "answered_at")},
                             {"duration": got["duration"], "hangup_cause": "NORMAL_CLEARING", "ended_at": got["ended_at"], "answered_at": None})

    def test_what_is_not_valid_is_said_in_zods_words(self):
        bad = {"error": "Bad Request", "message": "Validation failed", "code": "VALIDATION_ERROR"}
        self.refused(self.create({}, None), 400, {**bad, "details": [
            {"code": "invalid_type", "expected": "string", "received": "undefined", "path": ["to"], "message": "Required"}]})
        self.refused(self.create({"to": "sip:1000@x"}, None), 400, {**bad, "details": [
            {"validation": "regex", "code": "invalid_string", "path": ["to"], "message": "Invalid"}]})
        answer = self.create({"to": PERSON, "from": 1, "record": "yes"}, None)
        self.assertEqual([d["path"] for d in answer.json["details"]], [["from"], ["record"]])
        self.refused(self.create({"to": PERSON, "metadata": []}, None), 400, {**bad, "details": [
            {"code": "invalid_type", "expected": "object", "received": "array", "path": ["metadata"],
             "message": "Expected object, received array"}]})
        self.refused(self.create(b"{\"to\":", None), 500,
                     {"error": "Internal Server Error", "message": "Failed to create call", "code": "CALL_CREATE_ERROR"})

    def test_a_foreign_caller_id_is_refused(self):
        answer = self.create({"to": PERSON, "from": "+19995550100"}, None)
        self.assertEqual((answer.status, answer.json["error"], answer.json["code"]), (403, "Forbidden", "INVALID_CALLER_ID"))

    def test_calls_need_a_key_or_a_token(self):
        missing = {"error": "Unauthorized", "message": "Missing authentication (Bearer token or X-API-Key)", "code": "MISSING_AUTH"}
        for method, path in (("POST", "/v1/calls"), ("GET", "/v1/calls"), ("GET", "/v1/calls/CA1"), ("POST", "/v1/calls/CA1/hangup")):
            self.refused(self.box.ask(method, path), 401, missing)
        self.refused(self.box.ask("GET", "/v1/calls", headers={"X-API-Key": "irisx_live_0"}), 401,
                     {"error": "Unauthorized", "message": "Invalid API key", "code": "INVALID_API_KEY"})
        self.refused(self.box.ask("GET", "/v1/calls", headers={"Authorization": "Bearer " + self.box.key}), 401, {"error": "Invalid token"})
        self.box.with_key("GET", "/v1/calls", op="calls.list")
        self.box.with_token("GET", "/v1/calls", op="calls.list")

    def test_unknown_calls_are_not_found(self):
        gone = {"error": "Not Found", "message": "Call not found", "code": "CALL_NOT_FOUND"}
        for method, end, body in (("GET", "", None), ("POST", "/hangup", None), ("POST", "/actions", {"verb": "hold"})):
            self.refused(self.box.with_key(method, "/v1/calls/CA" + "0" * 32 + end, body), 404, gone)

    def test_every_action_is_answered_in_its_shape(self):
        sid = self.create({"to": PERSON}).json["sid"]
        until("answered", lambda: self.get(sid)["status"] == "answered")
        recording = "/var/lib/irisx/recordings/%s.wav" % sid
        for body, action in (
                ({"verb": "say", "text": "Hello"}, {"verb": "say", "status": "executed", "text": "Hello"}),
                ({"verb": "play", "url": "http://127.0.0.1/a.wav", "loop": 2}, {"verb": "play", "status": "executed", "url": "http://127.0.0.1/a.wav", "loop": 2}),
                ({"verb": "gather", "num_digits": 4}, {"verb": "gather", "status": "started", "input": ["dtmf"], "timeout": 5, "num_digits": 4}),
                ({"verb": "enqueue", "queue_name": "support"}, {"verb": "enqueue", "status": "queued", "queue_name": "support", "max_wait_time": 300}),
                ({"verb": "record"}, {"verb": "record", "status": "recording_started", "path": recording}),
                ({"verb": "record", "action": "stop"}, {"verb": "record", "status": "recording_stopped"}),
                ({"verb": "hold"}, {"verb": "hold", "status": "held"}),
                ({"verb": "mute"}, {"verb": "mute", "status": "muted", "direction": "both"}),
                ({"verb": "unmute", "direction": "inbound"}, {"verb": "unmute", "status": "unmuted", "direction": "inbound"}),
                ({"verb": "dial", "number": "9196"}, {"verb": "dial", "status": "initiated", "number": "9196", "timeout": 30})):
            answer = self.box.with_key("POST", "/v1/calls/%s/actions" % sid, body, op="calls.actions").json
            self.assertEqual((answer["sid"], answer["action"]), (sid, action))
            self.assertRegex(answer["executed_at"], ISO)
        self.assertEqual(self.get(sid)["recording_url"], recording)

        def refusal(body):
            answer = self.box.with_key("POST", "/v1/calls/%s/actions" % sid, body)
            return answer.status, answer.json["code"]

        self.assertEqual(refusal({"text": "x"}), (400, "MISSING_VERB"))
        self.assertEqual(refusal({"verb": "resume"}), (400, "UNKNOWN_VERB"))
        self.assertEqual(refusal({"verb": "say", "text": ""}), (400, "VALIDATION_ERROR"))
        self.assertEqual(refusal({"verb": "gather", "timeout": 61}), (400, "VALIDATION_ERROR"))
        self.assertEqual(refusal(b"nonsense"), (500, "CALL_ACTION_ERROR"))
        hangup = self.box.with_key("POST", "/v1/calls/%s/actions" % sid, {"verb": "hangup"}, op="calls.actions").json["action"]
        self.assertEqual(hangup, {"verb": "hangup", "status": "completed", "reason": "NORMAL_CLEARING"})
        self.assertEqual(refusal({"verb": "hold"}), (400, "INVALID_CALL_STATE"))


class Limit(Case):
    def place(self, **headers):
        return self.box.ask("POST", "/v1/calls", {"to": PERSON, "dry_run": True}, headers=headers)

    def test_ten_calls_a_minute_for_each_caller(self):
        self.box.login()
        for caller in ({"X-API-Key": self.box.key}, {"Authorization": "Bearer " + self.box.token, "X-Forwarded-For": "192.0.2.1"},
                       {"Authorization": "Bearer " + self.box.token}):
            for left in range(9, -1, -1):
                answer = self.place(**caller)
                self.assertEqual((answer.status, answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]),
                                 (201, "10", str(left)))
                self.assertGreater(int(answer.headers["X-RateLimit-Reset"]), 10 ** 12)
            answer = self.place(**caller)
            self.refused(answer, 429, {"error": "Too Many Requests", "message": "Rate limit exceeded. Maximum 10 requests per 60 seconds.",
                                       "code": "RATE_LIMIT_EXCEEDED", "retry_after": 60})
            self.assertFalse([h for h in answer.headers if h.lower().startswith(("x-ratelimit", "retry-after"))])
        self.box.with_key("GET", "/v1/calls", op="calls.list")  # only placing them is limited


class Pages(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sids = [cls.box.with_key("POST", "/v1/calls", {"to": "+1303555%04d" % i, "dry_run": True}, op="calls.create").json["sid"]
                    for i in range(5)]

    def page(self, query):
        answer = self.box.with_key("GET", "/v1/calls?" + query, op="calls.list").json
        return [c["sid"] for c in answer["calls"]], answer["pagination"]

    def test_pages_are_newest_first(self):
        newest = self.sids[::-1]
        self.assertEqual(self.page(""), (newest, {"total": 5, "limit": 50, "offset": 0, "has_more": False}))
        self.assertEqual(self.page("limit=2"), (newest[:2], {"total": 5, "limit": 2, "offset": 0, "has_more": True}))
        self.assertEqual(self.page("limit=2&offset=4"), (newest[4:], {"total": 5, "limit": 2, "offset": 4, "has_more": False}))
        self.assertEqual(self.page("offset=9"), ([], {"total": 5, "limit": 50, "offset": 9, "has_more": False}))
        self.assertEqual(self.page("limit=2&offset=3"), (newest[3:], {"total": 5, "limit": 2, "offset": 3, "has_more": False}))
        self.assertEqual(self.page("limit=0"), ([], {"total": 5, "limit": 0, "offset": 0, "has_more": True}))
        self.assertEqual(self.page("limit=1000")[1]["limit"], 100)
        self.assertEqual(self.page("status=no-answer"), ([], {"total": 0, "limit": 50, "offset": 0, "has_more": False}))
        item = self.box.with_key("GET", "/v1/calls?limit=1").json["calls"][0]
        self.assertEqual(set(item), {"sid", "direction", "from", "to", "status", "duration", "answered_at", "ended_at", "initiated_at"})

    def test_numbers_that_are_none_are_500(self):
        for query in ("limit=abc", "limit=-1", "offset=-1", "offset=x", "limit=%ff"):
            answer = self.box.with_key("GET", "/v1/calls?" + query)
            self.assertEqual((answer.status, answer.json["code"]), (500, "CALL_LIST_ERROR"), query)


class Restart(harness.unittest.TestCase):
    def test_calls_of_an_earlier_process_have_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            box = Sandbox("--state", state)
            sid = box.with_key("POST", "/v1/calls", {"to": "9408"}, op="calls.create").json["sid"]
            dry = box.with_key("POST", "/v1/calls", {"to": "9408", "dry_run": True}, op="calls.create").json["sid"]
            box.child.kill()  # a crash: nothing is tidied up
            box.child.wait()
            box.child.stdin.close()
            box.child.stdout.close()
            box.shape.close()
            box.log.close()
            box = Sandbox("--state", state)
            try:
                self.assertEqual(box.with_key("GET", "/v1/calls/" + sid, op="calls.get").json["status"], "failed")
                until("the dry run goes on", lambda: box.with_key("GET", "/v1/calls/" + dry).json["status"] == "completed")
            finally:
                box.stop()

    def test_without_a_number_there_is_none_to_call_from(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            box = Sandbox("--state", state)
            try:
                db = sqlite3.connect(state, timeout=harness.LIMIT)
                db.execute("UPDATE phone_numbers SET status = 'released'")
                db.commit()
                db.close()
                answer = box.with_key("POST", "/v1/calls", {"to": PERSON})
                self.assertEqual((answer.status, answer.json["code"]), (400, "NO_DEFAULT_NUMBER"))
                db = sqlite3.connect(state, timeout=harness.LIMIT)
                db.execute("UPDATE api_keys SET status = 'revoked'")
                db.commit()
                db.close()
                answer = box.with_key("GET", "/v1/calls")
                self.assertEqual((answer.status, answer.json["code"]), (403, "API_KEY_INACTIVE"))
            finally:
                box.stop()


class Deployed(Case):
    """What the platform does today: WIRE.md section 1."""
    arguments = ("--as", "deployed")

    def test_keys_are_taken_nowhere_and_calls_know_no_tenant(self):
        self.refused(self.box.with_key("GET", "/v1/calls"), 401, {"error": "No token provided"})
        self.assertEqual(self.box.with_token("GET", "/v1/calls", op="calls.list").json["calls"], [])
        for body, status, code in (({"to": PERSON}, 400, "NO_DEFAULT_NUMBER"), ({"to": PERSON, "from": FIRST}, 403, "INVALID_CALLER_ID")):
            answer = self.box.with_token("POST", "/v1/calls", body)
            self.assertEqual((answer.status, answer.json["code"]), (status, code))
        self.assertEqual(self.box.with_token("GET", "/v1/calls/CA" + "0" * 32).status, 404)

    def test_messages_ask_nobody_and_webhooks_are_not_there(self):
        sms = {"from": FIRST, "to": "+13035550199", "message": "x", "dry_run": True}
        self.assertEqual(self.box.ask("POST", "/v1/sms/send", sms, op="sms.send").status, 201)
        self.assertEqual(self.box.ask("GET", "/v1/sms", op="sms.list").json["pagination"]["total"], 1)
        self.refused(self.box.with_token("GET", "/v1/webhooks"), 404,
                     {"error": "Not Found", "message": "The requested endpoint does not exist", "path": "/v1/webhooks"})
        self.box.with_token("GET", "/v1/webrtc/credentials", op="webrtc.credentials.get")

    def test_any_token_opens(self):
        refresh = self.box.login().json["data"]["tokens"]["refresh_token"]
        self.box.ask("GET", "/v1/auth/me", op="auth.me", headers={"Authorization": "Bearer " + refresh})


if __name__ == "__main__":
    harness.main()
