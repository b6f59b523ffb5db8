/* SPDX-License-Identifier: MIT */
/*
 * Tables of the REST half. due_ms is when something happens next by itself (NULL: nothing does); it is what makes
 * messages, dry-run calls and deliveries go on after a restart. Times are Unix milliseconds.
 */
#include "sandbox/state.h"

static const char tables[] =
    "CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE totp(user_id INTEGER PRIMARY KEY REFERENCES users(id), secret TEXT NOT NULL, enabled INTEGER NOT NULL,"
    " last_step INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE refresh_tokens(token TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), expires_ms INTEGER NOT NULL);"
    "CREATE TABLE calls(id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, tenant_id INTEGER NOT NULL, direction TEXT NOT NULL,"
    " from_number TEXT NOT NULL, to_number TEXT NOT NULL, status TEXT NOT NULL, duration INTEGER, recording_url TEXT,"
    " metadata TEXT NOT NULL DEFAULT '{}', initiated_ms INTEGER NOT NULL, answered_ms INTEGER, ended_ms INTEGER,"
    " dry_run_s INTEGER, due_ms INTEGER);"
    "CREATE INDEX calls_due ON calls(due_ms) WHERE due_ms IS NOT NULL;"
    "CREATE INDEX calls_open ON calls(id) WHERE ended_ms IS NULL;"
    "CREATE TABLE sms_messages(id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL, tenant_id INTEGER NOT NULL, direction TEXT NOT NULL,"
    " from_number TEXT NOT NULL, to_number TEXT NOT NULL, from_number_id INTEGER, to_number_id INTEGER, body TEXT NOT NULL,"
    " media_urls TEXT NOT NULL DEFAULT '[]', num_media INTEGER NOT NULL, num_segments INTEGER NOT NULL, status TEXT NOT NULL,"
    " carrier TEXT, price TEXT, price_unit TEXT, error_code TEXT, error_message TEXT, queued_ms INTEGER, sent_ms INTEGER,"
    " delivered_ms INTEGER, failed_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " dry_run INTEGER NOT NULL DEFAULT 0, due_ms INTEGER);"
    "CREATE INDEX sms_due ON sms_messages(due_ms) WHERE due_ms IS NOT NULL;"
    "CREATE TABLE webhooks(id INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id INTEGER NOT NULL, url TEXT NOT NULL, description TEXT,"
    " events TEXT NOT NULL, is_active INTEGER NOT NULL, is_verified INTEGER NOT NULL, max_retries INTEGER NOT NULL,"
    " timeout_seconds INTEGER NOT NULL, secret TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL);"
    "CREATE TABLE deliveries(id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id INTEGER NOT NULL REFERENCES webhooks(id) ON DELETE CASCADE,"
    " event_type TEXT NOT NULL, event_id TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    " max_attempts INTEGER NOT NULL, http_status_code INTEGER, error_message TEXT, scheduled_ms INTEGER, first_ms INTEGER,"
    " last_ms INTEGER, completed_ms INTEGER, duration_ms INTEGER, created_ms INTEGER NOT NULL, due_ms INTEGER);"
    "CREATE INDEX deliveries_of ON deliveries(webhook_id, id);"
    "CREATE INDEX deliveries_due ON deliveries(webhook_id, due_ms, id) WHERE due_ms IS NOT NULL;";

/* Two numbers more than state.c's, so that a message can go from one to another. */
int sandbox_state_fill_rest(struct sandbox_state *s, int64_t now_ms)
{
    int err = sandbox_state_exec(s, tables);

    if (err)
        return err;
    return sandbox_run(s,
        "INSERT INTO phone_numbers(tenant_id, number, created_ms) VALUES(1, '+12025550101', ?1), (1, '+12025550102', ?1)",
        SANDBOX_ARGS(ARG_INT(now_ms)));
}
