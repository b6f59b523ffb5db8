# SPDX-License-Identifier: MIT
"""/v1/sms: send, follow, list; segments; refusals."""

import os
import sqlite3
import tempfile

import harness
from harness import ISO, Case, Receiver, until

FROM, TO = "+12025550100", "+13035550199"
ROW = {"id", "message_sid", "tenant_id", "direction", "from_number", "to_number", "from_phone_number_id", "to_phone_number_id", "body",
       "media_urls", "num_media", "num_segments", "status", "carrier", "price", "price_unit", "error_code", "error_message", "metadata",
       "queued_at", "sent_at", "delivered_at", "failed_at", "created_at", "updated_at", "template_id"}


class Messages(Case):
    def send(self, **body):
        body = {"from": FROM, "to": TO, "message": "hello there", **body}
        return self.box.with_key("POST", "/v1/sms/send", body, op="sms.send").json

    def row(self, sid):
        rows = self.box.with_key("GET", "/v1/sms?limit=500", op="sms.list").json["messages"]
        return [r for r in rows if r["message_sid"] == sid][0]

    def becomes(self, sid, status):
        return until(status, lambda: (r := self.row(sid))["status"] == status and r)

    def test_a_message_is_queued_sent_and_delivered(self):
        with Receiver() as receiver:
            self.box.with_token("POST", "/v1/webhooks", {"url": receiver.url, "events": ["sms.queued", "sms.sent", "sms.delivered", "sms.failed"]},
                                op="webhooks.create")
            answer = self.send(mediaUrls=["http://127.0.0.1/a.png"])
            sms = answer["sms"]
            self.assertEqual(answer["message"], "SMS sent successfully")
            self.assertRegex(sms["sid"], "^SM[0-9a-f]{32}$")
            self.assertRegex(sms["queuedAt"], ISO)
            self.assertEqual({k: sms[k] for k in sms if k not in ("sid", "queuedAt")},
                             {"status": "queued", "from": FROM, "to": TO, "body": "hello there", "numMedia": 1, "numSegments": 1})
            row = self.becomes(sms["sid"], "delivered")
            self.assertEqual(set(row), ROW)
            self.assertEqual({k: row[k] for k in ("tenant_id", "direction", "from_phone_number_id", "to_phone_number_id", "media_urls", "num_media",
                                                  "price", "price_unit", "error_code", "metadata")},
                             {"tenant_id": "1", "direction": "outbound", "from_phone_number_id": "1", "to_phone_number_id": None,
                              "media_urls": ["http://127.0.0.1/a.png"], "num_media": 1, "price": "0.0075", "price_unit": "USD",
                              "error_code": None, "metadata": {}})
            self.assertLess(row["queued_at"], row["sent_at"])
            self.assertLess(row["sent_at"], row["delivered_at"])
            one = self.box.with_key("GET", "/v1/sms/" + row["id"], op="sms.get").json
            self.assertEqual(one, {"message": row})
            events = [d for d in receiver.wait(3) if d.json["data"]["message_sid"] == sms["sid"]]
            self.assertEqual([d.event for d in events], ["sms.queued", "sms.sent", "sms.delivered"])
            self.assertEqual([d.json["data"]["status"] for d in events], ["queued", "sent", "delivered"])
            data = events[2].json["data"]
            self.assertEqual({k: data[k] for k in ("id", "from", "to", "body", "direction", "segments", "media_urls")},
                             {"id": row["id"], "from": FROM, "to": TO, "body": "hello there", "direction": "outbound", "segments": 1,
                              "media_urls": ["http://127.0.0.1/a.png"]})

    def test_a_destination_that_is_no_number_fails_later(self):
        with Receiver() as receiver:
            self.box.with_token("POST", "/v1/webhooks", {"url": receiver.url, "events": ["sms.failed"]}, op="webhooks.create")
            row = self.becomes(self.send(to="bogus")["sms"]["sid"], "failed")
            self.assertEqual((row["error_code"], row["error_message"], row["sent_at"]), ("21211", "Invalid 'To' Phone Number: bogus", None))
            self.assertRegex(row["failed_at"], ISO)
            data = receiver.wait(1)[0].json["data"]
            self.assertEqual((data["status"], data["error_code"]), ("failed", "21211"))

    def test_a_dry_run_is_sent_and_no_more(self):
        sid = self.send(dry_run=True)["sms"]["sid"]
        row = self.becomes(sid, "sent")
        self.assertEqual(row["price"], "0.0075")
        other = self.send()["sms"]["sid"]
        self.becomes(other, "delivered")  # sent later, and further by now
        self.assertEqual(self.row(sid)["status"], "sent")

    def test_what_goes_to_an_own_number_arrives(self):
        with Receiver() as receiver:
            self.box.with_token("POST", "/v1/webhooks", {"url": receiver.url, "events": ["sms.received"]}, op="webhooks.create")
            self.send(to="+12025550101", message="to myself")
            data = receiver.wait(1)[0].json["data"]
            self.assertEqual((data["direction"], data["status"], data["to"], data["body"]), ("inbound", "received", "+12025550101", "to myself"))
            rows = self.box.with_key("GET", "/v1/sms?direction=inbound", op="sms.list").json["messages"]
            self.assertEqual([r["body"] for r in rows], ["to myself"])

    def test_segments_are_counted_as_the_network_does(self):
        for text, segments in (("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("é" * 160, 1), ("€" * 80, 1), ("€" * 81, 2),
                               ("ж" * 70, 1), ("ж" * 71, 2), ("ж" * 134, 2), ("ж" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("`" * 71, 2),
                               ("ê" * 71, 2), ("{" * 80 + "x", 2), ("line\nfeed", 1)):
            sms = self.send(message=text, dry_run=True)["sms"]
            self.assertEqual((sms["numSegments"], sms["body"]), (segments, text), text[:3])

    def test_what_is_missing_or_wrong_is_said(self):
        def refusal(body):
            answer = self.box.with_key("POST", "/v1/sms/send", body)
            return answer.status, answer.json

        self.assertEqual(refusal({"from": FROM, "to": TO, "body": "wrong field"}), (400, {"error": "Missing required fields: message"}))
        self.assertEqual(refusal({}), (400, {"error": "Missing required fields: from, to, message"}))
        self.assertEqual(refusal({"from": FROM, "to": TO, "message": ""})[0], 400)
        self.assertEqual(refusal({"from": FROM, "to": TO, "message": 5})[0], 400)
        self.assertEqual(refusal({"from": FROM, "to": "1" * 100, "message": "x"})[0], 400)
        self.assertEqual(refusal({"from": "+19995550100", "to": TO, "message": "x"}),
                         (500, {"error": "Failed to send SMS", "message": "Invalid sender phone number or SMS not enabled"}))
        status, body = refusal(b"{")
        self.assertEqual((status, body["error"]), (500, "Failed to send SMS"))
        self.assertEqual(self.box.ask("POST", "/v1/sms/send", {}).json["code"], "MISSING_AUTH")
        self.box.with_token("GET", "/v1/sms", op="sms.list")

    def test_messages_are_got_by_number_only(self):
        sid = self.send(dry_run=True)["sms"]["sid"]
        self.refused(self.box.with_key("GET", "/v1/sms/" + sid), 500,
                     {"error": "Failed to get message", "message": "invalid input syntax for type bigint: \"%s\"" % sid})
        self.refused(self.box.with_key("GET", "/v1/sms/999999"), 404, {"error": "Message not found"})
        self.assertEqual(self.box.with_key("GET", "/v1/sms/99999999999999999999").status, 500)


class Locked(Case):
    def test_a_state_that_cannot_be_written_is_said_and_recovers(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            box = harness.Sandbox("--state", state)
            try:
                body = {"from": FROM, "to": TO, "message": "x"}
                other = sqlite3.connect(state, isolation_level=None)
                other.execute("BEGIN IMMEDIATE")
                answer = box.with_key("POST", "/v1/sms/send", body)
                self.assertEqual((answer.status, answer.json["error"]), (500, "Failed to send SMS"))
                self.assertEqual(box.with_key("GET", "/v1/sms", op="sms.list").json["messages"], [])
                other.execute("ROLLBACK")
                other.close()
                box.with_key("POST", "/v1/sms/send", body, op="sms.send")
                until("delivered", lambda: box.with_key("GET", "/v1/sms").json["messages"][0]["status"] == "delivered")
            finally:
                box.stop()


    def test_what_is_due_waits_for_the_state(self):
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state")
            box = harness.Sandbox("--state", state)
            try:
                box.with_key("POST", "/v1/sms/send", {"from": FROM, "to": TO, "message": "x"}, op="sms.send")
                other = sqlite3.connect(state, isolation_level=None, timeout=harness.LIMIT)
                other.execute("BEGIN IMMEDIATE")
                until("refused", lambda: "what is due cannot be done" in box.errors())
                other.execute("ROLLBACK")
                other.close()
                until("delivered", lambda: box.with_key("GET", "/v1/sms").json["messages"][0]["status"] == "delivered")
            finally:
                box.stop()


class Pages(Case):
    def test_pages_count_from_one(self):
        texts = ["m%d" % i for i in range(5)]
        for text in texts:
            body = {"from": FROM, "to": TO, "message": text, "dry_run": True}
            self.box.with_key("POST", "/v1/sms/send", body, op="sms.send")

        def page(query):
            answer = self.box.with_key("GET", "/v1/sms?" + query, op="sms.list").json
            return [m["body"] for m in answer["messages"]], answer["pagination"]

        newest = texts[::-1]
        self.assertEqual(page(""), (newest, {"page": 1, "limit": 50, "total": 5, "pages": 1}))
        self.assertEqual(page("limit=2"), (newest[:2], {"page": 1, "limit": 2, "total": 5, "pages": 3}))
        self.assertEqual(page("limit=2&page=3"), (newest[4:], {"page": 3, "limit": 2, "total": 5, "pages": 3}))
        self.assertEqual(page("limit=2&page=4"), ([], {"page": 4, "limit": 2, "total": 5, "pages": 3}))
        self.assertEqual(page("direction=inbound"), ([], {"page": 1, "limit": 50, "total": 0, "pages": 0}))
        self.assertEqual(page("status=received")[0], [])
        for query in ("page=0", "page=x", "limit=-1"):
            self.assertEqual(self.box.with_key("GET", "/v1/sms?" + query).status, 500, query)


if __name__ == "__main__":
    harness.main()
