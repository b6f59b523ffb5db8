#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The generator refuses what would break programs built against the library, and what it does not understand."""
import copy
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools", "apigen"))

import spec  # noqa: E402
from lock import Lock, SpecError  # noqa: E402
from model import KEYWORDS, Model, Selection, c_member, snake  # noqa: E402
from tables import Tables, id_hash  # noqa: E402


SPEC = spec.join(os.path.join(ROOT, "openapi", "irisx.yaml"))
LOCK = spec.load(os.path.join(ROOT, "openapi", "lock.yaml"))


def part():
    """The observed operations alone, and what the lock says of them: what is refused is refused at any size."""
    few = copy.deepcopy(SPEC)
    few["paths"] = {p: kept for p, item in few["paths"].items()
                    if (kept := {m: op for m, op in item.items() if op.get("x-irisx-source") == "observed"})}
    for item in few["paths"].values():
        for op in item.values():
            op.pop("x-irisx-alternative", None)  # that operation is not among the few
    lock = Lock(copy.deepcopy(LOCK))
    Model(few, lock)
    known = {k: {n: v for n, v in LOCK[k].items() if n in lock.seen[k]} for k in lock.seen}
    return few, known


FEW, KNOWN = part()


class Apigen(unittest.TestCase):
    def setUp(self):
        self.spec, self.lock = copy.deepcopy(FEW), copy.deepcopy(KNOWN)

    def build(self, update=False):
        lock = Lock(self.lock, update)
        model = Model(self.spec, lock)
        lock.check_complete(self.spec["info"]["version"])
        return model, lock

    def refused(self, words):
        with self.assertRaises(SpecError) as e:
            self.build()
        self.assertIn(words, str(e.exception))

    def properties(self, path="/v1/sms/send", method="post"):
        return self.spec["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["properties"]

    def test_what_is_checked_in_agrees(self):
        lock = Lock(copy.deepcopy(LOCK))
        model = Model(SPEC, lock)
        lock.check_complete(SPEC["info"]["version"])
        self.assertGreaterEqual(len(model.ops), 1600)
        with open(os.path.join(ROOT, "openapi", "lock.yaml"), encoding="utf-8") as f:
            self.assertEqual(f.read(), lock.text(), "openapi/lock.yaml is not as the tool writes it")

    def test_a_new_member_needs_the_lock_and_goes_to_the_end(self):
        old = dict(self.properties())
        self.properties().clear()
        self.properties().update({"first": {"type": "string"}}, **old)
        self.refused("not in the lock file: params sms.send: first")
        model, lock = self.build(update=True)
        op = next(o for o in model.ops if o.id == "sms.send")
        self.assertEqual([f.name for f in op.params.fields], KNOWN["params"]["sms.send"] + ["first"])
        self.assertIn("first]", lock.text())

    def test_a_member_cannot_go(self):
        del self.properties()["dry_run"]
        self.refused("dry_run is locked and cannot go")

    def test_an_operation_cannot_go_nor_change_its_name(self):
        del self.spec["paths"]["/v1/sms"]
        self.refused("operation sms.list is locked and cannot go")

    def remove(self):
        del self.spec["paths"]["/v1/sms/{id}"]["get"]

    def test_an_operation_goes_after_a_minor_version_of_warning(self):
        self.spec["paths"]["/v1/sms/{id}"]["get"]["deprecated"] = True
        self.refused("operation sms.get is deprecated")
        model, lock = self.build(update=True)
        self.assertTrue(next(o for o in model.ops if o.id == "sms.get").deprecated)
        self.assertIn('deprecated:\n  sms.get: "0.1"', lock.text())
        self.lock = spec.yaml.safe_load(lock.text())
        self.build()  # it is still there, and so is its number
        self.remove()
        self.refused("until the minor version after 0.1")
        self.spec["info"]["version"] = "0.2.0"
        self.refused("not in the lock file: the end of sms.get")
        lock = self.build(update=True)[1]
        self.lock = spec.yaml.safe_load(lock.text())
        self.assertNotIn("sms.get", self.lock["operations"])
        self.assertEqual(self.lock["retired"]["sms.get"]["number"], KNOWN["operations"]["sms.get"])
        self.build()  # what it alone used may be missing with it

    def test_the_number_and_the_id_of_a_retired_operation_stay_taken(self):
        self.test_an_operation_goes_after_a_minor_version_of_warning()
        gone = self.lock["retired"]["sms.get"]
        gone["number"] = 5000
        self.spec["paths"]["/v1/new"] = {"get": dict(self.spec["paths"]["/v1/auth/me"]["get"], operationId="auth.new")}
        model = self.build(update=True)[0]
        self.assertEqual(next(o.number for o in model.ops if o.id == "auth.new"), 5001)
        self.spec["paths"]["/v1/new"]["get"]["operationId"] = "sms.get"
        self.refused("this id was retired")

    def test_a_new_operation_gets_the_next_number(self):
        self.spec["paths"]["/v1/new"] = {"get": dict(self.spec["paths"]["/v1/auth/me"]["get"], operationId="auth.new")}
        self.refused("not in the lock file: operation auth.new")
        model, _ = self.build(update=True)
        self.assertEqual(next(o.number for o in model.ops if o.id == "auth.new"), max(KNOWN["operations"].values()) + 1)

    def test_numbers_are_unique(self):
        self.lock["operations"]["sms.list"] = self.lock["operations"]["sms.get"]
        self.refused("same number")

    def test_an_enum_value_cannot_go_and_a_new_one_is_appended(self):
        schema = self.spec["paths"]["/v1/sms"]["get"]["parameters"][2]["schema"]
        schema["enum"] = ["sideways", "inbound", "outbound"]
        model, _ = self.build(update=True)
        op = next(o for o in model.ops if o.id == "sms.list")
        self.assertEqual(op.params.fields[2].rule.values, ["inbound", "outbound", "sideways"])
        schema["enum"] = ["inbound"]
        self.refused("outbound is locked and cannot go")

    def test_a_result_member_cannot_go(self):
        del self.spec["components"]["schemas"]["Call"]["properties"]["duration"]
        self.refused("duration is locked and cannot go")

    def test_contradictions_are_named(self):
        op = self.spec["paths"]["/v1/sms"]["get"]
        for change, words in (
                ({"x-irisx-retry": "maybe"}, "x-irisx-retry is 'maybe'"),
                ({"x-irisx-availability": None}, "x-irisx-availability is None"),
                ({"x-irisx-auth": "jwt"}, "security says"),
                ({"x-irisx-unwrap": "nothing"}, "nothing to unwrap"),
                ({"x-irisx-paging": {"style": "P3", "items": "wrong"}}, "x-irisx-paging names wrong"),
                ({"x-irisx-alternative": "no.such"}, "names no.such, which does not exist"),
                ({"operationId": "Sms"}, "not an operation id"),
                ({"operationId": "auth.me"}, "two operations of this id"),
                ({"responses": {"404": {"description": "no"}}}, "no response of success")):
            with self.subTest(change):
                self.spec = copy.deepcopy(FEW)
                self.spec["paths"]["/v1/sms"]["get"] = dict(op, **change)
                self.refused(words)

    def test_a_name_that_yaml_reads_as_true_is_refused(self):
        self.properties()[True] = {"type": "string"}
        self.refused("put it in quotes")

    def test_a_dangling_reference_is_refused(self):
        del self.spec["components"]["schemas"]["SmsSent"]
        self.refused("dangling reference")

    def test_a_type_that_refers_to_itself_is_refused(self):
        self.spec["components"]["schemas"]["Tenant"]["properties"]["plan"] = {"$ref": "#/components/schemas/Tenant"}
        self.refused("refers to itself")

    def test_path_parameters_are_those_of_the_path(self):
        self.spec["paths"]["/v1/sms/{other}"] = self.spec["paths"].pop("/v1/sms/{id}")
        self.refused("path parameters are not those")

    def test_names_in_c(self):
        self.assertEqual([c_member(n) for n in ("from", "mediaUrls", "class", "to", "delete", "websocketUrl", "2fa", "a-b",
                                                "None", "sipURL", "HTTPStatus")],
                         ["from_", "media_urls", "class_", "to", "delete_", "websocket_url", "n2fa", "a_b", "none",
                          "sip_url", "http_status"])
        self.assertEqual(snake("WebrtcSipConfig"), "webrtc_sip_config")

    def test_no_member_is_a_word_of_a_language(self):
        import keyword
        script = set("await break case catch class const continue debugger default delete do else enum export extends false finally for function "
                     "if implements import in instanceof interface let new null package private protected public return static super switch "
                     "this throw true try typeof var void while with yield arguments eval".split())
        self.assertLessEqual(set(keyword.kwlist) | script, KEYWORDS | {"undefined"})
        for op in Model(SPEC, Lock(copy.deepcopy(LOCK))).ops:
            for f in op.params.fields + op.result.fields:
                self.assertNotIn(f.c_name, KEYWORDS, op.id)
                self.assertRegex(f.c_name, r"^[a-z][a-z0-9_]*$", op.id)

    def test_a_text_is_where_its_word_says_and_stands_there_once(self):
        words = Tables(self.build()[0]).words
        for text, word in words.known.items():
            at = word * 2
            self.assertEqual(words.bytes[at:words.bytes.index(b"\0", at)].decode(), text)
        lone = [t for t in bytes(words.bytes).split(b"\0") if t]
        self.assertEqual(len(lone), len(set(lone)))

    def test_a_build_has_what_is_selected_and_knows_what_is_left_out(self):
        lock = Lock(self.lock)
        model = Model(self.spec, lock, selection=Selection(["sms", "people"]))
        self.assertEqual({op.group for op in model.ops} & {"sms", "auth", "calls"}, {"sms", "auth"})
        tables = Tables(model)
        self.assertIn(id_hash("calls.create"), tables.left_out)
        self.assertNotIn(id_hash("sms.send"), tables.left_out)
        self.assertEqual(tables.last_number, max(LOCK["operations"][i] for i in KNOWN["operations"]))
        with self.assertRaisesRegex(SpecError, "no group or family of operations is called cals"):
            Model(self.spec, Lock(self.lock), selection=Selection(["cals"]))
        self.assertEqual(Model(self.spec, Lock(self.lock), selection=Selection(["none"])).ops, [])

    def test_the_admins_operations_are_their_own_choice(self):
        everything = Model(copy.deepcopy(SPEC), Lock(copy.deepcopy(LOCK)), selection=Selection(["all"], admin=False))
        self.assertFalse([op.id for op in everything.ops if op.family == "admin"])
        self.assertTrue([op.id for op in everything.left_out if op.family == "admin"])
        self.assertTrue(all(op.family == "admin" for op in everything.left_out))


unittest.main(verbosity=1)
