# SPDX-License-Identifier: MIT
"""The rows of src/api/tables.h: texts in one array, everything else by index, what is alike once."""
import array

LIMIT = 0xFFFF
STEP = 2  # IX_API_WORD_STEP
LINE = 110
STATUSES = [200, 201, 202, 204, 302, 303, 307, 206]
BODIES = ["NONE", "JSON", "FORM", "MULTIPART", "RAW"]


def id_hash(text):
    """FNV-1a, as ix_api_id_hash."""
    h = 0x811C9DC5
    for b in text.encode():
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    return h


class Words:
    """Texts: each is a place in one array; a text that another one ends with lies inside it."""

    def __init__(self):
        self.known = {"": 0}

    def add(self, text):
        if "\0" in text:
            raise OverflowError("a text with a NUL")
        self.known.setdefault(text, None)
        return text

    def lay_out(self):
        self.bytes = bytearray(STEP)
        ends = {}
        for text in sorted((t for t in self.known if t), key=lambda t: (-len(t.encode()), t)):
            data = text.encode()
            if data not in ends:
                at = len(self.bytes)
                self.bytes += data + b"\0"
                self.bytes += bytes(-len(self.bytes) % STEP)
                for skip in range(0, len(data), STEP):
                    ends.setdefault(data[skip:], at + skip)
            self.known[text] = ends[data] // STEP
        if len(self.bytes) // STEP > LIMIT:
            raise OverflowError("the texts are too long for 16-bit words: %d bytes" % len(self.bytes))

    def __getitem__(self, text):
        return self.known[text]


class Rows:
    """A list in which each row stands once."""

    def __init__(self, *first):
        self.list, self.at = [], {}
        for row in first:
            self.add(row)

    def add(self, row):
        if row not in self.at:
            self.at[row] = len(self.list)
            self.list.append(row)
        return self.at[row]

    def __len__(self):
        return len(self.list)


