# SPDX-License-Identifier: MIT
"""From the shapes and fields of the list of routes to JSON schemas, and one named schema for what is the same twice.

A shape is a tree: {member: shape}, [shape], or a word: "string:int64?" is a nullable 64-bit number delivered as text,
"string{a|b}" has those values so far, "?" as a member says that the object itself may be null, "*" that there is more.
"""
import re

import infer
import meaning
from ids import snake
from infer import is_id
from members import Closed

FORMATS = {"uuid": "uuid", "date-time": "date-time", "date": "date", "time": "time", "url": "uri", "email": "email",
           "decimal": "decimal", "int64": "int64"}
WAS = "x-irisx-was"  # for the time of sharing only
GENERIC = {"data", "result", "results", "items", "item", "rows", "row", "object", "value", "list", "details", "entry", "info"}


# ---- responses ------------------------------------------------------------------------------------------------------
def schema_of(shape, name=""):
    """JSON schema of a shape; `name` is that of the member, which tells ids."""
    if isinstance(shape, Closed):  # which types are one is told by what the list says: names of types stay what they are
        out = schema_of(shape.shape, name)
        out[WAS] = kind_of(schema_of(shape.was, name))
        return out
    if isinstance(shape, dict):
        return object_schema(shape)
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0], name[:-1] if name.endswith("s") else name) if shape else {}}
    return word_schema(str(shape), name)


def object_schema(shape):
    members = {k: v for k, v in shape.items() if k not in ("?", "*", "{key}")}
    if not members:
        out = {"type": "object", "additionalProperties": schema_of(shape["{key}"]) if "{key}" in shape else True,
               "x-irisx-free": "keyed"}
    else:
        out = {"type": "object"}
        required = [k for k, v in members.items() if not optional(v)]
        if required:
            out["required"] = required
        out["properties"] = {k: described(schema_of(v, k), k) for k, v in members.items()}
    return nullable(out) if "?" in shape else out


def described(schema, name):
    said = meaning.of(name, schema, "result")
    return dict(schema, description=said) if said else schema


def optional(shape):
    shape = shape.shape if isinstance(shape, Closed) else shape
    if isinstance(shape, dict):
        return "?" in shape
    return isinstance(shape, str) and shape.endswith("?")


def nullable(schema):
    if "type" in schema and "null" not in as_list(schema["type"]):
        schema["type"] = as_list(schema["type"]) + ["null"]
    return schema


def word_schema(word, name):
    null = word.endswith("?")
    word = word.rstrip("?")
    values = re.search(r"{(.*)}$", word)
    word = re.sub(r"{.*}$", "", word)
    if word == "any":
        word = infer.of_answer(name) or word
    base, _, fmt = word.partition(":")
    out = plain_schema(base, fmt, name)
    if fmt == "int64" and not is_id(name):
        out = {"type": ["string", "integer"]}  # a count; ids are texts
    if base in ("number", "integer") and infer.is_money(name):
        out = {"type": "number", "format": "decimal"}
    if base == "string" and infer.is_secret(name):
        out["x-irisx-secret"] = True
    if values and base == "string" and "type" in out:
        seen = [v for v in values.group(1).split("|") if v]
        if seen and max(map(len, seen)) <= 40:
            out["x-irisx-values"] = seen
    return nullable(out) if null else out


def plain_schema(base, fmt, name):
    if base == "free":
        return {"x-irisx-free": fmt}
    if base in ("any", "json", "null", "unknown", "object|array", ""):
        return {}
    if base.startswith("object"):
        return {"type": "object", "additionalProperties": True}
    if base.startswith("array"):
        inner = re.match(r"array<(.*)>$", base + (":" + fmt if fmt else ""))
        return {"type": "array", "items": plain_schema(*(inner.group(1) + ":").split(":")[:2], name[:-1]) if inner else {}}
    if base == "string":
        return {"type": "string", "format": FORMATS[fmt]} if fmt in FORMATS else {"type": "string"}
    if base == "integer" or base == "number" and is_id(name):
        return {"type": "integer", "x-irisx-id": True} if is_id(name) else {"type": "integer"}
    if base in ("number", "boolean"):
        return {"type": base}
    raise ValueError("a shape nobody knows: %r of %s" % (base, name))


# ---- parameters and bodies ------------------------------------------------------------------------------------------
def field_schema(field, where):
    kind = field.get("type") or ""
    if where != "body" and kind in ("", "object"):
        kind = "string"
    if kind in ("string|number", "number|string", "string(json)"):
        kind = "string"
    if not kind:
        kind = infer.of_field(field["name"]) or ""
    if kind == "file":
        return {"type": "string", "format": "binary"}
    base, _, fmt = kind.partition(":")
    if base == "object" and field.get("fields"):
        out = fields_schema(field["fields"])
    elif kind == "array":
        out = {"type": "array", "items": untyped_item(field)}
    elif base.startswith("array<"):
        inner = re.match(r"array<(.*)>$", kind).group(1)
        if inner == "object" and field.get("fields"):
            items = fields_schema(field["fields"])
        else:
            items = plain_schema(*(inner + ":").split(":")[:2], field["name"].rstrip("s"))
        if field.get("item_enum"):
            items["enum"] = list(field["item_enum"])
        out = {"type": "array", "items": items}
    else:
        out = plain_schema(base, fmt, field["name"])
    if base in ("number", "integer") and infer.is_money(field["name"]) and where == "body":
        out = {"type": "number", "format": "decimal"}
    if out.get("type") == "string" and infer.is_secret(field["name"]):
        out["x-irisx-secret"] = True
    limits(out, field)
    said = meaning.of(field["name"], out, where) if where == "body" else None
    if said:
        out["description"] = said
    return out


