# SPDX-License-Identifier: MIT
"""Short descriptions of operations and parameters, made from what an operation does and to what.

A sentence is built from the verb of the id, the thing it is done to and whose that is; openapi/overlay.yaml has better
words for what this cannot say well.
"""
import re

import ids
import shapes

# Words as people write them.
SPELLING = {"sms": "SMS", "api": "API", "ivr": "IVR", "tts": "TTS", "stt": "STT", "crm": "CRM", "rcs": "RCS", "ai": "AI", "sip": "SIP",
            "pdf": "PDF", "mrr": "MRR", "ltv": "LTV", "cdn": "CDN", "amd": "AMD", "dnc": "do-not-contact", "wfm": "WFM", "sla": "SLA",
            "mos": "MOS", "saml": "SAML", "rbac": "RBAC", "spc": "SPC", "url": "URL", "ip": "IP", "cdrs": "call records", "ice": "ICE",
            "ab": "A/B", "nats": "NATS", "oauth": "OAuth", "webrtc": "WebRTC", "whatsapp": "WhatsApp", "clickhouse": "ClickHouse",
            "google": "Google", "apple": "Apple", "facebook": "Facebook", "instagram": "Instagram", "twitter": "Twitter",
            "linkedin": "LinkedIn", "stripe": "Stripe", "freeswitch": "FreeSWITCH", "amds": "AMD", "a2p": "A2P", "apis": "APIs",
            "slack": "Slack", "discord": "Discord", "telegram": "Telegram", "teams": "teams", "sendgrid": "SendGrid", "mailgun": "Mailgun"}
# How a thing is called where its word in the id says too little.
CALLED = {"codes": "disposition codes", "mappings": "field mappings", "runs": "past runs", "steps": "steps", "spc": "service provider codes",
          "robocall": "robocall entries", "lists": "contact lists", "phone_numbers": "telephone numbers", "numbers": "telephone numbers",
          "cdrs": "call records", "assistants": "voice assistants", "messages": "messages", "deliveries": "deliveries",
          "sms": "text messages", "email": "e-mails", "emails": "e-mails", "amd": "AMD configurations", "coaching": "coaching sessions",
          "calibration": "calibration sessions", "time_off": "requests for time off", "swaps": "shift swaps", "offers": "shift offers",
          "glossary": "glossary entries", "ip_whitelist": "allowed addresses", "audit_log": "entries of the audit log",
          "history": "history entries", "activity": "activities", "suppression": "suppressed addresses", "dnc": "do-not-contact entries",
          "queue": "waiting conversations", "objections": "answers to objections", "spend_limit": "spend limit", "dunning": "dunning cases",
          "opt_outs": "opted-out numbers", "members": "members", "logs": "log entries", "sync_logs": "runs of the synchronisation",
          "scheduled": "scheduled messages", "popular": "most read articles", "pending": "pending approvals", "robocalls": "robocalls",
          "dialog_nodes": "dialog nodes", "diagnostics": "diagnostics", "trends": "figures over time", "active": "what is active now",
          "waiting": "waiting calls", "tags": "tags", "callbacks": "callback requests", "templates": "templates"}
