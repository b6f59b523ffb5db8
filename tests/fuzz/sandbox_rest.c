/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the sandbox's REST half behind its server. Input: a credential (0 none, 1 key, 2 what stands at the
 * first line's end, 3 a user's token), method, path with query; a line end; the body. Whatever comes, one answer goes
 * out, and it is JSON.
 */
#include <string.h>

#include "sandbox/rest.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sandbox box;
static const char *api_key, *bearer;
static char owner_key[80], owner_token[TOKEN_MAX + 8] = "Bearer ";
static int answers;

/* ---- what stands around it -------------------------------------------------------------------- */
int sandbox_sip_originate(struct sandbox *sb, const struct sandbox_originate *o, char sid_out[SANDBOX_SID])
{
    uint8_t bytes[16];
    struct ix_buf b;

    IX_ASSERT(o->to && o->from && *o->to);
    ix_rng_fill(&sb->rng, bytes, sizeof bytes);
    ix_buf_init_fixed(&b, sid_out, SANDBOX_SID - 1);
    ix_buf_str(&b, "CA");
    ix_buf_hex(&b, bytes, sizeof bytes);
    sid_out[b.n] = 0;
    return 0;
}

int sandbox_sip_hangup(struct sandbox *sb, const char *sid, uint16_t q850_cause)
{
    (void) sb;
    (void) q850_cause;
    return *sid ? 0 : IRISX_E_INVALID;
}

int sandbox_sip_action(struct sandbox *sb, const char *sid, enum sandbox_action action, const char *text)
{
    (void) sb;
    (void) action;
    (void) text;
    return *sid ? 0 : IRISX_E_INVALID;
}

int ix_server_answer(struct ix_server_reply *reply, int status, const char *content_type, const char *headers,
    const void *body, size_t len)
{
    irisx_value_t *v;

    (void) reply;
    answers++;
    IX_ASSERT(status >= 200 && status < 600);
    IX_ASSERT(headers && !strstr(headers, "\r\n\r\n"));
    if (status == 204)
        return 0;
    IX_ASSERT(!strcmp(content_type, "application/json"));
    IX_ASSERT(!ix_json_parse(ix_str_n(body, len), &v, NULL));
    irisx_value_free(v);
    return 0;
}

static const char *header(const struct ix_server_request *r, const char *name)
{
    (void) r;
    if (!strcmp(name, "X-API-Key"))
        return api_key;
    return strcmp(name, "Authorization") ? NULL : bearer;
}

static void set_up(void)
{
    struct token_user user = { .user_id = 1, .tenant_id = 1, .email = "admin@sandbox.test", .role = "admin" };
    struct sandbox_owner owner;

    box.rng = ix_entropy();
    IX_ASSERT(!ix_loop_new(&box.log, &box.service_loop));
    IX_ASSERT(!sandbox_state_open(NULL, &box.rng, &box.log, &box.state));
    IX_ASSERT(!sandbox_rest_new(&box, &box.rest));
    IX_ASSERT(!sandbox_state_owner(box.state, &owner));
    (void) ix_str_copy(owner_key, sizeof owner_key, ix_str(owner.api_key)); /* the same size */
    IX_ASSERT(!token_make(box.rest, TOKEN_ACCESS, &user, owner_token + strlen(owner_token)));
}

/* ---- one request -------------------------------------------------------------------------------- */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_str rest = ix_str_n(data, size), line, method;
    struct ix_server_request request = { .header = header };
    char *text, *query, *token;

    if (!box.rest)
        set_up();
    if (!size || memchr(data, 0, size) || !ix_str_cut(&rest, '\n', &line) || line.n < 2)
        return 0;
    text = ix_str_dup(ix_str_slice(line, 1, line.n));
    IX_ASSERT(text);
    line = ix_str(text);
    (void) ix_str_cut(&line, ' ', &method); /* text is not empty */
    text[method.n] = 0;
    request.method = text;
    request.path = line.n ? line.p : "/";
    token = line.n ? strchr(line.p, ' ') : NULL;
    if (token)
        *token++ = 0;
    query = line.n ? strchr(line.p, '?') : NULL;
    if (query)
        *query++ = 0;
    request.query = query;
    request.body = (const uint8_t *) rest.p;
    request.body_len = rest.n;
    api_key = data[0] == '1' ? owner_key : NULL;
    bearer = data[0] == '2' ? token : data[0] == '3' ? owner_token : NULL;
    answers = 0;
    sandbox_rest_request(box.rest, &request, NULL);
    IX_ASSERT(answers == 1);
    ix_free(text);
    return 0;
}
