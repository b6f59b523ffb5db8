# SPDX-License-Identifier: MIT
"""openapi/lock.yaml: what programs built against the library rely on. Append only.

Operation numbers, the order of struct members and the values of enums. A build with a specification that says something
the lock does not know is refused ("run tools/apigen/apigen.py lock"); so is one that lacks what the lock has.

An operation that is to go is first marked deprecated; the lock notes the minor version. From the next minor version on it
may be missing: it moves to `retired`, where its number stays taken for ever, with what only it used.
"""
import yaml


class SpecError(Exception):
    """The specification cannot be turned into an API; the text names the place."""


KINDS = ("params", "types", "enums")


def minor(version):
    """"1.2.3" -> (1, 2)"""
    try:
        major, second = str(version).split(".")[:2]
        return int(major), int(second)
    except ValueError:
        raise SpecError("info.version is %r, not a version" % (version,)) from None


class Lock:
    def __init__(self, data, update=False):
        data = data or {}
        self.update = update
        self.operations = dict(data.get("operations") or {})
        self.deprecated = dict(data.get("deprecated") or {})
        self.retired = dict(data.get("retired") or {})
        self.lists = {k: {n: list(v) for n, v in (data.get(k) or {}).items()} for k in KINDS}
        self.seen = {k: set() for k in ("operations",) + KINDS}

    def number(self, op_id):
        if op_id in self.seen["operations"]:
            raise SpecError("%s: two operations of this id" % op_id)
        if op_id in self.retired:
            raise SpecError("%s: this id was retired; its number means what it meant: choose another id" % op_id)
        self.seen["operations"].add(op_id)
        if op_id not in self.operations:
            self.need("operation %s" % op_id)
            taken = list(self.operations.values()) + [r["number"] for r in self.retired.values()]
            self.operations[op_id] = max(taken, default=0) + 1
        return self.operations[op_id]

    def deprecate(self, op_id, version):
        """The operation is on its way out: since which minor version?"""
        if op_id not in self.deprecated:
            self.need("operation %s is deprecated" % op_id)
            self.deprecated[op_id] = "%d.%d" % minor(version)

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

    def check_complete(self, version="0.0"):
        """What is locked and no longer described, at this version of the contract."""
        gone = [op_id for op_id in self.operations if op_id not in self.seen["operations"]]
        for op_id in gone:
            since = self.deprecated.get(op_id)
            if since is None or minor(since) >= minor(version):
                raise SpecError("operation %s is locked and cannot go; mark it deprecated%s" % (
                    op_id, "" if since is None else ", as it is, until the minor version after " + since))
        excused = {(kind, place) for r in self.retired.values() for kind in KINDS for place in r.get(kind, [])}
        unseen = [(k, p) for k in KINDS for p in self.lists[k] if p not in self.seen[k] and (k, p) not in excused]
        if gone:
            self.need("the end of %s" % ", ".join(gone))
            self.retire(gone, unseen)
        elif unseen:
            raise SpecError("%s %s is locked and cannot go" % unseen[0])
        numbers = list(self.operations.values()) + [r["number"] for r in self.retired.values()]
        if len(set(numbers)) != len(numbers):
            raise SpecError("two operations have the same number")

    def retire(self, gone, unseen):
        """The first of them stands for what they alone used."""
        for op_id in gone:
            self.retired[op_id] = {"number": self.operations.pop(op_id), "deprecated": self.deprecated.pop(op_id)}
        for kind in KINDS:
            places = [p for k, p in unseen if k == kind]
            if places:
                self.retired[gone[0]][kind] = places

    def text(self):
        lines = ["# SPDX-License-Identifier: MIT",
                 "# Numbers of operations, order of struct members, values of enums: what compiled programs rely on.",
                 "# Append only; written by tools/apigen/apigen.py lock, reviewed by people.",
                 "operations:"]
        lines += ["  %s: %d" % (k, v) for k, v in sorted(self.operations.items(), key=lambda kv: kv[1])]
        for kind in ("deprecated", "retired"):
            section = getattr(self, kind)
            lines += [kind + ":"] if section else []
            lines += ["  %s: %s" % (k, flow(v)) for k, v in sorted(section.items())]
        for kind in KINDS:
            lines.append(kind + ":")
            for place in sorted(self.lists[kind]):
                if self.lists[kind][place] or kind == "params":
                    lines.append("  %s: %s" % (place, flow(self.lists[kind][place])))
        return "\n".join(lines) + "\n"


def flow(value):
    if isinstance(value, str):
        return '"%s"' % value
    return yaml.safe_dump(value, default_flow_style=True, width=100000).strip()
