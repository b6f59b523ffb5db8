# SPDX-License-Identifier: MIT
"""The rows of src/api/tables.h: texts interned in one array, everything else by index."""

LIMIT = 0xFFFF
MAX_TEXT_LINE = 1800


class Tables:
    def __init__(self, model):
        self.text = bytearray(b"\0")
        self.offsets = {b"": 0}
        self.types, self.fields, self.rules, self.values, self.variants, self.aliases, self.ops = ([] for _ in range(7))
        self.names, self.name_rows, self.expects = [], {}, []
        self.name("")
        self.rule_rows = {}
        self.rules.append(None)  # 0: no rule
        for t in model.type_order:
            self.types.append((t, len(self.fields), len(t.fields)))
            self.fields += [self.field(t, f) for f in t.fields]
        for op in model.ops:
            self.ops.append(self.op(op))
        self.by_number = sorted(range(len(model.ops)), key=lambda i: model.ops[i].number)
        if max(len(t) for t in (self.types, self.rules, self.names, self.values, self.variants)) >= LIMIT or \
                len(self.expects) >= 255:
            raise OverflowError("the tables' indices are too small")

    def intern(self, s):
        b = s.encode()
        if b not in self.offsets:
            self.offsets[b] = len(self.text)
            self.text += b + b"\0"
        return self.offsets[b]

    def name(self, s):
        """Index of a text that many rows have."""
        if s not in self.name_rows:
            self.name_rows[s] = len(self.names)
            self.names.append((self.intern(s), s))
        return self.name_rows[s]

    def field(self, t, f):
        flags = ["IX_API_IN_" + f.where.upper()] if f.where in ("path", "query", "body") else []
        flags += [name for on, name in ((f.required, "IX_API_REQUIRED"), (f.nullable, "IX_API_NULLABLE"),
                                        (f.csv, "IX_API_CSV")) if on]
        return {"name": self.name(f.name), "wire": f.name, "struct": t.c_name, "member": f.c_name, "kind": f.kind,
                "flags": " | ".join(flags) or "0", "sub": f.type.index if f.type else self.rule(f.rule)}

    def rule(self, rule):
        if rule is None:
            return 0
        if rule.key() not in self.rule_rows:
            flags = [n for n, v in (("IX_API_HAS_MIN", rule.min), ("IX_API_HAS_MAX", rule.max)) if v is not None]
            row = {"min": int(rule.min or 0), "max": int(rule.max or 0), "flags": " | ".join(flags) or "0",
                   "pattern": self.intern(rule.pattern or ""), "format": rule.format or "NONE",
                   "first": len(self.values), "count": len(rule.values)}
            self.values += [(self.intern(v), v) for v in rule.values]
            self.rule_rows[rule.key()] = len(self.rules)
            self.rules.append(row)
        return self.rule_rows[rule.key()]

    def op(self, op):
        row = {"op": op, "id": self.intern(op.id), "path": self.intern(op.path), "group": self.name(op.group),
               "unwrap": self.name(op.unwrap), "items": self.name(op.items), "by": self.name(op.by), "expect": 0,
               "first_variant": len(self.variants), "first_alias": len(self.aliases)}
        self.variants += [(self.intern(value), v.index, value) for value, v in op.variants]
        self.aliases += [(self.intern(a), a) for a in op.aliases]
        if op.expect:
            self.expects.append({"member": self.intern(op.expect["member"]), "reason": self.intern(op.expect["reason"]),
                                 "complaint": self.intern(op.expect["message"]), "error": op.expect["error"]})
            row["expect"] = len(self.expects)
        return row

    def text_lines(self):
        """C string literals, each short enough for any compiler."""
        line, out = "", []
        for byte in self.text[:-1]:  # the compiler adds the last NUL
            c = chr(byte)
            if byte == 0:
                line += "\\000"
            elif c in "\\\"?":
                line += "\\" + c
            elif 32 <= byte < 127:
                line += c
            else:
                line += "\\%03o" % byte
            if len(line) > 100 and byte == 0 or len(line) > MAX_TEXT_LINE:
                out.append(line)
                line = ""
        return out + ([line] if line else [])