# Verbs that take their object: "Pause a campaign."
DOES = {"pause": "Pause", "resume": "Resume", "start": "Start", "stop": "Stop", "cancel": "Cancel", "retry": "Retry", "suspend": "Suspend",
        "reactivate": "Reactivate", "activate": "Activate", "deactivate": "Deactivate", "publish": "Publish", "duplicate": "Copy",
        "acknowledge": "Acknowledge", "resolve": "Resolve", "approve": "Approve", "reject": "Reject", "assign": "Assign",
        "unassign": "Unassign", "validate": "Check", "verify": "Verify", "test": "Test", "execute": "Run", "revoke": "Revoke",
        "close": "Close", "end": "End", "finalize": "Finalize", "dispute": "Dispute", "submit": "Submit", "claim": "Claim",
        "accept": "Accept", "decline": "Decline", "review": "Review", "sync": "Synchronise", "refresh": "Renew", "render": "Fill in",
        "preview": "Preview", "schedule": "Schedule", "transcribe": "Transcribe", "toggle": "Switch on or off", "archive": "Archive",
        "reorder": "Put in order", "reschedule": "Move to another time", "read": "Mark as read", "rate": "Rate", "join": "Join",
        "leave": "Leave", "mute": "Mute or unmute", "monitor": "Listen in to", "whisper": "Whisper into", "barge": "Break into",
        "hangup": "Hang up", "skip": "Skip", "process": "Process", "fire": "Fire", "export": "Export", "import": "Import",
        "download": "Download", "search": "Search", "lookup": "Look up", "analyze": "Analyse", "connect": "Connect",
        "disconnect": "Disconnect", "clear": "Empty", "generate": "Generate", "calculate": "Calculate", "recalculate": "Recalculate",
        "register": "Register", "share": "Share", "query": "Query", "send": "Send", "apply": "Apply", "trigger": "Trigger",
        "attempt": "Record an attempt at", "check": "Check", "rotate_secret": "Give a new secret to", "mark_paid": "Mark as paid",
        "set_primary": "Make the primary one", "set_default": "Make the default", "bulk": "Send in bulk", "unlock": "Unlock",
        "complete": "Complete", "purge": "Remove what has expired of", "capture": "Capture", "initialize": "Set up the standard",
        "bulk_revoke": "Revoke several", "bulk_close": "Close several", "bulk_cancel": "Cancel several", "bulk_import": "Import several",
        "bulk_action": "Do something to several", "reset_password": "Reset the password of", "move": "Move", "enroll": "Enrol somebody in",
        "unenroll": "Take somebody out of", "enroll_list": "Enrol a contact list in", "select_winner": "Choose the winner of",
        "email": "Send by e-mail", "pay": "Pay", "resolve_dispute": "Resolve a dispute about", "generate_slots": "Make the slots of",
        "cleanup": "Clean up", "deliver": "Deliver", "collect": "Collect", "snapshot": "Take a snapshot of", "remove": "Remove"}
FIGURES = {"stats": "Figures about", "analytics": "Analysis of", "summary": "Summary of", "metrics": "Measurements of", "overview": "Overview of",
           "usage": "Usage of", "health": "Health of", "status": "State of", "dashboard": "Dashboard of", "settings": "Settings of",
           "performance": "Performance of", "trend": "Course of", "distribution": "Distribution of", "config": "Configuration of",
           "revenue": "Revenue of", "timeline": "Timeline of", "levels": "Audio levels of", "charts": "Charts of", "details": "Details of"}


def spell(text):
    return " ".join(SPELLING.get(w, w) for w in text.replace("_", " ").split())


def plural(word):
    return spell(CALLED.get(word, word))


def one(word):
    called = CALLED.get(word)
    if called:
        return spell(" ".join([*called.split()[:-1], shapes.singular(called.split()[-1])]) if " of " not in called and
                     " to " not in called and " for " not in called else
                     re.sub(r"^\w+", lambda m: shapes.singular(m.group()), called))
    return spell(shapes.singular(word))


def a(noun):
    return ("an " if re.match(r"[aeioAEIO]|u(?!ni|s)|SMS|MOS|MRR|SLA|LTV|RCS|SPC|STT", noun) else "a ") + noun


