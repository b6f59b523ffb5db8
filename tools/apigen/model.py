# SPDX-License-Identifier: MIT
"""From OpenAPI to what the templates need: operations, types, fields, rules.

Everything the generator cannot express is an error that names its place; nothing is dropped silently.
"""
import re

import meaning
from lock import SpecError

METHODS = ["get", "post", "put", "patch", "delete"]
AVAILABILITY = ["mounted", "unmounted", "documented"]
AUTH = {"none": "NONE", "jwt": "JWT", "key_or_jwt": "KEY_OR_JWT", "admin": "ADMIN", "key": "KEY"}
SECURITY = {"none": [], "jwt": ["bearer"], "key_or_jwt": ["apiKey", "bearer"], "admin": ["adminBearer"],
            "key": ["apiKey"]}
RETRY = {"safe": "SAFE", "idempotent": "IDEMPOTENT", "unsafe": "UNSAFE"}
PAGING = ["P%d" % n for n in range(1, 11)]
FORMATS = {"email": "EMAIL", "uri": "URL", "uuid": "UUID", "date-time": "DATETIME", "date": "DATE", "time": "TIME"}

# Names that a C, C++, Python or JavaScript program cannot use for a member.
KEYWORDS = set("""
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
alignas alignof and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class compl concept const_cast
consteval constexpr constinit co_await co_return co_yield decltype delete dynamic_cast explicit export false friend
mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public reinterpret_cast requires
static_assert static_cast template this thread_local throw true try typeid typename using virtual wchar_t xor xor_eq
False None True as assert async await def del elif except finally from global import in is lambda nonlocal pass raise
with yield
arguments debugger eval extends function implements instanceof interface let null package super typeof var
""".split())

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
C_TYPES = {"TEXT": "const char *", "ID": "const char *", "ID_NUMBER": "const char *", "DECIMAL": "const char *",
           "DECIMAL_NUMBER": "const char *", "TIME": "irisx_opt_int_t ", "INT": "irisx_opt_int_t ",
           "NUM": "irisx_opt_num_t ", "BOOL": "irisx_opt_bool_t ", "TEXT_LIST": "irisx_text_list_t ",
           "NUMBER_TEXT_LIST": "irisx_text_list_t ", "INT_LIST": "irisx_int_list_t ", "NUM_LIST": "irisx_num_list_t ",
           "JSON": "const irisx_value_t *", "FILE": "const irisx_upload_t *"}


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"[^a-zA-Z0-9]+", "_", name).strip("_").lower()


def c_member(name):
    name = snake(name)
    if re.match(r"\d", name):
        name = "n" + name
    return name + "_" if name in KEYWORDS else name


class Rule:
    """What strict checking adds: enum, limits, pattern, format."""

    def __init__(self, schema):
        self.min = next((schema[k] for k in ("minimum", "minLength", "minItems") if k in schema), None)
        self.max = next((schema[k] for k in ("maximum", "maxLength", "maxItems") if k in schema), None)
        whole = schema.get("type") == "integer"  # of other numbers the bound itself is left to the platform
        if self.min is None and "exclusiveMinimum" in schema:
            self.min = schema["exclusiveMinimum"] + (1 if whole else 0)
        if self.max is None and "exclusiveMaximum" in schema:
            self.max = schema["exclusiveMaximum"] - (1 if whole else 0)
        self.pattern = schema.get("pattern")
        self.format = FORMATS.get(schema.get("format"))
        values = schema.get("enum")
        if values is None and schema.get("type") == "array":
            items = schema.get("items", {})
            values = items.get("enum")
            self.format = self.format or FORMATS.get(items.get("format"))
            self.pattern = self.pattern or items.get("pattern")
        self.values = [str(v) for v in values] if values else []

    def empty(self):
        return self.min is None and self.max is None and not (self.pattern or self.format or self.values)

    def key(self):
        return (self.min, self.max, self.pattern, self.format, tuple(self.values))


