# SPDX-License-Identifier: MIT
"""/v1/webhooks and the deliveries: signatures computed here, retries, order, restarts."""
import os
import socket
import sqlite3
import tempfile
import time
import uuid

import harness
from harness import ISO, Case, Receiver, Sandbox, until

SMS = {"from": "+12025550100", "to": "+13035550199", "message": "hello", "dry_run": True}
CREATED = {"id", "url", "description", "events", "is_active", "is_verified", "max_retries", "timeout_seconds", "created_at", "secret"}


def create(box, url, events=("sms.sent",), **more):
    return box.with_token("POST", "/v1/webhooks", {"url": url, "events": list(events), **more}, op="webhooks.create").json["webhook"]


def deliveries(box, hook, query=""):
    return box.with_token("GET", "/v1/webhooks/%s/deliveries%s" % (hook["id"], query), op="webhooks.deliveries.list").json


def ended(box, hook, status):
    return until(status, lambda: (d := deliveries(box, hook)["deliveries"]) and d[0]["status"] == status and d[0])


def send_sms(box, text="hello"):
    return box.with_key("POST", "/v1/sms/send", {**SMS, "message": text}, op="sms.send").json["sms"]["sid"]


class Endpoints(Case):
    def test_an_endpoint_is_made_shown_changed_and_removed(self):
        made = create(self.box, "http://127.0.0.1:9/hook", ["call.completed", "sms.sent"], description="mine", max_retries=3, timeout_seconds=7)
        self.assertEqual(set(made), CREATED)
        self.assertRegex(made["secret"], "^[0-9a-f]{64}$")
        self.assertRegex(made["created_at"], ISO)
        self.assertEqual({k: made[k] for k in CREATED - {"id", "secret", "created_at"}},
                         {"url": "http://127.0.0.1:9/hook", "description": "mine", "events": ["call.completed", "sms.sent"], "is_active": True,
                          "is_verified": True, "max_retries": 3, "timeout_seconds": 7})
        path = "/v1/webhooks/" + made["id"]
        got = self.box.with_token("GET", path, op="webhooks.get").json
        self.assertNotIn("secret", got["webhook"])
        self.assertEqual((got["webhook"]["total_deliveries"], got["statistics"]["successful_deliveries"]), (0, "0"))
        listed = self.box.with_token("GET", "/v1/webhooks", op="webhooks.list").json
        self.assertEqual((listed["success"], listed["data"]["total"]), (True, len(listed["data"]["webhooks"])))
        self.assertEqual(listed["data"]["webhooks"][0]["id"], made["id"])
        changed = self.box.with_token("PUT", path, {"events": ["sms.failed"], "is_active": False}, op="webhooks.update").json["webhook"]
        self.assertEqual(set(changed), {"id", "url", "description", "events", "is_active", "is_verified", "updated_at"})
        self.assertEqual((changed["events"], changed["is_active"], changed["description"], changed["url"]), (["sms.failed"], False, "mine", made["url"]))
        changed = self.box.with_token("PUT", path, {"events": ["sms.failed"], "description": None}, op="webhooks.update").json["webhook"]
        self.assertEqual((changed["description"], changed["is_active"]), (None, False))
        gone = self.box.with_token("DELETE", path, op="webhooks.delete").json
        self.assertEqual(gone, {"message": "Webhook deleted successfully"})
        for method, end, body in (("GET", "", None), ("PUT", "", {"events": ["sms.sent"]}), ("DELETE", "", None), ("POST", "/test", None),
                                  ("GET", "/deliveries", None)):
            self.refused(self.box.with_token(method, path + end, body), 404, {"error": "Webhook not found"})

    def test_what_is_not_given_has_its_default(self):
        made = create(self.box, "http://localhost:9/")
        self.assertEqual([made[k] for k in ("description", "max_retries", "timeout_seconds", "is_active")], [None, 5, 10, True])

    def test_unknown_events_are_named(self):
        for method, path in (("POST", "/v1/webhooks"), ("PUT", "/v1/webhooks/" + create(self.box, "http://127.0.0.1:9/")["id"])):
            answer = self.box.with_token(method, path, {"url": "http://127.0.0.1/", "events": ["sms.sent", "call.busy", "x"]})
            self.assertEqual((answer.status, answer.json["error"], answer.json["invalid_events"]), (400, "Invalid event types", ["call.busy", "x"]))
            self.assertIn("sms.delivered", answer.json["valid_events"])
            self.assertEqual(len(answer.json["valid_events"]), 25)

    def test_addresses_off_this_machine_are_refused(self):
        for url in ("http://example.test/hook", "https://192.0.2.1/", "http://[2001:db8::1]/", "http://127.0.0.1.example.test/", "http://localhost@example.test/",
                    "http://0.0.0.0/", "http://127.0.0.1\\@example.test/"):
            answer = self.box.with_token("POST", "/v1/webhooks", {"url": url, "events": ["sms.sent"]})
            self.assertEqual(answer.status, 400, url)
            self.assertEqual(set(answer.json), {"error"})
        self.assertIn("--webhooks-anywhere", self.box.with_token("POST", "/v1/webhooks", {"url": "http://example.test/", "events": ["sms.sent"]}).json["error"])
        hook = create(self.box, "http://[::1]:9/")
        self.assertEqual(self.box.with_token("PUT", "/v1/webhooks/" + hook["id"], {"url": "http://example.test/", "events": ["sms.sent"]}).status, 400)

    def test_what_is_wrong_is_said(self):
        def refusal(body):
            answer = self.box.with_token("POST", "/v1/webhooks", body)
            return answer.status, answer.json["error"]

        self.assertEqual(refusal({}), (400, "Missing required fields: url, events"))
        self.assertEqual(refusal({"url": "http://127.0.0.1/", "events": []}), (400, "At least one event type is required"))
        self.assertEqual(refusal({"url": "http://127.0.0.1/", "events": "sms.sent"}), (400, "events: Expected array, received string"))
        for url in ("ftp://127.0.0.1/", "127.0.0.1", "http://", "http://127.0.0.1:0/", "http://127.0.0.1:x/", "http://a b/", "http://[::1/"):
            self.assertEqual(refusal({"url": url, "events": ["sms.sent"]})[0], 400, url)
        self.assertEqual(refusal({"url": "http://127.0.0.1/", "events": ["sms.sent"], "max_retries": 1000})[0], 400)
        self.assertEqual(refusal({"url": "http://127.0.0.1/", "events": ["sms.sent"], "timeout_seconds": 0})[0], 400)
        self.assertEqual(refusal(b"{"), (500, "Failed to create webhook"))
        self.assertEqual(self.box.with_token("GET", "/v1/webhooks/abc").status, 500)
        self.assertEqual(self.box.with_token("GET", "/v1/webhooks/event-types").json, {"error": "Failed to get webhook"})
        self.refused(self.box.ask("GET", "/v1/webhooks"), 401, {"error": "No token provided"})
        self.refused(self.box.with_key("GET", "/v1/webhooks"), 401, {"error": "No token provided"})
        self.refused(self.box.with_token("POST", "/v1/webhooks/deliveries/999/retry"), 404, {"error": "Delivery not found"})

    def test_a_tenant_has_a_limited_number_of_them(self):
        box = Sandbox()
        try:
            for i in range(100):
                create(box, "http://127.0.0.1:9/%d" % i)
            answer = box.with_token("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["sms.sent"]})
            self.refused(answer, 400, {"error": "A tenant has at most 100 webhooks"})
        finally:
            box.stop()


class Deliveries(Case):
    """A sandbox for each test: what one has sent is not delivered to another's receiver."""

    setUpClass = tearDownClass = classmethod(lambda cls: None)

    def setUp(self):
        self.box = Sandbox()

    def tearDown(self):
        self.box.stop()

    def test_a_delivery_is_signed_as_the_platform_signs(self):
        with Receiver() as receiver:
            hook = create(self.box, receiver.url + "/hook?x=1", ["sms.sent"])
            sid = send_sms(self.box)
            got = receiver.wait(1)[0]
            self.assertEqual(got.path, "/hook?x=1")
            headers = {k.lower(): v for k, v in got.headers.items()}
            self.assertEqual({k: headers[k] for k in ("content-type", "user-agent", "x-irisx-event", "x-irisx-event-id", "accept", "accept-language",
                                                      "sec-fetch-mode", "accept-encoding")},
                             {"content-type": "application/json", "user-agent": "IRISX-Webhooks/1.0", "x-irisx-event": "sms.sent",
                              "x-irisx-event-id": got.json["event_id"], "accept": "*/*", "accept-language": "*", "sec-fetch-mode": "cors",
                              "accept-encoding": "gzip, deflate"})
            self.assertTrue(got.signed_with(hook["secret"]))
            self.assertFalse(got.signed_with(hook["secret"][:-1] + ("0" if hook["secret"][-1] != "0" else "1")))
            self.assertLess(abs(int(headers["x-irisx-timestamp"]) - time.time()), harness.LIMIT)
            self.assertEqual(set(got.json), {"event", "event_id", "timestamp", "data"})
            self.assertEqual(str(uuid.UUID(got.json["event_id"])), got.json["event_id"])
            self.assertRegex(got.json["timestamp"], ISO)
            self.assertEqual(got.json["data"]["message_sid"], sid)
            row = ended(self.box, hook, "success")
            self.assertEqual({k: row[k] for k in ("event_type", "event_id", "attempts", "max_attempts", "http_status_code", "error_message")},
                             {"event_type": "sms.sent", "event_id": got.json["event_id"], "attempts": 1, "max_attempts": 5, "http_status_code": 200,
                              "error_message": None})
            for key in ("scheduled_at", "first_attempt_at", "last_attempt_at", "completed_at", "created_at"):
                self.assertRegex(row[key], ISO)
            self.assertGreaterEqual(row["duration_ms"], 0)

    def test_a_test_event_is_the_captured_one(self):
        with Receiver() as receiver:
            hook = create(self.box, receiver.url, ["call.completed", "sms.sent"])
            for _ in range(2):
                answer = self.box.with_token("POST", "/v1/webhooks/%s/test" % hook["id"], op="webhooks.test").json
                self.assertEqual(answer, {"message": "Test webhook triggered", "event_type": "call.completed"})
            first, second = receiver.wait(2)
            self.assertRegex(first.json["event_id"], r"^test_\d{13}$")
            self.assertNotEqual(first.json["event_id"], second.json["event_id"])
            self.assertEqual((first.event, first.json["data"]), ("call.completed", {"test": True, "message": "This is a test webhook delivery"}))
            self.assertTrue(first.signed_with(hook["secret"]))

    def test_a_delivery_is_repeated_until_it_is_taken(self):
        with Receiver(lambda n, d: [500, None, 204][n]) as receiver:
            hook = create(self.box, receiver.url, ["sms.sent"], max_retries=4)
            send_sms(self.box)
            got = receiver.wait(3)
            self.assertEqual(len({d.json["event_id"] for d in got}), 1)
            self.assertEqual(len({d.raw for d in got}), 1)
            self.assertTrue(all(d.signed_with(hook["secret"]) for d in got))
            self.assertEqual(len({d.headers["X-IRISX-Signature"] for d in got}), 3)  # a new time, a new signature
            self.assertGreaterEqual(got[1].at - got[0].at, 0.95)
            self.assertGreaterEqual(got[2].at - got[1].at, 1.95)
            self.assertLess(got[1].at - got[0].at, 1.9)
            row = ended(self.box, hook, "success")
            self.assertEqual((row["attempts"], row["http_status_code"], row["error_message"]), (3, 204, None))

    def test_after_the_last_attempt_it_has_failed_and_can_be_tried_again(self):
        answers = [503, 302, 410, 200]
        with Receiver(lambda n, d: answers[n]) as receiver:
            hook = create(self.box, receiver.url, ["sms.sent"], max_retries=2)
            send_sms(self.box)
            row = ended(self.box, hook, "failed")
            self.assertEqual((row["attempts"], row["http_status_code"], row["error_message"]), (2, 302, "HTTP 302"))
            self.assertEqual(len(receiver.events()), 2)  # a redirect is not followed
            one = self.box.with_token("GET", "/v1/webhooks/" + hook["id"], op="webhooks.get").json
            self.assertEqual((one["statistics"]["failed_deliveries"], one["webhook"]["failed_deliveries"]), ("1", 1))
            answer = self.box.with_token("POST", "/v1/webhooks/deliveries/%s/retry" % row["id"], op="webhooks.deliveries.retry").json
            self.assertEqual(answer, {"message": "Delivery queued for retry"})
            got = receiver.wait(4)
            self.assertEqual(len({d.json["event_id"] for d in got}), 1)
            row = ended(self.box, hook, "success")
            self.assertEqual(row["attempts"], 2)
            self.refused(self.box.with_token("POST", "/v1/webhooks/deliveries/%s/retry" % row["id"]), 400, {"error": "Delivery already succeeded"})

    def test_a_receiver_that_never_answers_is_given_up(self):
        receiver = Receiver(lambda n, d: receiver.closing.wait(harness.LIMIT) and None)
        with receiver:
            hook = create(self.box, receiver.url, ["sms.sent"], max_retries=1, timeout_seconds=1)
            send_sms(self.box)
            row = ended(self.box, hook, "failed")
            self.assertIsNone(row["http_status_code"])
            self.assertGreaterEqual(row["duration_ms"], 990)
            self.assertTrue(row["error_message"])

    def test_events_arrive_in_their_order(self):
        with Receiver() as receiver:
            create(self.box, receiver.url, ["sms.queued"])
            sids = [send_sms(self.box, "m%d" % i) for i in range(40)]
            self.assertEqual([d.json["data"]["message_sid"] for d in receiver.wait(40)], sids)

    def test_every_endpoint_gets_what_it_has_asked_for(self):
        with Receiver() as one, Receiver() as two, Receiver() as off:
            first, second = create(self.box, one.url, ["sms.queued"]), create(self.box, two.url, ["sms.queued", "sms.sent"])
            create(self.box, off.url, ["sms.queued"], is_active=False)
            send_sms(self.box)
            self.assertEqual([d.event for d in two.wait(2)], ["sms.queued", "sms.sent"])
            self.assertEqual([d.event for d in one.wait(1)], ["sms.queued"])
            self.assertEqual(one.events()[0].json["event_id"], two.events()[0].json["event_id"])
            self.assertTrue(one.events()[0].signed_with(first["secret"]))
            self.assertTrue(two.events()[0].signed_with(second["secret"]))
            self.assertEqual(off.events(), [])

    def test_what_waits_is_cancelled_when_the_endpoint_is_switched_off(self):
        with Receiver(lambda n, d: 500) as receiver:
            hook = create(self.box, receiver.url, ["sms.queued"])
            send_sms(self.box)
            ended(self.box, hook, "retrying")
            self.box.with_token("PUT", "/v1/webhooks/" + hook["id"], {"events": ["sms.queued"], "is_active": False}, op="webhooks.update")
            ended(self.box, hook, "cancelled")

    def test_an_endpoint_is_removed_while_it_is_being_called(self):
        receiver = Receiver(lambda n, d: receiver.closing.wait(harness.LIMIT) and None)
        with receiver:
            hook = create(self.box, receiver.url, ["sms.queued"])
            send_sms(self.box)
            receiver.wait(1)
            answer = until("being attempted", lambda: self.box.with_token(
                "POST", "/v1/webhooks/deliveries/%s/retry" % deliveries(self.box, hook)["deliveries"][0]["id"]))
            self.refused(answer, 400, {"error": "Delivery is being attempted now"})
            self.box.with_token("DELETE", "/v1/webhooks/" + hook["id"], op="webhooks.delete")
        send_sms(self.box)

    def test_deliveries_come_in_pages(self):
        with Receiver() as receiver:
            hook = create(self.box, receiver.url, ["sms.queued"])
            for i in range(3):
                send_sms(self.box)
            receiver.wait(3)
            until("all taken", lambda: deliveries(self.box, hook, "?status=success")["pagination"]["total"] == 3)
            page = deliveries(self.box, hook, "?limit=2&offset=1")
            self.assertEqual((len(page["deliveries"]), page["pagination"]), (2, {"total": 3, "limit": 2, "offset": 1}))
            self.assertGreater(int(page["deliveries"][0]["id"]), int(page["deliveries"][1]["id"]))
            self.assertEqual(deliveries(self.box, hook, "?status=failed")["deliveries"], [])
            self.assertEqual(self.box.with_token("GET", "/v1/webhooks/%s/deliveries?limit=x" % hook["id"]).status, 500)


class Durable(harness.unittest.TestCase):
    def test_the_queue_outlives_the_process(self):
        with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]  # bound, not listening: nobody is there
            state = os.path.join(folder, "state")
            box = Sandbox("--state", state)
            hook = create(box, "http://127.0.0.1:%d/" % port, ["sms.queued", "sms.sent"])
            send_sms(box, "kept")
            first = ended(box, hook, "retrying")
            self.assertEqual(first["http_status_code"], None)
            box.stop()
            free.close()
            with Receiver(port=port) as receiver:
                box = Sandbox("--state", state)
                try:
                    got = receiver.wait(2)
                    self.assertEqual(sorted(d.event for d in got), ["sms.queued", "sms.sent"])
                    self.assertTrue(all(d.signed_with(hook["secret"]) for d in got))
                    self.assertEqual({d.json["data"]["body"] for d in got}, {"kept"})
                finally:
                    box.stop()


    def test_nothing_is_left_of_an_endpoint_that_is_removed(self):
        with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
            state = os.path.join(folder, "state")
            box = Sandbox("--state", state)
            try:
                hook = create(box, receiver.url, ["sms.queued"])
                send_sms(box)
                ended(box, hook, "success")
                box.with_token("DELETE", "/v1/webhooks/" + hook["id"], op="webhooks.delete")
            finally:
                box.stop()
            db = sqlite3.connect(state)
            self.assertEqual(db.execute("SELECT count(*) FROM deliveries").fetchone()[0], 0)
            db.close()

    def test_an_address_is_looked_at_again_when_the_option_is_gone(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            box = Sandbox("--state", state, "--webhooks-anywhere")
            hook = create(box, "http://192.0.2.1/", ["sms.queued"], max_retries=1)
            box.stop()
            box = Sandbox("--state", state)
            try:
                send_sms(box)
                self.assertIn("--webhooks-anywhere", ended(box, hook, "failed")["error_message"])
            finally:
                box.stop()


class Anywhere(Case):
    arguments = ("--webhooks-anywhere",)

    def test_other_hosts_are_accepted_when_it_is_told_to(self):
        made = create(self.box, "https://example.test/hook")
        self.assertTrue(made["is_verified"])
        for url in ("https://user@example.test/", "ftp://example.test/", "https://"):
            answer = self.box.with_token("POST", "/v1/webhooks", {"url": url, "events": ["sms.sent"]})
            self.assertEqual(answer.status, 400, url)


if __name__ == "__main__":
    harness.main()