# What stands before a thing of the group: "AI template", "callback rule"; nothing where the thing alone says it.
ADJUNCT = {"ai": "AI", "amd": "AMD", "audio": "audio", "business_messaging": "business messaging", "call_quality": "call quality",
           "callbacks": "callback", "campaign_enhancements": "campaign", "cdn": "CDN", "chat": "chat", "crm": "CRM", "email": "e-mail",
           "email_service": "e-mail", "email_templates": "e-mail", "imports": "import", "ivr": "IVR", "jobs": "job", "nats": "message bus",
           "knowledge": "knowledge", "provider_health": "provider", "quality": "quality", "reports": "report", "sms": "SMS",
           "social": "social media", "social_media": "social media", "traditional_social": "social media", "streaming": "stream",
           "stripe": "Stripe", "translation": "translation", "usage": "usage", "video_calls": "video", "video": "video", "voice": "voice AI",
           "voices": "voice", "wallboard": "wallboard", "webrtc": "WebRTC", "whatsapp": "WhatsApp", "wrap_up": "wrap-up", "tenant": "tenant",
           "stir_shaken": "STIR/SHAKEN", "tenant_isolation": "isolation", "apple": "Apple Business", "google": "Google Business", "rcs": "RCS",
           "clickhouse": "warehouse", "capacity": "capacity", "dashboard": "dashboard", "analytics_dashboard": "platform", "incidents": "incident",
           "supervisor": "", "database": "database", "cache": "cache", "unsubscribe": "unsubscribe", "feature_flags": "feature flag",
           "sms_templates": "SMS", "saml": "SAML", "automation": "automation", "oauth": "OAuth", "adherence": "adherence"}


class Scene:
    """Thing, owner and reach of an operation."""

    def __init__(self, op):
        parts = op.id.split(".")
        self.verb, self.admin = parts[-1], parts[0] == "admin"
        self.group = parts[1] if self.admin else parts[0]
        self.subs = parts[2:-1] if self.admin else parts[1:-1]
        self.thing = self.subs[-1] if self.subs else self.group
        steps = [p for p in op.path.strip("/").split("/") if p not in ("v1", "admin")]
        owners = [steps[i - 1] for i, p in enumerate(steps) if p.startswith("{") and i and i < len(steps) - 1 and
                  not steps[i - 1].startswith("{")]
        self.owner = ids.snake(owners[-1]) if owners else None
        if self.owner == self.thing:
            self.owner = ids.snake(owners[-2]) if len(owners) > 1 else None
        self.one = op.path.rstrip("/").endswith("}")
        if self.one and not self.owner:  # /settings/{tenantId}: those of a tenant
            word = ids.snake(steps[-1].strip("{}")).removesuffix("_id")
            if word in OWNERS and word != shapes.singular(self.thing):
                self.owner, self.one = word, False

    def of(self):
        if self.owner:
            return " of " + a(one(self.owner))
        if self.admin and self.verb in ("list", "get") and not self.one:
            return " of all tenants" if self.group not in PLATFORM and self.thing not in FIGURES else ""
        return ""

    def adjunct(self):
        """What the group is about, for things whose word alone says too little."""
        before = self.subs[-2] if len(self.subs) > 1 else self.group
        if self.thing == self.group or self.owner:
            return ""
        word = ADJUNCT.get(before, ADJUNCT.get(self.group, ""))
        return "" if not word or plural(self.thing).lower().startswith(word.lower()) else word + " "

    def things(self):
        return self.adjunct() + plural(self.thing)

    def single(self):
        return self.adjunct() + one(self.thing)


OWNERS = {"tenant", "agent", "provider", "call", "user", "campaign", "queue", "carrier", "scorecard", "resource_type", "contact", "email"}
# Groups that are about the platform itself, not about tenants' things.
PLATFORM = {"system", "database", "cache", "auth", "dashboard", "capacity", "clickhouse", "providers", "settings", "audit_log",
            "feature_flags", "email_service", "billing_rates", "search", "reports", "analytics_dashboard", "analytics", "tenants",
            "ai", "voice", "alerts", "incidents", "resellers", "dunning", "sip_trunks", "video", "stir_shaken"}


def sentence(text):
    text = re.sub(r"\s+", " ", text).strip()
    return text[0].upper() + text[1:] + "."


