# SPDX-License-Identifier: MIT
"""What fields mean where a name alone does not say it: unit, format, an example; and what an answer holds.

Made by rule from the name and the type, for people: the library's tables have none of it.
"""
import re

import shapes  # noqa: E402
from ids import snake

# (name, what it means): the first that fits. {} in the text is the thing the name begins with.
NAMES = [(re.compile(p), text) for p, text in (
    (r"^(idempotency_key)$", "The same key twice is the same request"),
    (r"(^|_)(from|to|phone|phone_2|phone_number|from_number|to_number|caller_id|caller_id_number|callback_number|mobile|"
     r"destination_number|forward_to|recipient_phone)$", "A telephone number: +12025550101"),
    (r"(^|_)phone_numbers$", "Telephone numbers: +12025550101"),
    (r"_(ms|millis|milliseconds)$", "In milliseconds"),
    (r"_(seconds|secs|sec)$|^(retry_delay|max_wait_time|wrap_up_time|ring_timeout|call_duration|talk_time|hold_time|wait_time)$", "In seconds"),
    (r"_(minutes|mins)$", "In minutes"),
    (r"_hours$", "In hours"),
    (r"_days$", "In days"),
    (r"_cents$", "In cents"),
    (r"_(bytes)$|^(file_size|size_bytes)$", "In bytes"),
    (r"_(mb)$", "In megabytes"),
    (r"_(gb)$", "In gigabytes"),
    (r"_hz$|^sample_rate$", "In Hz"),
    (r"(^|_)(percent|percentage|pct)$|^packet_loss(_\w+)?$", "In per cent"),
    (r"(^|_)mos(_score|_avg)?$|^avg_mos$", "Mean opinion score, 1 to 5"),
    (r"(^|_)jitter(_avg|_in|_out)?$|(^|_)latency(_avg)?$|^rtt$", "In milliseconds"),
    (r"^r_factor$", "0 to 100"),
    (r"(^|_)timezone$", "Name in the IANA list: America/New_York"),
    (r"(^|_)(language|locale|language_code|source_language|target_language)$", "Language tag: en-US"),
    (r"(^|_)country(_code)?$", "Two letters: US"),
    (r"(^|_)currency$", "Three letters: USD"),
    (r"(^|_)color$", "#RRGGBB"),
    (r"(^|_)cron(_expression)?$", "Five fields: 0 9 * * 1"),
    (r"^(totp_code|otp|otp_code)$", "Six digits from the authenticator"),
    (r"(^|_)(base64)$", "Base64"),
    (r"^metadata$|^custom_fields$", "Anything; it comes back as it was"),
    (r"^dry_run$", "Only try"),
    (r"^(day_of_week)$", "0 is Sunday"),
    (r"^(sid|call_sid)$", "\"CA\" or \"SM\" and 32 hexadecimal digits"),
    (r"^call_uuid$", "The switch's own id of the call (UUID)"),
    (r"^extension$", "Number a SIP account registers with: 1001"),
    (r"(^|_)slug$", "Short name of lower-case letters and hyphens"),
    (r"^(html|body_html|html_body|html_content)$", "The text as HTML"),
    (r"^(ssml)$", "Speech marked up as SSML"),
    (r"^(confidence|probability)$|_confidence$", "0 to 1"),
    (r"^sentiment_score$", "-1 to 1"),
    (r"^(temperature)$", "How freely the model answers: 0 to 2"),
    (r"^(max_tokens)$", "Longest answer, in tokens of the model"),
)]
FORMATS = {"uuid": "UUID", "date": "2026-11-20", "time": "09:30", "uri": "A web address", "email": "An e-mail address"}
MONEY = "Decimal: 0.0075"


def of(name, schema, where):
    """A few words, or None where name and type say it all."""
    n = snake(name)
    kind = [k for k in shapes.as_list(schema.get("type")) if k != "null"]
    if kind and kind[0] in ("string", "integer", "number", "array") or not kind and n in ("metadata", "custom_fields"):
        for pattern, text in NAMES:
            if pattern.search(n) and (kind != ["boolean"]):
                return None if schema.get("enum") and not text.startswith("In ") else text
    if schema.get("format") == "decimal":
        return MONEY if where != "result" else None
    if schema.get("format") == "date-time" and where != "result":
        return "2026-11-20T09:27:25.486Z"
    if where == "result":
        return None
    if schema.get("x-irisx-id"):
        return "Number of the %s" % thing(n) if re.search(r"_id$", n) else None
    if schema.get("format") == "uuid" and n.endswith("_id"):
        return "UUID of the %s" % thing(n)
    return FORMATS.get(schema.get("format"))


def thing(name):
    return re.sub(r"_id$", "", name).replace("_", " ")


