# SPDX-License-Identifier: MIT
"""openapi/lock.yaml: what programs built against the library rely on. Append only.

Operation numbers, the order of struct members and the values of enums. A build with a specification that says something
the lock does not know is refused ("run tools/apigen/apigen.py lock"); so is one that lacks what the lock has.
"""
import yaml


class SpecError(Exception):
    """The specification cannot be turned into an API; the text names the place."""


class Lock:
    def __init__(self, data, update=False):
        data = data or {}
        self.update = update
        self.operations = dict(data.get("operations") or {})
        self.lists = {k: {n: list(v) for n, v in (data.get(k) or {}).items()} for k in ("params", "types", "enums")}
        self.seen = {k: set() for k in ("operations", "params", "types", "enums")}

    def number(self, op_id):
        if op_id in self.seen["operations"]:
            raise SpecError("%s: two operations of this id" % op_id)
        self.seen["operations"].add(op_id)
        if op_id not in self.operations:
            self.need("operation %s" % op_id)
            self.operations[op_id] = max(self.operations.values(), default=0) + 1
        return self.operations[op_id]

    def append(self, kind, place, names):
        """The locked order, with what is new behind it."""
        self.seen[kind].add(place)
        known = self.lists[kind].setdefault(place, [])
        gone = [n for n in known if n not in names]
        if gone:
            raise SpecError("%s %s: %s is locked and cannot go; restore it" % (kind, place, ", ".join(gone)))
        new = [n for n in names if n not in known]
        if new:
            self.need("%s %s: %s" % (kind, place, ", ".join(new)))
        known += new
        return known

    def sort(self, kind, place, fields):
        order = self.append(kind, place, [f.name for f in fields])
        return sorted(fields, key=lambda f: order.index(f.name))

    def enum(self, place, values):
        return list(self.append("enums", place, values))

    def need(self, what):
        if not self.update:
            raise SpecError("not in the lock file: %s (review it, then run: tools/apigen/apigen.py lock)" % what)

    def check_complete(self):
        """What is locked and no longer described. A removed operation stays, deprecated, for a minor cycle."""
        for op_id in self.operations:
            if op_id not in self.seen["operations"]:
                raise SpecError("operation %s is locked and cannot go; mark it deprecated" % op_id)
        for kind in ("params", "types", "enums"):
            for place in self.lists[kind]:
                if place not in self.seen[kind]:
                    raise SpecError("%s %s is locked and cannot go" % (kind, place))
        numbers = list(self.operations.values())
        if len(set(numbers)) != len(numbers):
            raise SpecError("two operations have the same number")

    def text(self):
        lines = ["# SPDX-License-Identifier: MIT",
                 "# Numbers of operations, order of struct members, values of enums: what compiled programs rely on.",
                 "# Append only; written by tools/apigen/apigen.py lock, reviewed by people.",
                 "operations:"]
        lines += ["  %s: %d" % (k, v) for k, v in sorted(self.operations.items(), key=lambda kv: kv[1])]
        for kind in ("params", "types", "enums"):
            lines.append(kind + ":")
            for place in sorted(self.lists[kind]):
                if self.lists[kind][place] or kind == "params":
                    dumped = yaml.safe_dump(self.lists[kind][place], default_flow_style=True, width=100000).strip()
                    lines.append("  %s: %s" % (place, dumped))
        return "\n".join(lines) + "\n"