def summary(op):
    s = Scene(op)
    if s.verb == "list":
        page = {"P9": "", "P10": "", None: ""}.get((op.style or None), ", page by page")
        return sentence(s.things() + s.of() + page)
    if s.verb == "get":
        return sentence(of_get(s))
    if s.verb == "create":
        return sentence("add " + a(s.single()) + (" to " + a(one(s.owner)) if s.owner else ""))
    if s.verb == "update":
        if s.thing in FIGURES or not s.one and shapes.singular(s.thing) == s.thing:
            return sentence("change the %s%s%s" % (s.adjunct(), spell(s.thing), s.of()))
        return sentence("change " + a(s.single()) + (" of " + a(one(s.owner)) if s.owner else ""))
    if s.verb == "delete":
        return sentence("remove " + a(s.single()) + (" from " + a(one(s.owner)) if s.owner else ""))
    return sentence(of_action(s))


def of_get(s):
    if s.one:
        return "one " + s.single()
    if s.thing in FIGURES:
        if s.thing == s.group:
            about = "the platform"
        else:
            before = s.subs[-2] if len(s.subs) > 1 else s.group
            about = a(one(s.owner)) if s.owner else ABOUT.get(before, plural(before))
        return "%s %s" % (FIGURES[s.thing], about)
    return "the %s%s%s" % (s.adjunct(), spell(s.thing), s.of())


# What figures of a group are about, where its name is not the plural of that.
ABOUT = {"auth": "the login service", "billing": "the account", "email": "e-mails", "sms": "text messages", "voice": "voice AI",
         "ai": "AI", "cdn": "the CDN", "amd": "answering machine detection", "analytics": "all channels", "wrap_up": "after-call work",
         "call_quality": "call quality", "stir_shaken": "caller attestation", "system": "the platform", "dashboard": "the platform",
         "database": "the database", "cache": "the cache", "nats": "the message bus", "clickhouse": "the warehouse", "chat": "chats",
         "tenant_isolation": "tenant isolation", "security": "account security", "search": "semantic search", "stt": "transcription",
         "ivr": "IVR menus", "whatsapp": "WhatsApp", "video": "video", "video_calls": "video calls", "webrtc": "WebRTC", "capacity": "capacity",
         "social": "social media", "social_media": "social media", "traditional_social": "social media", "email_service": "the mail service",
         "translation": "translation", "unsubscribe": "opt-outs", "usage": "usage", "wallboard": "the wallboard", "streaming": "streaming",
         "api": "opt-outs", "churn": "churn", "lockout": "the lockout", "deliverability": "deliverability", "preview_queue": "the preview queue",
         "platform": "the platform", "stripe": "the Stripe connection", "knowledge": "the knowledge base", "dialplan": "the dialplan",
         "provider_health": "provider health", "business_messaging": "business messaging", "intelligence": "call intelligence",
         "billing_analytics": "revenue", "apple": "Apple Business messages", "google": "Google Business messages", "rcs": "RCS messages",
         "mrr": "recurring revenue", "revenue": "revenue", "email_tracking": "e-mail tracking", "analytics_dashboard": "all tenants",
         "two_factor": "two-factor login", "freeswitch": "the switch", "automation": "e-mail automation", "dunning": "dunning",
         "admin": "administration", "audit_log": "the audit log", "tts": "speech synthesis", "supervisor": "supervision",
         "performance": "performance", "team": "the team", "agents": "agents", "anomalies": "anomalies"}


def of_action(s):
    name = s.verb
    if name not in DOES:
        return "%s: %s" % (s.things(), spell(name))
    verb, end = DOES[name], ""
    for tail in (" as read", " as paid", " on or off", " in order", " to another time", " by e-mail", " in bulk"):
        if verb.endswith(tail):
            verb, end = verb[:-len(tail)], tail
    if verb.startswith("Make the"):
        return "make %s %s" % (a(s.single()), verb[5:])
    several = name.startswith("bulk") or name in ("export", "import", "search", "cleanup", "collect", "initialize", "purge", "query") \
        and not s.owner
    return "%s %s%s" % (verb, s.things() if several else a(s.single()), end)


