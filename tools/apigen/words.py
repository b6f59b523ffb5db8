# SPDX-License-Identifier: MIT
"""Short descriptions of operations, made from what they do and to what; openapi/overlay.yaml has better ones."""
import ids
import shapes


def thing(op):
    parts = op.id.split(".")[:-1]
    if parts[0] == "admin" and len(parts) > 1:
        parts = parts[1:]
    return parts[-1].replace("_", " ")


def summary(op):
    verb = op.id.split(".")[-1]
    what = thing(op)
    one = shapes.singular(what.replace(" ", "_")).replace("_", " ")
    if verb == "list":
        return "List %s." % what
    if verb == "get":
        return "Get %s." % (("one " + one) if one != what else "the " + what)
    if verb in ("create", "update", "delete"):
        return "%s %s." % (verb.capitalize(), ("a " if one[0] not in "aeiou" else "an ") + one)
    return "%s: %s." % (what.capitalize(), verb.replace("_", " "))


def answer(op, response):
    return {201: "Created.", 202: "Accepted.", 207: "Done in part."}.get(response["status"], "Done.")
