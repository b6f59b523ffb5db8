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
acknowledge actions activate from invalidate add analyze apply approve archive assign attempt authorize barge batch bulk calculate callback
cancel capture charge  check clear clone close collect complete compute connect convert deactivate deliver dequeue
detect dial disable disconnect dismiss dispute download duplicate enable end enqueue evaluate execute export extend
extract fail  forecast gather generate handle hangup heartbeat helpful impersonate import index ingest initialize
invite  join leave link lock login logout lookup mark merge mix move mute normalize optimize pause pay ping play
predict preview process promote provision publish purchase purge query rate reactivate read record recover redeem refresh
regenerate register reject release remediate remove render reorder reopen report reschedule reset resolve resume retry
retire revoke rollback rotate run say scan schedule search select send set sign simulate skip snapshot split start stop store
submit suggest summarize suspend sync synthesize terminate test toggle track transcribe update transfer transition translate
trigger trim typing unassign unlink unpause unsubscribe upload validate verify vote whisper
""".split())
# First words of such a literal that make it a thing all the same: call-records, test-results.
NOUNS = set("call report test import export schedule search template store play chat email sign record store batch".split())
# What a GET does, where it does more than read what the path names.
GET_ACTIONS = set("""
authorize callback check click connect download export login lookup open preview search setup test validate verify
verify-email
""".split())
# Of these an s says nothing about their number.
SINGULAR_S = set("""
status address analysis access progress stats analytics sms mms business basis news dns tls https aws rcs details settings
options thresholds constraints preferences requirements limits features capabilities levels health metrics
""".split())
# Of these a POST adds one.
RECORDS = {"metrics", "settings", "requirements", "preferences", "stats"}
# Singular words for what is a list.
LISTS = set("activity history log active pending queue waiting popular used dnc whitelist glossary".split())


def snake(literal):
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", literal).lower()).strip("_")


def words(literal):
    return snake(literal).split("_")


def is_action(literal):
    all_words = words(literal)
    if len(all_words) > 1:
        return all_words[0] in ACTIONS - NOUNS or all_words[0] in ACTIONS and not is_plural(literal)
    return all_words[0] in ACTIONS and not is_plural(literal)


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

    def others(self, method, path):
        return any(self.has(m, path) for m in OF_METHOD if m != method)


def verb(method, parts, path, paths, lists):
    """(the verb, whether the last literal is in it)"""
    literals = [p for p in parts if not p.startswith("{")]
    last = literals[-1]
    before = literals[-2] if len(literals) > 1 else ""
    if parts[-1].startswith("{"):
        if method == "POST" and (is_action(last) or is_action(before) or before in ("webhook", "one-click")) and \
                not paths.others(method, path) or method == "GET" and last in GET_ACTIONS or \
                method == "DELETE" and last == "remove":
            return snake(last), True
        return OF_METHOD[method], False
    if method == "GET":
        return of_get(last, path, paths, lists)
    if method == "POST":
        thing = is_plural(last) or last in RECORDS or paths.others(method, path) or paths.has_members(path)
        if is_action(last) or not thing or is_action(before) or before == "webhook":
            return snake(last), True
        return "create", False
    if is_action(last) and not (method == "DELETE" and paths.has("POST", path)):
        return snake(last), True
    return OF_METHOD[method], False


def of_get(last, path, paths, lists):
    if last == "list":
        return "list", True
    if last in GET_ACTIONS:
        return snake(last), True
    word = words(last)[-1]
    if lists == "pages":
        return "list", False
    if word in SINGULAR_S or not lists and not is_plural(last) and not (paths.has_members(path) and paths.has("POST", path)):
        return "get", False
    if is_plural(last) or word in LISTS or paths.has_members(path):
        return "list", False
    return "get", False


def operation_id(method, path, paths, lists="", prefix=None):
    """The id by the rule. `lists`: "pages" or "list" if the answer is one; `prefix` maps beginnings of paths to ids'."""
    parts = [p for p in path.strip("/").split("/") if p]
    head = []
    for start, name in (prefix or {}).items():
        if path == start or path.startswith(start + "/"):
            head = name.split(".")
            parts = [p for p in path[len(start):].strip("/").split("/") if p]
            break
    else:
        parts = [p for p in parts if p not in DROPPED]
    name, used = verb(method, parts, path, paths, lists)
    # literals, each with whether a parameter follows it
    literals = [(snake(p), i + 1 < len(parts) and parts[i + 1].startswith("{")) for i, p in enumerate(parts)
                if not p.startswith("{") and (i == 0 or p != parts[i - 1])]
    if used and (len(literals) > 1 or head):
        literals = literals[:-1]
    elif used:
        name = OF_METHOD[method]
    group = head or [literals.pop(0)[0]]
    if not head and group == ["admin"] and literals:
        group.append(literals.pop(0)[0])
    return shorten(group, literals, name)


def shorten(group, literals, name):
    """At most four parts and 48 characters: outer collections go first, then the last two words become one."""
    subs = [l for l, _ in literals]
    outer = [i for i, (_, followed) in enumerate(literals[:-1]) if followed]

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