# ---- parameters -----------------------------------------------------------------------------------------------------
PARAMETERS = {
    "page": "From 1", "limit": "Items on a page", "offset": "Items left out before the first", "search": "Words to look for",
    "q": "Words to look for", "sort": "Member to sort by", "sort_by": "Member to sort by", "sort_order": "asc or desc",
    "order": "asc or desc", "start_date": "First day", "end_date": "Last day", "startDate": "First day", "endDate": "Last day",
    "from_date": "First day", "to_date": "Last day", "date_from": "First day", "date_to": "Last day", "dateFrom": "First day",
    "dateTo": "Last day", "days": "How many days back", "hours": "How many hours back", "minutes": "How many minutes back",
    "months": "How many months", "period": "Span of time", "tenant_id": "Tenant", "tenantId": "Tenant", "user_id": "User",
    "agent_id": "Agent", "queue_id": "Queue", "campaign_id": "Campaign", "sid": '"CA" and 32 hexadecimal digits',
    "extension": "Extension", "token": "As it stands in the link", "since": "Only what is newer", "timeRange": "Span of time",
    "time_range": "Span of time", "timeframe": "Span of time", "slug": "Short name", "format": "Format of the file", "dry_run": "Only try",
    "category": "Only of this category", "severity": "Only of this severity", "channel": "Only of this channel",
    "code": "What the other side gave after consent", "state": "As it was given to the other side", "error": "Set if consent was refused"}


def parameter(name, schema, where, op):
    if where == "query" and name == "status":
        return "Only with this status"
    if where == "query" and name in ("type", "direction", "provider", "platform", "role", "priority"):
        return "Only with this " + name
    if name in PARAMETERS and not (where == "path" and name == "state"):
        return PARAMETERS[name]
    if where != "path":
        return None
    steps = op.path.split("/")
    at = next((i for i, p in enumerate(steps) if p == "{%s}" % name), 0)
    thing = one(ids.snake(steps[at - 1]))
    if schema.get("x-irisx-id"):
        return "Number of the " + thing
    if schema.get("format") == "uuid":
        return "Id of the " + thing + " (UUID)"
    return "Which " + thing


def filter_of(p, op):
    """What a list is asked for beside its pages, is a filter."""
    kind = shapes.as_list(p["schema"].get("type"))[0]
    if p["in"] != "query" or not op.lists or kind not in ("string", "integer", "boolean", "number"):
        return None
    if re.search(r"sort|order|format|include|group|granularity|interval|fields|by$", p["name"]):
        return None
    name = spell(ids.snake(p["name"]))
    if kind == "boolean":
        return "Only where this is so, or is not: " + name
    return "Only with this " + name


# What the snapshot of the platform does whatever the caller gives: an error that comes of it is no fault of theirs.
DEPLOYED = {"always-401": "The platform as deployed answers 401 to any login.", "always-403": "The platform as deployed answers 403 to any role.",
            "context-undefined": "The platform as deployed does not know the tenant here: it finds nothing, or fails.",
            "tenant-1": "The platform as deployed always acts for its first tenant."}


def remarks(op):
    """What the code tells about the platform as deployed, in whole sentences."""
    out = []
    roles = op.r.get("roles") or op.r.get("admin_roles")
    if roles:
        out.append("For %s only." % (roles[0] if len(roles) == 1 else ", ".join(roles[:-1]) + " and " + roles[-1]))
    if "shadowed_by" in op.r:
        method, path = op.r["shadowed_by"].split()[:2]
        other = op.c.name_of(method, path)
        if other != op.id:
            out.append("On the platform as deployed %s answers this path." % other)
    deployed = DEPLOYED.get(op.r.get("snapshot"))
    if deployed:
        out.append(deployed)
    if any(n.startswith("service-function-missing") for n in op.r.get("notes", [])):
        out.append("The platform as deployed lacks the function behind it.")
    return out
