# SPDX-License-Identifier: MIT
"""Cases for every operation, straight from the OpenAPI files and the lock: what a request must look like on the wire,
what answers look like, and what must be read from them. Knows nothing of the generator, its tables or the interpreter;
only the joining of the files (tools/apigen/spec.py) is shared.

    for case in Cases("openapi/irisx.yaml", "openapi/lock.yaml").all(): ...
"""
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "apigen"))

import spec  # noqa: E402

TIME_TEXT, TIME_MS = "2026-11-20T09:27:25.486Z", 1795166845486
UNRESERVED = "-._~"
DEEP = 6  # objects in objects


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-zA-Z0-9]+", "_", name).strip("_").lower()


class Json(str):
    """A JSON text that stands for a value of any kind."""


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Field:
    """A member of a request or an answer: its name, what it is, and the value that the case gives it."""

    def __init__(self, name, meaning, where, required=False, nullable=False):
        self.name, self.meaning, self.where, self.required, self.nullable = name, meaning, where, required, nullable
        self.members = []  # of an object, or of the items of a list of objects
        self.value = None  # as the program gives it
        self.csv = False


class Case:
    """id, variant (of the body), method, path, auth, status, body kind, fields of the request, `answer` (schema), unwrap, expect ..."""


class Cases:
    def __init__(self, spec_file, lock_file):
        self.document = spec.join(spec_file)
        self.lock = spec.load(lock_file)
        self.counter = 0

    def all(self):
        for path, item in self.document["paths"].items():
            for method in spec.METHODS:
                for variant in self.variants(item[method]) if method in item else ():
                    yield self.case(path, method.upper(), item[method], variant)

    def variants(self, raw):
        """The bodies an operation can have: schemas of a oneOf with a discriminator, or the one."""
        for content in raw.get("requestBody", {}).get("content", {}).values():
            some = self.resolve(content["schema"]).get("oneOf")
            if some:
                return [(i, self.resolve(s)) for i, s in enumerate(some)]
        return [(0, None)]

    # ---- schemas ------------------------------------------------------------------------------------------------
    def resolve(self, node):
        while "$ref" in node:
            at = self.document
            for part in node["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def plain(self, node):
        """(schema, may be null): oneOf [X, null] is X."""
        node = self.resolve(node)
        if "oneOf" in node:
            some = [a for a in node["oneOf"] if a.get("type") != "null"]
            if len(some) == 1:
                inner, nullable = self.plain(some[0])
                return inner, nullable or len(node["oneOf"]) > 1
        types = node.get("type")
        return node, isinstance(types, list) and "null" in types

    @staticmethod
    def types(schema):
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        return [t for t in types if t != "null"]

    def meaning(self, schema, where):
        """What a member means: text, id, number-id, decimal, number-decimal, time, int, num, bool, json, object, file,
        or a list of [text, number-id, int, num, object]."""
        if "oneOf" in schema:
            some = [a for a in schema["oneOf"] if a.get("type") != "null"]
            if where == "result" and [a.get("type") for a in some] == ["string", "array"]:
                return self.meaning(some[1], where)
            return "json"
        types, form = self.types(schema), schema.get("format")
        if "const" in schema or types == ["string"]:
            if form == "binary" and where == "body":
                return "file"
            if form in ("decimal", "int64"):
                return {"decimal": "decimal", "int64": "id"}[form]
            return "time" if form == "date-time" and where == "result" else "text"
        if types in (["integer"], ["string", "integer"]):
            if schema.get("x-irisx-id"):
                return "number-id" if where == "body" else "id"
            return "int"
        if types == ["number"]:
            if form == "decimal":
                return "decimal" if where == "result" else "number-decimal"
            return "num"
        if types == ["boolean"]:
            return "bool"
        if types == ["object"] and schema.get("properties"):
            return "object"
        if types == ["array"]:
            return self.list_meaning(schema, where)
        return "json"

    def list_meaning(self, schema, where):
        items, _ = self.plain(schema.get("items", {}))
        kinds = self.types(items)
        kind = kinds[0] if kinds else None
        if kind == "string":
            return "list text"
        if kind == "integer":
            return "list number-id" if items.get("x-irisx-id") and where == "body" else (
                "list text" if items.get("x-irisx-id") else "list int")
        if kind == "number" and items.get("format") != "decimal":
            return "list num"
        if kind == "object" and items.get("properties"):
            return "list object"
        return "json"

    # ---- requests -----------------------------------------------------------------------------------------------
    def case(self, path, method, raw, variant):
        c = Case()
        c.variant = variant[0]
        c.id, c.method, c.path = raw["operationId"], method, path
        c.group = raw["tags"][0]
        c.auth, c.retry = raw["x-irisx-auth"], raw["x-irisx-retry"]
        c.availability = raw["x-irisx-availability"]
        c.aliases = raw.get("x-irisx-aliases", [])
        c.unwrap, c.expect = raw.get("x-irisx-unwrap"), raw.get("x-irisx-expect")
        self.counter, self.place = 0, c.id.replace(".", "_")
        fields = [self.parameter(self.resolve(p)) for p in raw.get("parameters", [])]
        c.body, c.send, body = self.body(raw.get("requestBody"), variant[1])
        order = self.lock["params"][c.id]
        c.fields = sorted(fields + body, key=lambda f: order.index(f.name))
        self.answers(c, raw)
        return c

    def parameter(self, p):
        schema, nullable = self.plain(p["schema"])
        f = self.field(p["name"], schema, p["in"], p["name"])
        f.required, f.nullable = p.get("required", False), nullable
        f.csv = p.get("explode") is False
        return f

    def body(self, request, variant):
        if not request:
            return "none", "", []
        content = request["content"]
        if "application/json" in content and "multipart/form-data" in content:  # without a file it is JSON
            fields = self.members(self.resolve(content["multipart/form-data"]["schema"]), "body", None)
            return "form or json", "multipart/form-data", fields
        for media, kind in (("application/json", "json"), ("application/x-www-form-urlencoded", "form"),
                            ("multipart/form-data", "multipart")):
            if media in content:
                schema = variant or self.resolve(content[media]["schema"])
                if "properties" in schema or schema.get("type") == "object":
                    fields = self.members(schema, "body", None)  # bytes cannot stand in a urlencoded form
                    return kind, media, [f for f in fields if kind != "form" or f.meaning != "file"]
        return "raw", next(iter(content)), []

    def members(self, schema, where, order, depth=0):
        required = schema.get("required", [])
        out = []
        for name, sub in schema.get("properties", {}).items():
            plain, nullable = self.plain(sub)
            f = self.field(name, plain, where, name, depth)
            f.required, f.nullable = name in required, nullable
            out.append(f)
        if order:
            out.sort(key=lambda f: order.index(f.name))
        return out

    def field(self, name, schema, where, hint, depth=0):
        f = Field(name, self.meaning(schema, where), where)
        self.counter += 1
        n = self.counter
        inner = self.plain(schema.get("items", {}))[0] if f.meaning == "list object" else schema
        if f.meaning.endswith("object") and depth < DEEP:
            before, self.place = self.place, "%s_%s" % (self.place, snake(name))
            f.members = self.members(inner, where, self.nested_order(inner), depth + 1)
            self.place = before
        f.value = self.sample(f, schema, n)
        return f

    def nested_order(self, schema):
        """The order the lock gives the members of a nested object: that of its place, else of an entry that has these."""
        names = set(schema.get("properties", {}))
        own = self.lock["types"].get(self.place, [])
        if set(own) == names:
            return own
        return next((order for order in self.lock["types"].values() if set(order) == names), None)

    def sample(self, f, schema, n):
        hard = {"path": " /ü%?", "query": " &=ü+", "header": " h", "body": " \"ü\\\n", "result": " \"ü\\\n"}[f.where]
        values = schema.get("enum")
        m = f.meaning
        if m in ("text", "list text", "time"):
            if "const" in schema:
                return schema["const"]
            if values and m == "text":
                return str(values[0])
            if m == "time":
                return TIME_TEXT
            return "t%d%s" % (n, hard) if m == "text" else ["t%d%s" % (n, hard), "u"]
        if f.name == "success" and m == "bool":
            return True  # else it is a refusal
        return {"id": "9007199254740993", "number-id": "9007199254740993", "decimal": "0.0075",
                "number-decimal": "0.0075", "int": 1000 + n, "num": n + 0.5, "bool": n % 2 == 0,
                "json": Json('{"k":[%d,"ü",null]}' % n), "file": b"bytes of %d\x01" % n, "object": None,
                "list number-id": ["11", "9007199254740993"], "list int": [1, -n], "list num": [0.5, float(n) + 0.25],
                "list object": None}[m]

    # what goes out: (target, content type or None, body bytes or None, own headers)
    def request(self, c, mode, extra):
        """mode: full | required | null. extra: texts that are merged last into the body, into the query if there is none."""
        path = re.sub(r"{(\w+)}", lambda m: self.percent(self.by_name(c, m.group(1)).value), c.path)
        query = [part for f in c.fields if f.where == "query" and self.given(f, mode)
                 for part in self.query_parts(f)]
        more = ["%s=%s" % (self.percent(k), self.percent(v)) for k, v in extra.items()]
        query += more if c.body in ("none", "raw") else []
        target = path + ("?" + "&".join(query) if query else "")
        own = [(f.name, f.value) for f in c.fields if f.where == "header" and self.given(f, mode)]
        body = [f for f in c.fields if f.where == "body"]
        kind = c.body
        if kind == "form or json":
            kind = "multipart" if any(f.meaning == "file" and self.given(f, mode) for f in body) else "json"
        if kind == "json":
            parts = ["%s:%s" % (compact(f.name), self.json_of(f, mode)) for f in body if self.in_json(f, mode)]
            parts += ["%s:%s" % (compact(k), compact(v)) for k, v in extra.items()]
            return target, "application/json", ("{" + ",".join(parts) + "}").encode(), own
        if kind == "form":
            pairs = ["%s=%s" % (self.percent(f.name), self.percent(self.form_text(f))) for f in body if self.given(f, mode)]
            return target, "application/x-www-form-urlencoded", "&".join(pairs + more).encode(), own
        if kind == "multipart":
            return target, "multipart/form-data", self.parts(body, mode, extra), own
        if c.body == "raw":
            return target, c.send, b"raw \x00 bytes", own
        if c.method in ("POST", "PUT", "PATCH"):
            return target, "application/json", b"{}", own
        return target, None, None, own

    @staticmethod
    def by_name(c, name):
        return next(f for f in c.fields if f.name == name)

    @staticmethod
    def given(f, mode):
        return f.required or f.where == "path" or mode == "full"

    def in_json(self, f, mode):
        """Objects and lists cannot be null in C structs."""
        plain = not f.meaning.startswith(("list", "object", "file"))
        return self.given(f, mode) or (mode == "null" and f.nullable and plain)

    @staticmethod
    def percent(value):
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        return urllib.parse.quote(text, safe=UNRESERVED)

    def query_parts(self, f):
        name = self.percent(f.name)
        if isinstance(f.value, list):
            items = [self.percent(v) for v in f.value]
            return [name + "=" + ",".join(items)] if f.csv else [name + "=" + v for v in items]
        return [name + "=" + self.percent(f.value)]

    def json_of(self, f, mode):
        if not self.given(f, mode):
            return "null"
        return self.value_json(f, f.value, mode)

    def value_json(self, f, value, mode):
        m = f.meaning
        if m == "object":
            return self.object_json(f.members, mode)
        if m == "list object":
            return "[" + self.object_json(f.members, mode) + "]"
        if m in ("number-id", "number-decimal"):
            return value
        if m == "list number-id":
            return "[" + ",".join(value) + "]"
        return str(value) if m == "json" else compact(value)

    def object_json(self, members, mode):
        return "{" + ",".join("%s:%s" % (compact(f.name), self.json_of(f, mode)) for f in members
                              if self.in_json(f, mode)) + "}"

    def form_text(self, f):
        if f.meaning in ("text", "id", "number-id", "decimal", "number-decimal", "time"):
            return f.value
        return self.value_json(f, f.value, "full")

    def parts(self, body, mode, extra):
        """RFC 7578 with BOUNDARY for the boundary."""
        out = b""
        part = b'--BOUNDARY\r\nContent-Disposition: form-data; name="%s"'
        for f in body:
            if not self.given(f, mode):
                continue
            out += part % f.name.encode()
            if f.meaning == "file":
                out += b'; filename="a b.bin"\r\nContent-Type: text/x-test\r\n\r\n' + f.value
            else:
                out += b"\r\n\r\n" + self.form_text(f).encode()
            out += b"\r\n"
        for k, v in extra.items():
            out += part % k.encode() + b"\r\n\r\n" + v.encode() + b"\r\n"
        return out + b"--BOUNDARY--\r\n"

    def dynamic(self, c, mode, extra):
        """The same request as an object for irisx_api_call."""
        parts = ["%s:%s" % (compact(f.name), self.dynamic_value(f, mode)) for f in c.fields if self.in_json(f, mode)]
        return "{" + ",".join(parts + ["%s:%s" % (compact(k), compact(v)) for k, v in extra.items()]) + "}"

    def dynamic_value(self, f, mode):
        m = f.meaning
        if not self.given(f, mode):
            return "null"
        if m == "object":
            return self.dynamic_object(f.members, mode)
        if m == "list object":
            return "[" + self.dynamic_object(f.members, mode) + "]"
        if m == "file":
            return compact({"text": f.value.decode(), "file_name": "a b.bin", "content_type": "text/x-test"})
        return str(f.value) if m == "json" else compact(f.value)

    def dynamic_object(self, members, mode):
        return "{" + ",".join("%s:%s" % (compact(f.name), self.dynamic_value(f, mode)) for f in members
                              if self.in_json(f, mode)) + "}"

    # ---- answers ------------------------------------------------------------------------------------------------
    def answers(self, c, raw):
        c.status = min(int(s) for s in raw["responses"] if s[0] in "23")
        content = self.resolve(raw["responses"][str(c.status)]).get("content", {})
        others = [m for m in content if m != "application/json"]
        c.is_content = c.status >= 300 or bool(others)
        c.media = others[0] if others else "text/plain" if c.is_content else "application/json"
        c.accept = ", ".join(content) if others else "application/json"
        c.result, c.is_list = [], False
        if c.is_content:
            return
        schema = self.resolve(content.get("application/json", {}).get("schema", {"type": "object"}))
        if c.unwrap:
            schema = self.plain(schema["properties"][c.unwrap])[0]
        c.is_list = schema.get("type") == "array"
        self.counter, self.place = 0, ""
        if c.is_list:
            c.list = self.field("", schema, "result", "")
        else:
            c.result = self.members(schema, "result", None)

    def answer(self, c, variant):
        """(JSON text of the whole answer, what is read from it)"""
        if c.is_list:
            inner = self.wire(c.list, variant) if variant not in ("null", "missing") else "[]"
            empty = "[]" if c.list.meaning == "json" else None
            read = self.read(c.list, variant) if variant not in ("null", "missing") else empty
            read = "{}" if read is None else "{=%s;}" % read
        else:
            inner = self.wire_object(c.result, variant)
            read = self.read_object(c.result, variant)
        whole = '{"success":true,%s:%s}' % (compact(c.unwrap), inner) if c.unwrap else inner
        return whole, read

    def wire_object(self, members, variant):
        if variant == "missing":
            return "{}"
        parts = ["%s:%s" % (compact(f.name), self.wire(f, variant)) for f in members]
        if variant == "extra":
            parts = ['"zz_before":{"a":[1]}'] + parts + ['"zz_new":"found"']
        return "{" + ",".join(parts) + "}"

    def wire(self, f, variant):
        """A member on the wire. deployed: ids and decimals as numbers, numbers as texts, times as epoch ms."""
        m, odd = f.meaning, variant == "deployed"
        if variant == "null":
            return "null"
        if m == "object":
            return self.wire_object(f.members, variant)
        if m == "list object":
            return "[%s,%s]" % (self.wire_object(f.members, variant), self.wire_object(f.members, variant))
        if m in ("id", "number-id"):
            return f.value if odd or m == "number-id" else compact(f.value)
        if m in ("decimal", "number-decimal"):
            return f.value if odd or m == "number-decimal" else compact(f.value)
        if m == "time":
            return str(TIME_MS) if odd else compact(f.value)
        if m in ("int", "num"):
            return compact(str(f.value)) if odd else compact(f.value)
        if m == "bool":
            return compact("true" if f.value else "false") if odd else compact(f.value)
        if m == "list text" and odd and len(f.value) == 2:
            return compact([f.value[0], 7])
        if m == "list number-id":
            return compact(f.value) if odd else "[" + ",".join(f.value) + "]"
        return str(f.value) if m == "json" else compact(f.value)

    def read_object(self, members, variant):
        """What the program of the test writes down of a struct: members in order of their names; see dump.h"""
        if variant == "missing":
            return "{}"
        parts = []
        for f in sorted(members, key=lambda f: f.name):
            text = self.read(f, variant)
            if text is not None:
                parts.append("%s=%s;" % (f.name, text))
        return "{" + "".join(parts) + ("+" if variant == "extra" else "") + "}"

    def read(self, f, variant):
        m = f.meaning
        if variant == "null":
            return "null" if m in ("int", "num", "bool", "time", "json") else None
        if m == "object":
            return self.read_object(f.members, variant)
        if m == "list object":
            one = self.read_object(f.members, variant)
            return "[%s%s]" % (one, one)
        if m == "time":
            return str(TIME_MS)
        if m == "json":
            return str(f.value)
        if m in ("int", "num"):
            return "%.15g" % f.value
        if m == "bool":
            return "true" if f.value else "false"
        if m == "list text":
            items = [f.value[0], "7"] if variant == "deployed" and len(f.value) == 2 else f.value
            return "[" + "".join("<%s>" % v for v in items) + "]"
        if m in ("list int", "list num"):
            return "[" + "".join("<%.15g>" % v for v in f.value) + "]"
        if m == "list number-id":
            return "[" + "".join("<%s>" % v for v in f.value) + "]"
        return "<%s>" % f.value


if __name__ == "__main__":
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "openapi")
    cases = Cases(os.path.join(here, "irisx.yaml"), os.path.join(here, "lock.yaml"))
    count = 0
    for case in cases.all():
        count += 1
        if len(sys.argv) > 1 and case.id in sys.argv[1:]:
            for how in ("full", "required", "null"):
                print(case.method, *cases.request(case, how, {"zz_extra": True}))
            print(cases.dynamic(case, "full", {}))
            for kind in ("shape", "deployed", "null", "missing", "extra"):
                if not case.is_content:
                    print(kind, *cases.answer(case, kind), sep="\n   ")
    print(count)
