# SPDX-License-Identifier: MIT
"""From routes to OpenAPI operations: ids, credential, retry class, parameters, bodies, answers, paging."""
import copy
import re

import ids
import meaning
import refusals
import shapes
import words
from lock import SpecError
from members import Members

METHODS = ["get", "post", "put", "patch", "delete"]
AUTH = {"none": "none", "jwt": "jwt", "jwtOrApiKey": "key_or_jwt", "admin": "admin", "apiKey": "key"}
SECURITY = {"none": [], "jwt": [{"bearer": []}], "key_or_jwt": [{"apiKey": []}, {"bearer": []}],
            "admin": [{"adminBearer": []}], "key": [{"apiKey": []}]}
RETRY = {"get": "safe", "put": "idempotent", "delete": "idempotent", "post": "unsafe", "patch": "unsafe"}
BODY_TYPES = {"multipart": "multipart/form-data", "form-urlencoded": "application/x-www-form-urlencoded"}
METHOD_OF = {"ALL": "POST"}  # one route takes every method; a client sends POST
ENVELOPE = {"success", "message", "timestamp"}


def whole_number(f):
    """What pages are asked for with are whole numbers, whatever the code reads them as."""
    if f["name"] not in ("limit", "page", "offset"):
        return f
    value = f.get("default")
    return dict(f, type="integer", default=int(value) if isinstance(value, str) and value.isdigit() else value)


class Contract:
    """All operations, ordered by group; `by_group` is what the files hold."""

    def __init__(self, routes, overlay, kept):
        self.overlay, self.kept = overlay, kept
        self.groups = overlay["groups"]
        self.ops = {}
        self.routes = {}
        self.aliases = {}
        for r in routes:
            self.take(r)
        self.members = Members(overlay["members"], self.routes)
        self.paths = ids.Paths(self.routes)
        self.by_group = {g: {} for g in self.groups}
        self.named = {}
        for (method, path), r in self.routes.items():
            self.add(method, path, r)
        self.by_group = {g: v for g, v in self.by_group.items() if v}
        self.groups = {g: v for g, v in self.groups.items() if g in self.by_group}

    def take(self, r):
        """Aliases join their operation; names of path parameters are those of the overlay; the first of two designs wins."""
        method, path = METHOD_OF.get(r["method"], r["method"]), self.renamed(r["path"])
        for alias, target in self.overlay["aliases"].items():
            if path == alias or path.startswith(alias + "/"):
                self.aliases.setdefault((method, target + path[len(alias):]), []).append(path)
                return
        self.routes.setdefault((method, path), dict(r, path=path))

    def renamed(self, path):
        for pattern, to in self.overlay["parameters"].items():
            path = re.sub(pattern, to, path)
        return path

    def group_of(self, r, path):
        name = r["group"].removesuffix(".js")
        if name.startswith("("):
            best = max((p for p in self.overlay["documented"] if path.startswith(p)), key=len, default=None)
            if best is None:
                raise SpecError("no group for %s: see `documented` in the overlay" % path)
            return self.overlay["documented"][best]
        return name

    def add(self, method, path, r):
        group = self.group_of(r, path)
        if group not in self.by_group:
            raise SpecError("the overlay does not know the group %s" % group)
        op = self.kept.get((method, path))
        if op is None:
            op = Operation(self, method, path, r, group).document
        else:
            op = self.with_alternative(op)
            known = refusals.of(r, group)
            op["responses"] = {s: v if s < "400" else known.get(s) or refusals.guard(int(s), group)
                               for s, v in op["responses"].items()}
        self.ops[method, path] = op
        if op["operationId"] in self.named:
            raise SpecError("%s: %s %s and %s" % (op["operationId"], method, path, self.named[op["operationId"]]))
        self.named[op["operationId"]] = "%s %s" % (method, path)
        item = self.by_group[group].setdefault(path, {})
        item[method.lower()] = op
        self.by_group[group][path] = {m: item[m] for m in METHODS if m in item}


    def name_of(self, method, path):
        """Id of the operation at a path, whatever its parameters are called."""
        path = self.renamed(path)
        if (method, path) in self.kept:
            return self.kept[method, path]["operationId"]
        return Operation(self, method, path, self.routes[method, path], "", build=False).id

    def with_alternative(self, op):
        """The one thing the overlay adds to what is kept."""
        said = self.overlay["operations"].get(op["operationId"], {}).get("alternative")
        keys = [k for k in op if k != "x-irisx-alternative"]
        out = {}
        for key in keys:
            if key == "security" and said:
                out["x-irisx-alternative"] = said["is"]
            out[key] = op[key]
        return out