class Field:
    def __init__(self, name, kind, where="body"):
        self.name = name
        self.kind = kind
        self.where = where
        self.required = self.nullable = self.csv = False
        self.type = None
        self.rule = None
        self.doc = ""
        self.default = None
        self.free = None  # reason why it may be any value
        self.hints = []  # values seen: words for people, never a rule
        self.c_name = c_member(name)
        if kind == "TIME" and not self.c_name.endswith("_ms"):
            self.c_name += "_ms"

    @property
    def declaration(self):
        if self.kind == "OBJECT":
            return "const %s *%s" % (self.type.c_name, self.c_name)
        if self.kind == "OBJECT_LIST":
            return "%s %s" % (self.type.c_list, self.c_name)
        return C_TYPES[self.kind] + self.c_name

    @property
    def comment(self):
        words = [] if self.where == "result" else [self.where + (", required" if self.required else "")]
        if self.kind == "TIME":
            words.append("Unix ms")
        if self.default is not None:
            words.append("default %s" % str(self.default).replace("True", "true").replace("False", "false"))
        if self.rule and self.rule.values:
            words.append(" | ".join(self.rule.values))
        if self.doc:
            words.append(self.doc)
        return "; ".join(words).replace("*/", "* /")


class Type:
    def __init__(self, c_stem, is_params):
        self.c_stem = c_stem
        self.c_name = c_stem + "_t"
        self.c_list = c_stem + "_list_t"
        self.is_params = is_params
        self.is_view = False
        self.fields = []
        self.doc = ""
        self.groups = set()
        self.listed = False
        self.index = None


class Op:
    pass


class Selection:
    """Which operations a build has: names of groups and families, or all; the family admin only if it is wanted too."""

    def __init__(self, names=("all",), admin=True):
        self.names, self.admin = list(names), admin

    def check(self, groups, families):
        for name in self.names:
            if name not in ("all", "none") and name not in groups and name not in families:
                raise SpecError("no group or family of operations is called %s; families: %s; groups: %s" % (
                    name, ", ".join(sorted(families)), ", ".join(sorted(groups))))

    def has(self, op):
        if op.family == "admin" and not self.admin:
            return False
        return "all" in self.names or op.group in self.names or op.family in self.names


