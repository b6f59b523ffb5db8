# SPDX-License-Identifier: MIT
"""Operation ids from method and path: group[.sub].verb, as docs/design/api.md says.

The group is the first literal of the path ("admin" takes the next one along), the verb is list, get, create, update or
delete, else the last literal. What lies between is the sub; of a long path its outer collections are left out until four
parts are left. openapi/overlay.yaml gives the names that do not follow, with the reason.
"""
import re

MAX_PARTS = 4
MAX_LENGTH = 48
OF_METHOD = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
DROPPED = {"v1"}
# Last literals that name what is done, not a thing; every other one is a thing.
ACTIONS = set("""
acknowledge actions activate add analyze apply approve archive assign attempt authorize barge batch bulk calculate callback
cancel capture charge chat check clear clone close collect complete compute connect convert deactivate deliver dequeue
detect dial disable disconnect dismiss dispute download duplicate enable end enqueue evaluate execute export extend
extract fail failover forecast gather generate handle hangup heartbeat helpful impersonate import ingest initialize
invite ivr join leave link lock login logout lookup mark merge mix move mute normalize optimize pause pay ping play
predict preview process promote provision publish purchase purge query rate reactivate read record recover redeem refresh
regenerate register reject release remediate remove render reorder reopen report reschedule reset resolve resume retry
retire revoke rollback rotate run say scan schedule search select send sign simulate skip snapshot split start stop store
submit suggest summarize suspend sync synthesize terminate test toggle track transcribe transfer transition translate
trigger trim typing unassign unlink unpause unsubscribe upload validate verify vote whisper
""".split())
SINGULAR_S = ("status", "address", "analysis", "access", "progress", "stats", "analytics", "sms", "mms", "business", "basis",
              "metrics", "news", "dns", "tls", "https", "aws", "rcs", "ivrs")


def snake(literal):
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", literal).lower()).strip("_")


def words(literal):
    return snake(literal).split("_")


def is_action(literal):
    first = words(literal)[0]
    return first in ACTIONS and not is_plural(literal)


def is_plural(literal):
    last = words(literal)[-1]
    return last.endswith("s") and last not in SINGULAR_S and not last.endswith("ss")


class Paths:
    """What the other operations tell about one: is its last literal a collection?"""

    def __init__(self, keys):
        self.keys = set(keys)
        self.shapes = {(m, re.sub(r"{[^}]*}", "{}", p)) for m, p in keys}

    def has(self, method, path):
        return (method, re.sub(r"{[^}]*}", "{}", path)) in self.shapes

    def has_members(self, path):
        stem = re.sub(r"{[^}]*}", "{}", path) + "/{}"
        return any(p == stem for _, p in self.shapes)

    def collection(self, path, lists):
        last = path.rsplit("/", 1)[-1]
        return is_plural(last) and (self.has_members(path) or self.has("POST", path) or lists)


def verb(method, path, paths, lists):
    """(the verb, whether the last literal is in it)"""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    if last.startswith("{"):
        return OF_METHOD[method], False
    if method == "GET":
        if lists and (is_plural(last) or paths.has_members(path)) or paths.collection(path, lists):
            return "list", False
        return (snake(last), True) if is_action(last) else ("get", False)
    if method == "POST":
        if paths.collection(path, lists) or (paths.has("GET", path) and not is_action(last)) or \
                is_plural(last) and not is_action(last):
            return "create", False
        return snake(last), True
    if is_action(last) and not (method == "DELETE" and paths.has("POST", path)):
        return snake(last), True
    return OF_METHOD[method], False


def operation_id(method, path, paths, lists=False, prefix=None):
    """The id by the rule. `prefix` maps the beginning of a path to that of its ids."""
    parts = [p for p in path.strip("/").split("/") if p]
    head = []
    for start, name in (prefix or {}).items():
        if path == start or path.startswith(start + "/"):
            head = name.split(".")
            parts = [p for p in path[len(start):].strip("/").split("/") if p]
            break
    else:
        parts = [p for p in parts if p not in DROPPED]
    if parts and not parts[-1].startswith("{") or not parts:
        name, used = verb(method, path, paths, lists)
    else:
        name, used = OF_METHOD[method], False
    # literals, each with whether a parameter follows it (then it is an outer collection)
    literals = [(snake(p), i + 1 < len(parts) and parts[i + 1].startswith("{")) for i, p in enumerate(parts)
                if not p.startswith("{")]
    if used and (len(literals) > 1 or head):
        literals = literals[:-1]
    elif used:
        name = OF_METHOD[method]
    group = head or [literals.pop(0)[0]]
    if not head and group == ["admin"] and literals:
        group.append(literals.pop(0)[0])
    return shorten(group, literals, name)


def shorten(group, literals, name):
    subs = [l for l, _ in literals]
    outer = [i for i, (_, followed) in enumerate(literals) if followed and i < len(literals) - (name in OF_METHOD.values())]

    def whole():
        return ".".join(group + subs + [name])
    for i in reversed(outer):
        if len(group) + len(subs) + 1 <= MAX_PARTS and len(whole()) <= MAX_LENGTH:
            break
        subs.pop(i)
    while len(group) + len(subs) + 1 > MAX_PARTS and len(subs) > 1:
        subs[-2:] = ["_".join(subs[-2:])]
    if len(group) + len(subs) + 1 > MAX_PARTS and subs:
        name = subs.pop() + "_" + name
    return re.sub(r"(^|\.)(\d)", r"\1n\2", whole())