class Operation:
    def __init__(self, contract, method, path, r, group, build=True):
        self.c, self.method, self.path, self.r, self.group = contract, method, path, r, group
        good = [s for s in r["responses"] if 200 <= s["status"] < 300]
        self.good = good[0] if good else None
        self.lists = self.is_list()
        self.id = self.name()
        self.over = contract.overlay["operations"].get(self.id, {})
        if build:
            self.document = self.build()

    def is_list(self):
        asked = {f["name"] for f in self.r["query"]}
        primary = str((self.good or {}).get("item_of", ""))
        if asked & {"page", "offset"}:
            return "pages"
        return "list" if primary.endswith("[]") and self.bare(primary) else ""

    def bare(self, primary):
        """Is the list all there is, figures and envelope aside?"""
        shape = self.good.get("shape")
        parts = primary[:-2].split(".") if primary != "[]" else []
        for part in parts[:-1]:
            shape = shape.get(part, {}) if isinstance(shape, dict) else {}
        others = [v for k, v in shape.items() if k not in parts[-1:] + ["pagination"]] if isinstance(shape, dict) else []
        return len(parts) <= 2 and not any(isinstance(v, (dict, list)) for v in others)

    def name(self):
        given = self.c.overlay["names"].get("%s %s" % (self.method, self.path))
        if given:
            return given["is"]
        return ids.operation_id(self.method, self.path, self.c.paths, self.lists, self.c.overlay["prefixes"])

    def said(self, key, otherwise):
        return self.over[key]["is"] if key in self.over else otherwise

    def build(self):
        r, out = self.r, {"operationId": self.id, "tags": [self.group]}
        answer = self.answer()
        paging = self.paging(answer)
        self.style = paging["style"] if paging else None
        self.summary = out["summary"] = self.c.overlay["summaries"].get(self.id) or words.summary(self)
        description = " ".join([self.said("description", "")] + words.remarks(self)).strip()
        if description:
            out["description"] = description
        if "deprecated" in self.over:
            out["deprecated"] = True
        if not r["mounted"]:
            out["x-irisx-availability"] = "unmounted" if "code" in r["source"] else "documented"
        else:
            out["x-irisx-availability"] = "mounted"
        auth = self.said("auth", AUTH[r["auth_intended"]])
        out["x-irisx-auth"] = auth
        out["x-irisx-retry"] = self.said("retry", RETRY[self.method.lower()])
        out["security"] = SECURITY[auth]
        if (self.method, self.path) in self.c.aliases:
            out["x-irisx-aliases"] = self.c.aliases[self.method, self.path]
        if paging:
            out["x-irisx-paging"] = paging
        unwrap = self.said("unwrap", self.unwrap(answer))
        if unwrap:
            out["x-irisx-unwrap"] = unwrap
        for key in ("alternative", "expect"):
            if key in self.over:
                out["x-irisx-" + key] = self.over[key]["is"]
        parameters = self.parameters()
        if parameters:
            out["parameters"] = parameters
        body = self.body()
        if body:
            out["requestBody"] = body
        out["responses"] = self.responses(answer)
        return out

    # ---- what is sent -----------------------------------------------------------------------------------------------
    def parameters(self):
        out = []
        for name in re.findall(r"{(\w+)}", self.path):
            known = [f for f in self.r["path_params"] if f["name"] == name]
            schema = shapes.field_schema(known[0], "path") if known else {"type": "string"}
            if schema.get("type") in ("integer", "number") and "x-irisx-id" not in schema:
                schema["x-irisx-id"] = True
                schema["type"] = "integer"
            out.append(self.described({"name": name, "in": "path", "required": True, "schema": schema}))
        for f in map(whole_number, self.query()):
            schema = shapes.field_schema(f, "query")
            p = {"name": f["name"], "in": "query"}
            if f.get("required"):
                p["required"] = True
            if f.get("csv") and schema.get("type") == "string":
                p["explode"] = False
                schema = {"type": "array", "items": {"type": "string"}}
            if f["name"] in ("limit", "page") and "minimum" not in schema:
                schema["minimum"] = 1
            p["schema"] = schema
            out.append(self.described(p))
        for name, schema in self.said("query", {}).items():
            out.append(self.described({"name": name, "in": "query", "schema": schema}))
        for name in self.r.get("headers", []):
            if name.lower() not in ("content-type",):
                out.append({"name": name, "in": "header", "schema": {"type": "string"}})
        return out

    def described(self, p):
        text = words.parameter(p["name"], p["schema"], p["in"], self) or meaning.of(p["name"], p["schema"], p["in"]) or \
            words.filter_of(p, self)
        return dict(p, description=text) if text else p

    def query(self):
        for f in self.r["query"]:
            if f.get("type") == "object" and f.get("fields"):
                yield from f["fields"]
            else:
                yield f

    def body(self):
        r = self.r
        if "body_encoding" in r or "form" in r:
            return self.form(BODY_TYPES[r.get("body_encoding", "multipart")])
        if r.get("body_raw"):
            kind = "application/json" if r["body"] else "application/octet-stream"
            schema = shapes.fields_schema(r["body"]) if r["body"] else {"type": "string", "format": "binary"}
            return {"required": True, "content": {kind: {"schema": schema}}}
        if not r["body"] and not r.get("body_open") and "body" not in self.over:
            return None
        schema = shapes.fields_schema(r["body"])
        for name, said in self.said("body", {}).items():
            schema.setdefault("properties", {})[name] = said
        if r.get("body_open") and r["body"]:
            schema["additionalProperties"] = True
        return {"required": not r.get("body_optional"), "content": {"application/json": {"schema": schema}}}

    def form(self, kind):
        """A form; one whose file may be missing is JSON then, where the route takes both."""
        fields = [self.form_field(f, kind) for f in self.r.get("form", [])]
        files = [f for f in fields if f["type"] == "file"]
        if not files or not self.r["body"]:
            return {"required": True, "content": {kind: {"schema": shapes.fields_schema(fields)}}}
        fields = [dict(f, required=False) if f in files else f for f in fields]
        return {"required": True, "content": {"application/json": {"schema": shapes.fields_schema(self.r["body"])},
                                              kind: {"schema": shapes.fields_schema(self.r["body"] + fields)}}}

    @staticmethod
    def form_field(f, kind):
        """The list takes a member for a file where its name has "file" in it (profile_name), and misses one whose media type
        is looked at."""
        media = [v for sub in f.get("fields", []) if sub["name"] == "type" for v in sub.get("enum", [])]
        if kind == "application/x-www-form-urlencoded":
            given = f.get("type") if f.get("type") != "file" else "string"  # bytes cannot stand in such a form
        else:
            given = "file" if media and all("/" in m for m in media) else f.get("type")
        return dict(f, type=given or "string")

    # ---- what comes back --------------------------------------------------------------------------------------------
    def answer(self):
        """Schema of a successful JSON answer; None if it is something else."""
        if self.good is None:
            return None
        if "result" in self.over:
            return shapes.schema_of(self.c.members.close(self.over["result"]["is"], self))
        if "shape" in self.good:
            shape = copy.deepcopy(self.good["shape"])
            for place, word in self.said("members", {}).items():
                self.put(shape, place, word)
            return shapes.schema_of(self.c.members.close(shape, self))
        keys = self.good.get("keys")
        if keys:
            return shapes.schema_of(self.c.members.close({k: "any?" for k in dict.fromkeys(keys)}, self))
        return None

    def put(self, shape, place, word):
        """One member of the answer: "agents[].sip_password". None takes it away."""
        *outer, last = place.replace("[]", ".[]").strip(".").split(".")
        for part in outer:
            shape = shape[0] if part == "[]" else shape[part]
        if word is None:
            del shape[last]
        else:
            shape[last] = word

    def unwrap(self, answer):
        """{success, data: {...}} and {thing: {...}}: the one member that is the result."""
        if not answer or "properties" not in answer:
            return None
        members = answer["properties"]
        known = {n: shapes.is_object(s) and shapes.WAS not in s for n, s in members.items()}
        rest = [n for n in members if n not in ENVELOPE or known[n]]
        return rest[0] if len(rest) == 1 and known[rest[0]] else None

    def paging(self, answer):
        if "paging" in self.over:
            return self.over["paging"]["is"]
        if self.method != "GET" or not answer or not self.lists:
            return None
        if any(kind != "application/json" for kind in self.r.get("content_types", [])):
            return None  # a file, if asked for: no pages
        if answer.get("type") == "array":
            return {"style": "P10"}
        primary = str(self.good.get("item_of", ""))
        if not primary.endswith("[]") or self.find(answer, primary[:-2]) is None:
            return None
        asked = {f["name"] for f in self.r["query"]}
        style = self.paging_style(answer, asked)
        if style == "P9" and self.id.rsplit(".", 1)[-1] != "list":
            return None
        return {"style": style, "items": primary[:-2]}

    def paging_style(self, answer, asked):
        members = answer["properties"]
        inner = members.get("data", {}).get("properties", {})
        figures = members.get("pagination", inner.get("pagination", {})).get("properties", {})
        if "page" in asked:
            if "pagination" in inner:
                return "P4"
            if figures:
                return "P8" if "total_pages" in figures else "P3"
            return "P5"
        if "offset" in asked:
            if "hasMore" in figures:
                return "P7"
            if figures:
                return "P1" if "has_more" in figures else "P2"
            return "P6"
        return "P9"

    def find(self, schema, path):
        for part in path.split("."):
            schema = schema.get("properties", {}).get(part)
            if schema is None:
                return None
        return schema if schema.get("type") == "array" else None

    def responses(self, answer):
        out = {}
        r = self.r
        good = [s for s in r["responses"] if s["status"] < 400]
        if not good:
            good = [{"status": 200}]
        for s in good:
            out[str(s["status"])] = self.success(s, answer)
        out.update(refusals.of(r, self.group))
        return out

    def answer_words(self, s, answer, kinds):
        files = [meaning.MEDIA[k] for k in kinds or [] if k != "application/json"]
        if files:
            return files[0]
        if answer is None and not self.good.get("shape") if self.good else True:
            return "As the documentation says; what comes back is not known."
        return meaning.answer(self, s["status"], answer, words)

    def success(self, s, answer):
        if 300 <= s["status"] < 400:
            return {"description": "Sends the browser elsewhere.", "headers": {"Location": {"schema": {"type": "string"}}}}
        kinds = self.r.get("content_types") or {"html": ["text/html"], "text": ["text/plain"],
                                               "raw": ["application/octet-stream"]}.get((s.get("content") or [""])[0])
        out = {"description": self.answer_words(s, answer, kinds)}
        content = {}
        for kind in kinds or []:
            content[kind] = {"schema": {"type": "string"} if kind.startswith("text/") else
                             {"type": "string", "format": "binary"}}
        if answer is not None and (not kinds or "application/json" in kinds):
            content["application/json"] = {"schema": answer}
        if content:
            out["content"] = content
        return out
