#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The typed side of the test of all operations, as C, and the cases it runs, a JSON object a line.

usage: generate.py SPEC LOCK PARTS OUT_DIR      typed.h, dumps.c, typed_0.c ..., cases.jsonl

What is expected comes from tests/support/api_cases.py; of the generator (tools/apigen) only the names of C structs and
members are used here.
"""
import base64
import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tools", "apigen"))

from api_cases import Cases, Json, compact  # noqa: E402
from lock import Lock  # noqa: E402
from model import Model  # noqa: E402
import spec  # noqa: E402

EXTRA = {"zz_extra": "x y"}
HEAD = "/* SPDX-License-Identifier: MIT */\n/* Made by tests/integration/operations/generate.py: do not edit. */\n"
VARIANTS = (("shape", "full"), ("deployed", "required"), ("null", "null"), ("missing", "required"), ("extra", "full"))
FILE_BYTES = b"raw \x00 bytes"


def c_text(text):
    out = ""
    for byte in text.encode() if isinstance(text, str) else text:
        ch = chr(byte)
        out += "\\" + ch if ch in '"\\?' else ch if 32 <= byte < 127 else "\\%03o" % byte
    return '"' + out + '"'


class Filler:
    """The body of a function that fills one params struct."""

    def __init__(self):
        self.lines, self.count = [], 0

    def name(self):
        self.count += 1
        return "v%d" % self.count

    def members(self, var, declared, fields):
        by_name = {f.name: f for f in declared}
        for f in fields:
            self.member(var, by_name[f.name], f)

    def member(self, var, declared, f):
        place = "%s.%s" % (var, declared.c_name)
        setup, value = self.value(declared, f)
        self.lines += setup
        if f.required or f.where == "path":
            self.lines.append("    %s = %s;" % (place, value))
        else:
            self.lines.append("    if (mode == MODE_FULL)\n        %s = %s;" % (place, value))
            null = self.null(declared.kind) if f.nullable else None
            if null:
                self.lines.append("    else if (mode == MODE_NULL)\n        %s = %s;" % (place, null))

    @staticmethod
    def null(kind):
        if kind in ("TEXT", "ID", "ID_NUMBER", "DECIMAL", "DECIMAL_NUMBER"):
            return "IRISX_NULL_TEXT"
        return {"INT": "null_int()", "NUM": "null_num()", "BOOL": "null_bool()", "JSON": 'json(bag, "null")'}.get(kind)

    def array(self, c_type, items, list_type):
        v = self.name()
        return (["    static const %s %s[] = { %s };" % (c_type, v, ", ".join(items))],
                "(%s){ %s, %d }" % (list_type, v, len(items)))

    def value(self, declared, f):
        kind, value = declared.kind, f.value
        if kind in ("TEXT", "ID", "ID_NUMBER", "DECIMAL", "DECIMAL_NUMBER"):
            return [], c_text(str(value))
        if kind == "INT":
            return [], "irisx_int(%d)" % value
        if kind == "NUM":
            return [], "irisx_num(%r)" % float(value)
        if kind == "BOOL":
            return [], "irisx_bool(%d)" % value
        if kind in ("TEXT_LIST", "NUMBER_TEXT_LIST"):
            return self.array("char *const", [c_text(v) for v in value], "irisx_text_list_t")
        if kind == "INT_LIST":
            return self.array("int64_t", [str(v) for v in value], "irisx_int_list_t")
        if kind == "NUM_LIST":
            return self.array("double", [repr(v) for v in value], "irisx_num_list_t")
        if kind == "FILE":
            v = self.name()
            return (["    static const irisx_upload_t %s = { .data = %s, .len = %d, .file_name = \"a b.bin\", "
                     ".content_type = \"text/x-test\" };" % (v, c_text(value), len(value))], "&" + v)
        if kind == "JSON":
            return [], "json(bag, %s)" % c_text(value if isinstance(value, Json) else compact(value))
        return self.nested(declared, f)

    def nested(self, declared, f):
        before, self.lines = self.lines, []
        v = self.name()
        self.members(v, declared.type.fields, f.members)
        setup = ["    %s %s = { 0 };" % (declared.type.c_name, v)] + self.lines
        self.lines = before
        if declared.kind == "OBJECT":
            return setup, "&" + v
        a = self.name()
        setup.append("    const %s *const %s[] = { &%s };" % (declared.type.c_name, a, v))
        return setup, "(%s){ %s, 1 }" % (declared.type.c_list, a)


def sender(op, case):
    """Fills the struct and calls the generated function."""
    filler = Filler()
    filler.members("p", op.params.fields, case.fields)
    lines = ["static irisx_error_t send_%d_%d(irisx_client_t *client, enum mode mode, struct bag *bag, irisx_op_t **op)" % (
        op.number, case.variant),
             "{", "    %s p = { 0 };" % op.params.c_name] + filler.lines
    lines += ["    if (mode == MODE_FULL)", "        p.extra = json(bag, %s);" % c_text(compact(EXTRA)), "    (void) bag;"]
    if case.body == "raw":
        lines += ["    const irisx_upload_t upload = { .data = %s, .len = %d };" % (c_text(FILE_BYTES), len(FILE_BYTES)),
                  "    irisx_api_options_t o = IRISX_API_OPTIONS_INIT;", "    o.upload = &upload;",
                  "    return %s_with(client, &p, &o, op);" % op.c_stem]
    else:
        lines.append("    return %s(client, &p, op);" % op.c_stem)
    return "\n".join(lines + ["}", ""])


def reader(op):
    if op.content:
        dump = "    (void) out;\n    return %s_result(op) != NULL;" % op.c_stem
    else:
        dump = ("    const %s_result_t *r = %s_result(op);\n    if (r != NULL)\n        dump_%s(out, r);\n"
                "    return r != NULL;" % (op.c_stem, op.c_stem, op.result.c_stem))
    return "static bool read_%d(const irisx_op_t *op, struct out *out)\n{\n%s\n}\n" % (op.number, dump)


def dumper(t):
    """Writes a struct down, members in the order of their names."""
    lines = ["void dump_%s(struct out *o, const %s *v)" % (t.c_stem, t.c_name), "{", "    dump_begin(o);"]
    for f in sorted(t.fields, key=lambda f: f.name):
        at, key = "v->" + f.c_name, c_text(f.name)
        if f.kind in ("TEXT", "ID", "ID_NUMBER", "DECIMAL", "DECIMAL_NUMBER"):
            lines.append("    dump_text(o, %s, %s);" % (key, at))
        elif f.kind in ("INT", "TIME", "NUM", "BOOL"):
            lines.append("    dump_%s(o, %s, %s);" % ({"TIME": "int"}.get(f.kind, f.kind.lower()), key, at))
        elif f.kind == "JSON":
            lines.append("    dump_json(o, %s, %s);" % (key, at))
        elif f.kind == "OBJECT":
            lines.append("    if (%s != NULL) {\n        dump_key(o, %s);\n        dump_%s(o, %s);\n        dump_end_member(o);\n    }" % (
                at, key, f.type.c_stem, at))
        elif f.kind == "OBJECT_LIST":
            lines.append("    if (%s.items != NULL) {\n        dump_key(o, %s);\n        dump_open(o);\n        for (size_t i = 0; i < %s.count; i++)\n"
                         "            dump_%s(o, %s.items[i]);\n        dump_close(o);\n    }" % (at, key, at, f.type.c_stem, at))
        else:
            lines.append("    dump_%s(o, %s, %s);" % (
                {"INT_LIST": "int_list", "NUM_LIST": "num_list"}.get(f.kind, "text_list"), key, at))
    lines += ["    dump_end(o, v->raw);" if not t.is_params else "    dump_end(o, NULL);", "}", ""]
    return "\n".join(lines)


def expected(cases, case, mode):
    target, media, body, own = cases.request(case, mode, EXTRA if mode == "full" else {})
    return {"target": target, "type": media, "headers": dict(own),
            "body": None if body is None else base64.b64encode(body).decode()}


def line_of(cases, case, op):
    answers = []
    for variant, mode in VARIANTS if not case.is_content else VARIANTS[:2]:
        whole, read = ("bytes of it", "") if case.is_content else cases.answer(case, variant)
        complaint = case.expect["reason"] if case.expect and variant in ("null", "missing") else None
        answers.append({"variant": variant, "mode": mode, "body": whole, "read": read, "reason": complaint})
    return {"id": case.id, "number": op.number, "variant": case.variant, "retry": case.retry, "method": case.method, "auth": case.auth, "accept": case.accept,
            "status": case.status, "media": case.media, "content": case.is_content, "raw": case.body == "raw",
            "requests": {mode: expected(cases, case, mode) for mode in ("full", "required", "null")},
            "dynamic": cases.dynamic(case, "full", EXTRA), "answers": answers}


def table(ops, by_id):
    return ["    { %d, %d, send_%d_%d, read_%d }," % (op.number, c.variant, op.number, c.variant, op.number)
            for op in ops for c in by_id[op.id]]


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    spec_file, lock_file, parts, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    model = Model(spec.join(spec_file), Lock(spec.load(lock_file)))
    cases = Cases(spec_file, lock_file)
    by_id = {}
    for c in cases.all():
        by_id.setdefault(c.id, []).append(c)
    ops = sorted((op for op in model.ops), key=lambda op: op.number)
    groups = "".join("#include <irisx/api/%s.h>\n" % g for g in model.groups)
    types = [t for t in model.type_order if not t.is_params and not t.is_view]
    protos = "".join("void dump_%s(struct out *o, const %s *v);\n" % (t.c_stem, t.c_name) for t in types)
    write(out, "typed.h", HEAD + "#ifndef TYPED_H\n#define TYPED_H\n" + groups + '#include "dump.h"\n' + protos +
          "".join("extern const struct typed typed_%d[];\nextern const size_t typed_%d_count;\n" % (i, i) for i in range(parts)) +
          "#endif\n")
    write(out, "dumps.c", HEAD + '#include "typed.h"\n' + "\n".join(dumper(t) for t in types))
    for i in range(parts):
        mine = ops[i::parts]
        text = HEAD + '#include "typed.h"\n' + "\n".join("\n".join(sender(op, c) for c in by_id[op.id]) + "\n" + reader(op) for op in mine)
        text += "const struct typed typed_%d[] = {\n%s\n};\nconst size_t typed_%d_count = %d;\n" % (i, "\n".join(table(mine, by_id)), i, len(table(mine, by_id)))
        write(out, "typed_%d.c" % i, text)
    with open(os.path.join(out, "cases.jsonl"), "w", encoding="utf-8") as f:
        for op in ops:
            for c in by_id[op.id]:
                f.write(json.dumps(line_of(cases, c, op), ensure_ascii=False) + "\n")


main()