class Tables:
    def __init__(self, model):
        self.model, self.words = model, Words()
        self.fields, self.types, self.rules = Rows(), Rows(), Rows((0, 0, "NONE", 0, "", 0))
        self.limits, self.values, self.groups = Rows(0.0), [], Rows()
        self.members = array.array("H")
        self.value_runs = {(): 0}
        self.index = {}
        for t in model.type_order:
            self.index[id(t)] = self.types.add(tuple(self.fields.add(self.field(f)) for f in t.fields))
        self.lay_out_fields()
        self.lay_out_types()
        self.lay_out_ids()
        self.lay_out_paths()
        self.ops = [self.op(i, op) for i, op in enumerate(model.ops)]
        self.by_number = sorted(range(len(model.ops)), key=lambda i: model.ops[i].number)
        self.left_out = sorted(id_hash(op.id) for op in model.left_out)
        self.last_number = model.last_number
        self.side_tables()
        self.words.lay_out()
        self.check()

    def check(self):
        sizes = [len(x) for x in (self.fields, self.members, self.types, self.rules, self.values, self.id_nodes,
                                  self.path_nodes, self.routes, self.ops)]
        if max(sizes) >= LIMIT or len(self.limits) > 255 or len(self.groups) > 255 or self.last_number >= LIMIT:
            raise OverflowError("the tables' indices are too small: %s" % sizes)

    # ---- types ------------------------------------------------------------------------------------------------
    def field(self, f):
        flags = ["IN_" + f.where.upper()] if f.where in ("path", "query", "body", "header") else []
        flags += [name for on, name in ((f.required, "REQUIRED"), (f.nullable, "NULLABLE"), (f.csv, "CSV")) if on]
        sub = self.index[id(f.type)] if f.type else self.rule(f.rule)
        return (self.words.add(f.name), sub, f.kind, " | ".join("IX_API_" + n for n in flags) or "0")

    def limit(self, value):
        return 0 if value is None else self.limits.add(float(value)) or self.limits_zero()

    def limits_zero(self):
        """A limit that is 0 is not "none": it has a row of its own."""
        return self.limits.add("0.0")

    def rule(self, rule):
        if rule is None:
            return 0
        key = tuple(rule.values)
        if key not in self.value_runs:
            self.value_runs[key] = len(self.values)
            self.values += [self.words.add(v) for v in rule.values]
        if len(key) > 255:
            raise OverflowError("an enum of more than 255 values")
        return self.rules.add((self.limit(rule.min), self.limit(rule.max), rule.format or "NONE", len(key),
                               self.words.add(rule.pattern or ""), self.value_runs[key]))

    def lay_out_fields(self):
        """Those with a sub first, so that the others need none; kind and flags are few pairs, by their number."""
        order = sorted(range(len(self.fields)), key=lambda i: (self.fields.list[i][1] == 0, i))
        place = {old: new for new, old in enumerate(order)}
        self.fields.list = [self.fields.list[i] for i in order]
        self.sub_count = sum(row[1] != 0 for row in self.fields.list)
        self.types.list = [tuple(place[i] for i in key) for key in self.types.list]
        self.traits = Rows()
        self.field_traits = [self.traits.add(row[2:]) for row in self.fields.list]
        if len(self.traits) > 256:
            raise OverflowError("more than 256 pairs of kind and flags")

    def lay_out_types(self):
        """Lists of members, longest first: one that lies inside another, or begins where it ends, shares its rows."""
        firsts = {}
        for key in sorted(self.types.list, key=lambda k: (-len(k), k)):
            want = array.array("H", key).tobytes()
            have = self.members.tobytes()
            at = have.find(want)
            while at > 0 and at % 2:
                at = have.find(want, at + 1)
            if at < 0:
                shared = max((n for n in range(0, min(len(want), len(have)) + 1, 2)
                              if n == 0 or have.endswith(want[:n])))
                at = len(have) - shared
                self.members.frombytes(want[shared:])
            firsts[key] = at // 2
        self.type_rows = [(firsts[key], len(key)) for key in self.types.list]

    # ---- ids and paths ------------------------------------------------------------------------------------------
    def lay_out_ids(self):
        nodes = {(): 0}
        self.id_nodes = [(0, "")]
        self.id_of = {}
        for op in self.model.ops:
            steps = tuple(op.id.split("."))
            for n in range(1, len(steps) + 1):
                if steps[:n] not in nodes:
                    nodes[steps[:n]] = len(self.id_nodes)
                    self.id_nodes.append((nodes[steps[:n - 1]], self.words.add(steps[n - 1])))
            self.id_of[op.id] = nodes[steps]

    def lay_out_paths(self):
        """Breadth first, so that the children of a node lie side by side."""
        routes = [(p, i) for i, op in enumerate(self.model.ops) for p in [op.path] + op.aliases]
        steps = {tuple(p.split("/")[1:]) for p, _ in routes}
        steps |= {s[:n] for s in steps for n in range(len(s))} | {()}
        children = {}
        for s in steps - {()}:
            children.setdefault(s[:-1], []).append(s)
        numbers, level = {(): 0}, [()]
        self.path_nodes = [(0, "")]
        while level:
            following = []
            for parent in level:
                for s in sorted(children.get(parent, [])):
                    numbers[s] = len(self.path_nodes)
                    self.path_nodes.append((numbers[parent], self.words.add(s[-1])))
                    following.append(s)
            level = following
        self.node_of = {p: numbers[tuple(p.split("/")[1:])] for p, _ in routes}
        order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        self.routes = sorted({(self.node_of[p], i) for p, i in routes},
                             key=lambda r: (r[0], order.index(self.model.ops[r[1]].method)))

    # ---- operations ---------------------------------------------------------------------------------------------
    def op(self, i, op):
        if op.status not in STATUSES:
            raise OverflowError("%s: a status of success that the tables do not know: %d" % (op.id, op.status))
        group = self.groups.add((self.words.add(op.group), self.words.add(op.family)))
        return {"op": op, "id": self.id_of[op.id], "path": self.node_of[op.path],
                "params": self.index[id(op.params)], "result": self.index[id(op.result)],
                "unwrap": self.words.add(op.unwrap), "items": self.words.add(op.items), "group": group,
                "status": STATUSES.index(op.status), "body": BODIES.index(op.body),
                "more": 1 if op.variants or op.expect else 0, "media": 1 if op.accept or op.send else 0}

    def side_tables(self):
        at = {op.id: i for i, op in enumerate(self.model.ops)}
        self.variants = [(i, self.words.add(op.by), self.words.add(value), self.index[id(v)])
                         for i, op in enumerate(self.model.ops) for value, v in op.variants]
        self.expects = [(i, *(self.words.add(op.expect[k]) for k in ("member", "reason", "message")),
                         op.expect["error"]) for i, op in enumerate(self.model.ops) if op.expect]
        self.insteads = [(i, at[op.instead]) for i, op in enumerate(self.model.ops) if op.instead in at]
        self.media = [(i, self.words.add(op.accept), self.words.add(op.send))
                      for i, op in enumerate(self.model.ops) if op.accept or op.send]

    # ---- as C -----------------------------------------------------------------------------------------------------
    def w(self, text):
        return self.words[text]

    def text_lines(self):
        """C string literals, each short enough for any compiler; the compiler adds one NUL of its own."""
        line, out, digits = "", [], False
        for byte in self.words.bytes[:-1]:
            c = chr(byte)
            if byte == 0:
                line, digits = line + "\\0", True
            else:
                if digits and c in "01234567":
                    line = line[:-2] + "\\000"
                line += "\\" + c if c in "\\\"?" else c if 32 <= byte < 127 else "\\%03o" % byte
                digits = False
            if len(line) > LINE and byte == 0:
                out.append(line)
                line, digits = "", False
        return out + ([line] if line else [])

    def lines(self, rows):
        """Rows as C initialisers, many in a line."""
        line, out = "", []
        for row in rows:
            text = "{%s}, " % ", ".join(str(v) for v in row) if isinstance(row, (tuple, list)) else "%s, " % row
            if len(line) + len(text) > LINE:
                out.append(line.rstrip())
                line = ""
            line += text
        return out + ([line.rstrip()] if line else [])

    def field_names(self):
        return self.lines(self.w(row[0]) for row in self.fields.list)

    def field_subs(self):
        return self.lines(row[1] for row in self.fields.list[:self.sub_count])

    def trait_rows(self):
        return self.lines(("K(%s)" % kind, flags) for kind, flags in self.traits.list)

    def rule_rows(self):
        return self.lines((lo, hi, "IX_API_FORMAT_" + f, n, self.w(p), first) for lo, hi, f, n, p, first
                          in self.rules.list)

    def node_rows(self, nodes):
        return self.lines((parent, self.w(word)) for parent, word in nodes)

    def word_rows(self, texts):
        return [self.w(t) for t in texts]

    def variant_rows(self):
        return self.lines((i, self.w(by), self.w(value), t) for i, by, value, t in self.variants)

    def expect_rows(self):
        return self.lines((i, self.w(a), self.w(b), self.w(c), "IRISX_E_" + e) for i, a, b, c, e in self.expects)

    def media_rows(self):
        return self.lines((i, self.w(a), self.w(b)) for i, a, b in self.media)

    def group_rows(self):
        return self.lines((self.w(g), self.w(f)) for g, f in self.groups.list)

    def status_rows(self):
        return STATUSES