class Model:
    def __init__(self, spec, lock, prefix="irisx_api_", selection=None):
        self.spec, self.lock, self.prefix = spec, lock, prefix
        self.types, self.by_shape = {}, {}
        self.building = []
        self.families = {t["name"]: t.get("x-irisx-family", "platform") for t in spec.get("tags", [])}
        self.check_ids(spec["paths"])
        known = [(item[m]["operationId"], path, m, item[m]) for path, item in spec["paths"].items() for m in METHODS
                 if m in item]
        # by number: the name of a type that several operations share is that of the oldest, for ever
        known.sort(key=lambda k: lock.operations.get(k[0], 1 << 30))
        everything = sorted((self.operation(path, m, raw) for _, path, m, raw in known), key=lambda op: op.id)
        ids = {op.id for op in everything}
        for op in everything:
            if op.instead and op.instead not in ids:
                raise SpecError("%s: x-irisx-alternative names %s, which does not exist" % (op.id, op.instead))
        selection = selection or Selection()
        selection.check({op.group for op in everything}, set(self.families.values()))
        self.ops = [op for op in everything if selection.has(op)]
        self.left_out = [op for op in everything if not selection.has(op)]
        self.last_number = max((op.number for op in everything), default=0)
        for op in self.ops:
            for t in [op.params, op.result] + [v[1] for v in op.variants]:
                self.mark(t, op.group)
        self.order()

    def check_ids(self, paths):
        """Ids, and what C makes of them, are unique."""
        seen = {}
        for item in paths.values():
            for op in item.values():
                stem = op["operationId"].replace(".", "_")
                if stem in seen:
                    raise SpecError("%s: two operations of this id" % op["operationId"])
                seen[stem] = op

    # ---- operations ---------------------------------------------------------------------------------------------
    def operation(self, path, method, raw):
        op = Op()
        op.id, op.path, op.method = raw["operationId"], path, method.upper()
        self.at = op.id
        if not re.match(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}$", op.id) or len(op.id) > 48:
            raise SpecError("%s: not an operation id (group[.sub].verb, 2 to 4 parts, at most 48 characters)" % op.id)
        op.c_stem = self.prefix + op.id.replace(".", "_")
        op.c_const = op.c_stem.upper()
        op.group = raw.get("tags", [op.id.split(".")[0]])[0]
        op.family = self.families.get(op.group, "platform")
        op.instead = raw.get("x-irisx-alternative", "")
        op.number = self.lock.number(op.id)
        op.deprecated = bool(raw.get("deprecated"))
        if op.deprecated:
            self.lock.deprecate(op.id, self.spec["info"]["version"])
        op.availability = self.one_of(raw, "availability", AVAILABILITY)
        op.auth = AUTH[self.one_of(raw, "auth", AUTH)]
        op.retry = RETRY[self.one_of(raw, "retry", RETRY)]
        op.aliases = raw.get("x-irisx-aliases", [])
        op.summary, op.description = raw.get("summary", ""), raw.get("description", "")
        self.check_security(raw)
        op.paging, op.items = 0, ""
        if "x-irisx-paging" in raw:
            op.paging = PAGING.index(raw["x-irisx-paging"]["style"]) + 1
            op.items = raw["x-irisx-paging"].get("items", "")
        op.unwrap = raw.get("x-irisx-unwrap", "")
        op.expect = raw.get("x-irisx-expect")
        op.variants, op.by = [], ""
        op.params = self.params(op, path, raw)
        op.result = self.result(op, raw)
        self.check_members(op)
        return op

    def one_of(self, raw, what, allowed):
        value = raw.get("x-irisx-" + what)
        if value not in allowed:
            raise SpecError("%s: x-irisx-%s is %r, not one of %s" % (self.at, what, value, ", ".join(allowed)))
        return value

    def check_security(self, raw):
        names = sorted(k for alternative in raw.get("security", []) for k in alternative)
        if names != sorted(SECURITY[raw["x-irisx-auth"]]):
            raise SpecError("%s: security says %s, x-irisx-auth says %s" % (self.at, names, raw["x-irisx-auth"]))

    def check_members(self, op):
        """x-irisx-unwrap, -expect and -paging name members that exist."""
        names = {f.name for f in op.result.fields}
        if op.expect and op.expect["member"] not in names:
            raise SpecError("%s: x-irisx-expect names %s, which the result lacks" % (op.id, op.expect["member"]))
        if op.paging and op.items:
            if not self.has_list(op.answer, op.items.split(".")):
                raise SpecError("%s: x-irisx-paging names %s, which the result lacks" % (op.id, op.items))

    def has_list(self, schema, path):
        schema = self.deref(self.not_null(self.deref(schema)[0]))[0]
        if not path:
            return schema.get("type") == "array" or schema.get("type") == ["array", "null"]
        return path[0] in schema.get("properties", {}) and self.has_list(schema["properties"][path[0]], path[1:])

    # ---- parameters ---------------------------------------------------------------------------------------------
    def params(self, op, path, raw):
        t = Type(op.c_stem + "_params", True)
        t.doc = op.summary
        wanted = re.findall(r"{(\w+)}", path)
        for p in raw.get("parameters", []):
            p = self.deref(p)[0]
            f = self.field(p["name"], p["schema"], p["in"], t)
            f.required = p.get("required", False)
            f.doc = p.get("description", f.doc)
            f.csv = p.get("explode") is False
            t.fields.append(f)
        if [f.name for f in t.fields if f.where == "path"] != wanted:
            raise SpecError("%s: path parameters are not those of %s" % (op.id, path))
        body = raw.get("requestBody")
        op.body, op.send = "NONE", ""
        if body:
            schema = self.body_schema(op, body)
            t.fields += self.variants(op, t, schema) if "oneOf" in schema else self.members(schema, "body", t)
        names = [f.name for f in t.fields]
        for n in names:
            if names.count(n) > 1:
                raise SpecError("%s: two parameters are called %s" % (op.id, n))
        t.fields = self.lock.sort("params", op.id, t.fields)
        self.check_c_names(t, ["extra"])
        for f in t.fields:
            self.lock_enum(op.id + "." + f.name, f)
        self.types[t.c_stem] = t
        return t

    def body_schema(self, op, body):
        """The members of a body; of one that is bytes none: it is given as an option of the call."""
        content = body["content"]
        if JSON in content and MULTIPART in content:
            op.body, op.send = "MULTIPART", JSON  # without a file it is JSON
            return self.deref(content[MULTIPART]["schema"])[0]
        for media, kind in ((JSON, "JSON"), (FORM, "FORM"), (MULTIPART, "MULTIPART")):
            if media in content:
                schema = self.deref(content[media]["schema"])[0]
                if "properties" in schema or "oneOf" in schema or schema.get("type") == "object":
                    op.body = kind
                    return schema
        op.body, op.send = "RAW", next(iter(content))
        return {"type": "object"}

    def variants(self, op, t, schema):
        """A discriminated body: one flat struct, and for each value of the discriminator its own list of fields."""
        op.by = schema["discriminator"]["propertyName"]
        flat, by_values = [], []
        for alternative in schema["oneOf"]:
            alternative = self.deref(alternative)[0]
            value = alternative["properties"][op.by]["const"]
            by_values.append(value)
            v = Type(t.c_stem, True)
            v.is_view = True  # its rows are about the flat struct
            v.fields = self.members(alternative, "body", t)
            for f in v.fields:
                if f.name == op.by:
                    f.rule = None
                self.lock_enum("%s@%s.%s" % (op.id, value, f.name), f)
            op.variants.append((value, v))
            for f in v.fields:
                self.merge_flat(op, flat, f)
        flat[0].rule = Rule({"enum": by_values})
        return flat

    def merge_flat(self, op, flat, f):
        same = [g for g in flat if g.name == f.name]
        if not same:
            g = Field(f.name, f.kind, f.where)
            g.type, g.nullable, g.required, g.doc = f.type, f.nullable, f.name == op.by, f.doc
            flat.append(g)
        elif same[0].kind != f.kind:
            raise SpecError("%s: %s has two types" % (op.id, f.name))

    # ---- results ------------------------------------------------------------------------------------------------
    def result(self, op, raw):
        good = sorted(int(s) for s in raw["responses"] if s[0] in "23")
        if not good:
            raise SpecError("%s: no response of success" % op.id)
        op.status = good[0]
        content = self.deref(raw["responses"][str(op.status)])[0].get("content", {})
        op.content = op.status >= 300 or any(media != JSON for media in content)
        op.accept = ", ".join(content) if any(media != JSON for media in content) else ""
        op.result_alias = True
        if op.content:
            op.answer = {"type": "object"}
            return self.content_type()
        schema, name = self.deref(content.get("application/json", {}).get("schema", {"type": "object"}))
        op.answer = schema
        if op.unwrap:
            if op.unwrap not in schema.get("properties", {}):
                raise SpecError("%s: nothing to unwrap at %s" % (op.id, op.unwrap))
            schema, name = self.deref(self.not_null(schema["properties"][op.unwrap]))
        if schema.get("type") == "array":
            op.result_alias = False
            return self.array_result(op, schema)
        t = self.object_type(schema, name, op.c_stem + "_result")
        op.result_alias = t.c_stem != op.c_stem + "_result"
        return t

    def content_type(self):
        """irisx_api_content_t of irisx/api.h: no rows."""
        t = self.types.setdefault("irisx_api_content", Type("irisx_api_content", False))
        t.is_view = True  # it is declared already
        return t

    def not_null(self, schema):
        """oneOf [X, null] is X."""
        some = [a for a in schema.get("oneOf", []) if a.get("type") != "null"]
        return some[0] if len(some) == 1 else schema

    def array_result(self, op, schema):
        """A bare array (P10): a struct with one list, whose wire name is empty: the value itself."""
        t = Type(op.c_stem + "_result", False)
        f = self.field("", schema, "result", t)
        f.c_name = "list"
        t.fields = [f]
        op.items = ""
        self.types[t.c_stem] = t
        return t

    def object_type(self, schema, name, c_stem):
        if name:
            c_stem = self.prefix + snake(name)
        if c_stem in self.types and self.types[c_stem].is_params:
            c_stem += "_answer"  # what is sent has that name already; it has other first and last members
        if c_stem in self.types:
            return self.types[c_stem]
        if c_stem in self.building:
            raise SpecError("%s: the type refers to itself" % c_stem)
        self.building.append(c_stem)
        t = Type(c_stem, False)
        t.doc = schema.get("description", "")
        t.fields = self.members(schema, "result", t)
        key = name or c_stem[len(self.prefix):]
        t.fields = self.lock.sort("types", key, t.fields)
        self.check_c_names(t, ["raw"])
        self.building.pop()
        return self.only_once(t, name)

    def only_once(self, t, name=None):
        """What has the members of a type that exists is that type, unless the contract gives it a name."""
        shape = (t.is_params, tuple((f.name, f.kind, f.where, f.required, f.nullable, f.csv, id(f.type),
                                     f.rule.key() if f.rule else None) for f in t.fields))
        if not name and shape in self.by_shape:
            t = self.by_shape[shape]
        self.by_shape.setdefault(shape, t)
        self.types[t.c_stem] = t
        return t

    # ---- fields -------------------------------------------------------------------------------------------------
    def members(self, schema, where, parent):
        required = schema.get("required", [])
        out = []
        for name, sub in schema.get("properties", {}).items():
            if not isinstance(name, str):
                raise SpecError("%s: the member %r is not text in YAML: put it in quotes" % (self.at, name))
            f = self.field(name, sub, where, parent)
            f.required = name in required
            out.append(f)
        missing = set(required) - {f.name for f in out} - {schema.get("discriminator", {}).get("propertyName")}
        if missing:
            raise SpecError("%s: required but not described: %s" % (self.at, ", ".join(sorted(missing))))
        return out

    def field(self, name, schema, where, parent):
        schema, ref = self.deref(schema)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else list(types)
        nullable = "null" in types
        types = [t for t in types if t != "null"]
        if "oneOf" in schema:
            return self.one_of_field(name, schema, where, parent)
        if "const" in schema:
            types = ["string"]
        kind, sub = self.kind(name, schema, ref, types, where, parent)
        f = Field(name, kind, where)
        f.nullable, f.type = nullable, sub
        f.doc, f.default = schema.get("description", "").strip() or meaning.of(name, schema, where) or "", schema.get("default")
        f.hints = [str(v) for v in schema.get("x-irisx-values", [])]
        f.free = schema.get("x-irisx-free", schema.get("items", {}).get("x-irisx-free")) if kind == "JSON" else None
        if where != "result":
            rule = Rule(dict(schema, type=types[0] if types else None))
            f.rule = None if rule.empty() else rule
        return f

    def one_of_field(self, name, schema, where, parent):
        """oneOf [X, null] is X, nullable; oneOf [string, array of string] is a list that may come as one text."""
        some = [a for a in schema["oneOf"] if a.get("type") != "null"]
        if len(some) == 1:
            f = self.field(name, some[0], where, parent)
            f.nullable = f.nullable or len(schema["oneOf"]) > 1
            return f
        if [a.get("type") for a in some] == ["string", "array"] and where == "result":
            return self.field(name, some[1], where, parent)
        if where == "result" or all("properties" not in a and "$ref" not in a for a in some):
            return Field(name, "JSON", where)
        raise SpecError("%s.%s: this oneOf is not understood" % (self.at, name))

    def kind(self, name, schema, ref, types, where, parent):
        fmt = schema.get("format")
        if where in ("path", "query", "header") and types and types[0] == "object":
            raise SpecError("%s.%s: no objects outside bodies" % (self.at, name))
        if types == ["array"]:
            return self.array_kind(name, schema, where, parent)
        if types == ["object"] and schema.get("properties"):
            return "OBJECT", self.nested(name, schema, ref, where, parent)
        if types == ["string"]:
            if fmt == "binary" and where == "body":
                return "FILE", None
            if fmt == "decimal":
                return "DECIMAL", None
            if fmt == "int64":
                return "ID", None
            return ("TIME" if fmt == "date-time" and where == "result" else "TEXT"), None
        if types in (["integer"], ["string", "integer"]):
            if schema.get("x-irisx-id"):
                return ("ID" if where in ("result", "path", "query") else "ID_NUMBER"), None
            return "INT", None
        if types == ["number"]:
            if fmt == "decimal":
                return ("DECIMAL" if where == "result" else "DECIMAL_NUMBER"), None
            return "NUM", None
        if types == ["boolean"]:
            return "BOOL", None
        if where in ("path", "query", "header"):
            raise SpecError("%s.%s: a type is needed" % (self.at, name))
        return "JSON", None

    def array_kind(self, name, schema, where, parent):
        items, ref = self.deref(self.not_null(schema.get("items", {})))
        kind = items.get("type")
        kinds = [k for k in kind if k != "null"] if isinstance(kind, list) else [kind]
        kind = "string" if kinds == ["string", "integer"] else kinds[0]  # ids, as they come
        if kind == "string":
            return "TEXT_LIST", None
        if kind == "integer":
            if items.get("x-irisx-id"):
                return ("TEXT_LIST" if where != "body" else "NUMBER_TEXT_LIST"), None
            return "INT_LIST", None
        if kind == "number" and items.get("format") != "decimal":
            return "NUM_LIST", None
        if kind == "object" and items.get("properties"):
            sub = self.nested(name, items, ref, where, parent)
            sub.listed = True
            return "OBJECT_LIST", sub
        return "JSON", None

    def nested(self, name, schema, ref, where, parent):
        if where == "result":
            return self.object_type(schema, ref, parent.c_stem + "_" + (snake(name) or "item"))
        stem = self.prefix + snake(ref) + "_params" if ref else parent.c_stem.replace("_params", "") + "_" + snake(name)
        if stem in self.types and not self.types[stem].is_params:
            stem += "_sent"
        if stem in self.types:
            return self.types[stem]
        t = Type(stem, True)
        t.fields = self.lock.sort("types", stem[len(self.prefix):], self.members(schema, "body", t))
        for f in t.fields:
            self.lock_enum(stem[len(self.prefix):] + "." + f.name, f)
        self.check_c_names(t, ["extra"])
        return self.only_once(t, ref)

    def lock_enum(self, place, f):
        if f.rule and f.rule.values:
            f.rule.values = self.lock.enum(place, f.rule.values)

    def check_c_names(self, t, taken):
        """Some answers have a member twice, in both styles of names: the later one (by the lock) gets a number."""
        for f in t.fields:
            stem, n = f.c_name, 1
            while f.c_name in taken:
                n += 1
                f.c_name = "%s_%d" % (stem, n)
            taken.append(f.c_name)

    def deref(self, node):
        name = None
        while "$ref" in node:
            path = node["$ref"].split("/")
            if path[0] != "#":
                raise SpecError("%s: only references into this file: %s" % (self.at, node["$ref"]))
            name = path[-1]
            node = self.spec
            for part in path[1:]:
                if part not in node:
                    raise SpecError("%s: dangling reference %s" % (self.at, "/".join(path)))
                node = node[part]
        return node, name

    # ---- order --------------------------------------------------------------------------------------------------
    def mark(self, t, group):
        if group in t.groups:
            return
        t.groups.add(group)
        for f in t.fields:
            if f.type:
                self.mark(f.type, group)

    def order(self):
        """Types in an order in which each is declared before it is used."""
        self.type_order = []

        def visit(t):
            if t in self.type_order:
                return
            for f in t.fields:
                if f.type:
                    visit(f.type)
            self.type_order.append(t)
        for stem in sorted(self.types):
            if self.types[stem].groups:
                visit(self.types[stem])
        for op in self.ops:
            self.type_order += [v[1] for v in op.variants]
        for i, t in enumerate(self.type_order):
            t.index = i
        self.check_types()
        self.groups = sorted({op.group for op in self.ops})

    def check_types(self):
        """No two C types have one name; the list of X is X_list_t."""
        taken = {}
        for t in self.type_order:
            for name in [] if t.is_view else [t.c_name] + ([t.c_list] if t.listed else []):
                if name in taken:
                    raise SpecError("two types are called %s in C" % name)
                taken[name] = t
