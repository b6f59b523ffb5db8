# SPDX-License-Identifier: MIT
"""Types the list of routes leaves open, from names: money is decimal, counts are numbers, ids are ids.

The platform's code often says no more than "whatever came in". A name that can mean one thing gets its type; everything
else stays any JSON value. What was observed goes before this: openapi/overlay.yaml.
"""
import re

from ids import snake

MONEY = re.compile(r"(^|_)(cost|costs|price|amount|fee|tax|subtotal|revenue|mrr|arr|ltv|arpu|balance|credit|credits|spend|budget|"
                   r"payout|refund|overage|outstanding)(_|$)")
NO_MONEY = re.compile(r"(cents|percent|percentage|_pct|count|_id|_ids|_at|_by|_type|currency|delay|growth|_limit_|ratio|"
                      r"tracking|status|method|enabled|_name|change|per_?token|retention|date|_on|trend|breakdown)")
SECRET = re.compile(r"(^|_)(password|passphrase|secret|secret_key|signing_secret|client_secret|shared_secret|pin|token|access_token|"
                    r"refresh_token|reset_token|dev_reset_token|pending_token|session_token|auth_token|id_token|totp_code|api_key|"
                    r"private_key|access_key|access_key_secret|service_account_key|credential|otpauth_url|bot_token|"
                    r"temporary_password|temp_password|api_secret|backup_codes)$")
TEXTS = re.compile(r"(^|_)(name|text|title|subject|reason|note|notes|comment|description|message|label|category|caption|email|html|"
                   r"phone|phone2|phone_number|url|uri|sid|status|state|type|code|digits|timezone|language|currency|from|to|"
                   r"reply_to|action|metric|permission|endpoint|method|ssml|candidate|sdp_mid|challenge|username|organization|"
                   r"address_line1|zip|zip_code|city|country|ip_address|user_agent|operator|at|date|leg|wamid|call_uuid|uuid|"
                   r"phone_number_id|alt_text|content_type|file_name|postback_data|user_phone|card_width)$")
NUMBERS = re.compile(r"(^|_)(latitude|longitude|quantity|threshold|mos_score|jitter_ms|packet_loss_pct|response_time_ms|batch_size|"
                     r"retention_days|trial_days|priority|status_code|sdp_mline_index)$")
FLAGS = re.compile(r"^(is_|has_|use_)|^(muted|typing|noise_suppression|echo_cancellation|auto_gain_control|recording_enabled)$")


def is_id(name):
    """One id or several."""
    return bool(re.search(r"(^|_)ids?$|[a-z]Ids?$", name)) and name not in ("paid", "valid")


def is_money(name):
    n = snake(name)
    return bool(MONEY.search(n)) and not NO_MONEY.search(n)


def is_secret(name):
    return bool(SECRET.search(snake(name)))


def of_field(name):
    """Type of a parameter the code does not tell; None: any value."""
    n = snake(name)
    if FLAGS.search(n):
        return "boolean"
    if NUMBERS.search(n) or is_money(name):
        return "number"
    if TEXTS.search(n) or is_secret(name) or is_id(name) and not n.endswith("ids"):
        return "string"
    return None


def of_answer(name):
    """Word of a member of an answer the code does not tell; None: any value."""
    n = snake(name)
    if re.search(r"(_at|^timestamp)$", n):
        return "string:date-time"
    if is_money(name):
        return "string:decimal"
    if is_id(name) and not n.endswith("ids"):
        return "string:int64"
    if is_secret(name) or re.search(r"(_name|_url|_email|_phone|_path|_number)$", n):
        return "string"
    if n in ("currency", "reason", "subject", "alert_type", "metric", "domain", "filename", "filepath", "industry", "website", "city",
             "country", "state", "address"):
        return "string"
    if n in ("status", "name", "email", "phone", "direction", "from_number", "to_number", "username", "invoice_number", "channel",
             "provider_email", "error_code", "error_message", "price_unit", "description", "language", "extension", "role", "title"):
        return "string"
    return None