# ---- answers --------------------------------------------------------------------------------------------------------
MEDIA = {"text/csv": "A CSV file.", "text/html": "A page for a browser.", "text/plain": "Plain text.", "text/xml": "XML for the switch.",
         "image/gif": "A picture of one pixel.", "application/octet-stream": "The bytes.", "application/x-yaml": "A YAML file.",
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "A spreadsheet."}
ENVELOPE = {"success", "message", "timestamp", "pagination", "meta"}
IRREGULAR = {"send": "sent", "send_bulk": "sent", "hangup": "ended", "stop": "stopped", "read": "marked as read", "sync": "synchronised",
             "begin": "begun", "set_primary": "made the primary one", "set_default": "made the default", "mark_paid": "marked as paid",
             "get": "found", "submit": "submitted", "split": "split", "trim": "trimmed", "map": "mapped", "fire": "fired", "cleanup": "cleaned up", "resend": "sent again", "resend_verification": "sent again", "setup": None, "bulk": None,
             "rotate_secret": "given a new secret", "toggle": "switched", "login": "logged in", "logout": "logged out",
             "barge": "joined the call", "whisper": "whispering", "monitor": "listening in", "unlock": "unlocked", "reply": "replied",
             "apply": "applied", "verify": "verified", "query": "queried", "deny": "denied", "reset_password": "reset", "run": "run",
             "impersonate": "acting as the user", "bulk_import": "imported", "bulk_cancel": "cancelled", "bulk_close": "closed",
             "bulk_revoke": "revoked", "cancel": "cancelled", "enroll": "enrolled", "unenroll": "taken out", "transfer": "transferred",
             "forgot_password": "a link is sent if the account exists", "reset": "reset", "test": "tested", "ping": "alive"}
VERBS = set("""
accept answer attach authorize calculate capture collect connect convert dequeue disconnect enqueue estimate extend finalize generate
ingest initialize invalidate join leave mute normalize optimize pause process provision publish recalculate record refresh register reindex
release render renew request reschedule resume retry revoke schedule search skip start suspend take transcribe translate trigger
unassign unlink update upload validate widen
""".split())
GENERIC = {"data", "result", "results", "stats", "analytics", "metrics", "summary", "settings", "status", "enabled", "overview", "usage"}


def participle(verb, known):
    """publish -> published; None where the word is no verb."""
    first = verb.split("_")[0]
    if verb in IRREGULAR or first in IRREGULAR:
        return IRREGULAR.get(verb, IRREGULAR.get(first))
    if first not in VERBS and verb not in known:
        return None
    if first.endswith("e"):
        return first + "d"
    return first[:-1] + "ied" if re.search(r"[^aeiou]y$", first) else first + "ed"


def answer(op, status, schema, words):
    """One sentence: what was done, and what comes back of it."""
    scene = words.Scene(op)
    members = (schema or {}).get("properties", {})
    own = [n for n in members if n not in ENVELOPE]
    if op.style in ("P9", "P10") or op.lists and scene.verb == "list":
        some = words.sentence(("a page of " if op.style not in ("P9", "P10", None) else "all ") + words.plural(scene.thing))
        return some
    if schema and schema.get("type") == "array":
        return words.sentence("all " + words.plural(scene.thing))
    done = {"create": "created", "update": "changed", "delete": "removed", "get": None, "list": None}
    did = done[scene.verb] if scene.verb in done else participle(scene.verb, words.DOES) if op.method != "GET" else None
    if status in (202, 207):
        did = {202: "accepted; it is done later", 207: "done in part"}[status]
    own = [n for n in own if n not in ("deleted", "removed", "updated") and members[n].get("type") != "boolean"] or own[:1] * (did is None)
    holds = contents(own, members, scene, words)
    if did is None and op.method == "GET" and (not holds or holds.removeprefix("the ") in GENERIC):
        return op.summary
    if did is None:
        return words.sentence(holds) if holds else "Accepted."
    return words.sentence("%s: %s" % (did, holds) if holds else did)


def contents(own, members, scene, words):
    """"the call", or the names of what there is."""
    inner = members.get("data") if own == ["data"] else None
    if inner and inner.get("properties"):
        own, members = [n for n in inner["properties"] if n not in ENVELOPE], inner["properties"]
        if "id" in members:
            return "the " + words.one(scene.thing)
    if "id" in members or len(own) == 1 and shapes.is_object(members[own[0]]) and "id" in members[own[0]]["properties"]:
        return "the " + words.one(snake(own[0]) if "id" not in members else scene.thing)
    if own == ["data"] or not own:
        return ""
    names = [words.spell(snake(n)) for n in own[:4]]
    names = list(dict.fromkeys(names))
    if len(own) > 4:
        return ", ".join(names) + " and more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