def untyped_item(field):
    """Items of an array the code does not tell: texts where the name says so."""
    if is_id(field["name"]):
        return {"type": "integer", "x-irisx-id": True} if field["name"] != "messageIds" else {"type": "string"}
    return {"type": "string"} if snake(field["name"]) in TEXT_ARRAYS else {}


TEXT_ARRAYS = set("""
affected_services authorized_ranges bcc capabilities cc channels contributing_factors conversation_starters dest_tn
email_domains entry_points events media_urls merchant_capabilities notification_channels opt_out_keywords permissions
required_billing_fields required_entities required_intents required_shipping_fields required_skills sample_messages skills
supported_networks tags to variables
""".split())


def limits(out, field):
    kind = out.get("type")
    if field.get("enum") and kind in ("string", "integer", "number"):
        out["enum"] = list(dict.fromkeys(field["enum"]))
        if kind == "string":
            out["enum"] = [str(v) for v in out["enum"]]
    names = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(kind, ("minimum", "maximum"))
    given = field.get("constraints", {})
    if kind in ("string", "array", "integer", "number") and "x-irisx-id" not in out:
        for key, name in zip(("min", "max"), names):
            if isinstance(given.get(key), (int, float)):
                out[name] = given[key]
        if "gt" in given and kind == "integer":
            out["minimum"] = given["gt"] + 1
        elif "gt" in given:
            out["exclusiveMinimum"] = given["gt"]
        if "length" in given:
            out["minLength"] = out["maxLength"] = given["length"]
    if "pattern" in given and kind == "string":
        out["pattern"] = given["pattern"]
    default(out, field, kind)
    if field.get("nullable"):
        nullable(out)


def default(out, field, kind):
    value = field.get("default")
    if kind == "boolean" and value in ("true", "false"):
        value = value == "true"
    fits = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    if kind not in fits or value is None or isinstance(value, bool) != (kind == "boolean"):
        return
    if isinstance(value, fits[kind]) and value not in ({}, "") and ("enum" not in out or value in out["enum"]):
        out["default"] = value


def fields_schema(fields):
    out = {"type": "object"}
    required = [f["name"] for f in fields if f.get("required")]
    if required:
        out["required"] = required
    out["properties"] = {f["name"]: field_schema(f, "body") for f in fields}
    return out if fields else {"type": "object", "additionalProperties": True}


# ---- one type for what is the same ----------------------------------------------------------------------------------
def kind_of(schema):
    """What a member becomes in C, without what is a hint or may be missing."""
    if WAS in schema:
        return schema[WAS]
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    kinds = schema.get("type", "any")
    kinds = [k for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null"]
    kind = "/".join(kinds)
    if kind == "string/integer":
        return "integer"
    if kind == "object" and schema.get("properties"):
        return key_of(schema)
    if kind == "array":
        return "[%s]" % (kind_of(schema.get("items", {})),)
    if kind in ("integer", "number") and schema.get("x-irisx-id") or schema.get("format") == "int64":
        return "id"
    if schema.get("format") == "decimal":
        return "decimal"
    return kind + ":" + schema["format"] if schema.get("format") == "date-time" else kind


def key_of(schema):
    return tuple(sorted((n, kind_of(s)) for n, s in schema["properties"].items()))


def merge(into, other):
    """Two descriptions of one type: nullable if either is, required if both say so; values are those of both."""
    both = [n for n in into.get("required", []) if n in other.get("required", [])]
    into.pop("required", None)
    if both:
        into["required"] = both
        into["properties"] = into.pop("properties")
    for name, s in other["properties"].items():
        mine = into["properties"].get(name)
        if mine is None:
            into["properties"][name] = s
            continue
        if "null" in as_list(s.get("type")):
            nullable(mine)
        values = list(dict.fromkeys(mine.get("x-irisx-values", []) + s.get("x-irisx-values", [])))
        if values:
            mine["x-irisx-values"] = values
        if mine.get("format") != s.get("format") and "date-time" not in (mine.get("format"), s.get("format")):
            if "int64" not in (mine.get("format"), s.get("format")):
                mine.pop("format", None)
        if mine.get("type") in ("object", ["object", "null"]) and mine.get("properties") and s.get("properties"):
            merge(mine, s)
    return into


def as_list(v):
    return v if isinstance(v, list) else [v]


def is_object(schema):
    return "properties" in schema and "object" in as_list(schema.get("type"))


def singular(word):
    last = word.split("_")[-1]
    head = word[:len(word) - len(last)]
    for end, to in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("statuses", "status")):
        if last.endswith(end):
            return head + last[:-len(end)] + to
    if last == "menus" or last.endswith("s") and not last.endswith(("ss", "us", "is")) and last not in (
            "stats", "sms", "analytics", "metrics", "news", "ids", "rcs", "details", "settings", "nats", "us", "stirs", "wfms"):
        return head + last[:-1]
    return word


def pascal(text):
    return "".join(w[:1].upper() + w[1:] for w in snake(text).split("_") if w)
