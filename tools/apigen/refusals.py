# SPDX-License-Identifier: MIT
"""Which of the thirteen shapes (WIRE.md section 5) an operation refuses in, by status, from the members the code answers with."""

USUAL = {"success", "error", "message", "code", "details", "errors", "timestamp", "valid"}
ZOD = {"realtime-streaming"}  # WIRE.md 5: E10 is what these answer a body that is wrong, before the handler runs
CODED = {"calls", "supervisor"}  # WIRE.md 4.2: what guards these tells a code


def shape(response, group):
    """Number of the shape; E4 where the list says nothing of it."""
    keys = set(response.get("keys") or [])
    status = response["status"]
    if not keys:
        return 12 if response.get("content") else 4
    if status == 429 or keys - USUAL:
        return 13
    if "error" not in keys:
        return 9
    if "timestamp" in keys:
        return 8
    if "success" in keys:
        return 5
    if "code" in keys:
        return 2 if "details" in keys else 1
    if "details" in keys:
        return 6
    return 3 if "message" in keys else 4


def reference(number):
    return {"$ref": "#/components/responses/E%d" % number}


def guard(status, group):
    """What runs before the operation: {"error":"No token provided"} and its kin (WIRE.md 4.2), the limiter of section 6."""
    return reference(13 if status == 429 else 1 if group in CODED else 4)


def of(r, group):
    """status -> reference, of everything the code and what runs before it answer beside success."""
    out = {}
    for response in r["responses"]:
        if response["status"] >= 400 and response["status"] not in out:
            out[response["status"]] = reference(shape(response, group))
    for status in r.get("mw_statuses", []):
        if status >= 400:
            out.setdefault(status, guard(status, group))
    if r["auth_intended"] != "none":
        out.setdefault(401, guard(401, group))
    if group in ZOD and r["body"]:
        out[400] = reference(10)
    if r["mounted"]:
        out.setdefault(500, reference(8))  # what nobody catches
    return {str(s): out[s] for s in sorted(out)}
