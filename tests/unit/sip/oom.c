/* SPDX-License-Identifier: MIT */
/* Whole scenarios with the Nth allocation failing: each command says so or succeeds, and nothing stays behind. */
#include "oom.h"
#include "tests/unit/sip/rig.h"

struct world {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_stack *a, *b;
    struct ix_sip_dialog *da, *db;
    struct ix_now now;
    ix_sip_txn invite;
    int err; /* first failure */
};

static void note(struct world *w, int err)
{
    if (err && !w->err)
        w->err = err;
}

static int open_world(struct world *w)
{
    struct ix_sip_transport_config transport = { .secure = false };
    ix_prng_seed(&w->prng, 9);
    w->rng = ix_prng_rng(&w->prng);
    struct ix_sip_stack_config config = { .rng = &w->rng, .agent = "x", .supported = "timer" };
    int err = ix_sip_stack_new(&config, &w->a);
    if (!err)
        err = ix_sip_stack_new(&config, &w->b);
    if (!err)
        err = ix_sip_transport_opened(w->a, 1, &transport);
    return err ? err : ix_sip_transport_opened(w->b, 1, &transport);
}

static void serve(struct world *w, const struct ix_sip_out *out)
{
    struct ix_sip_reply reply = { .status = 200 };
    if (out->msg->method == IX_SIP_INVITE && !out->dialog) {
        int err = ix_sip_dialog_uas(w->b, out->txn, NULL, &w->db);
        note(w, err);
        if (err) {
            note(w, ix_sip_respond(w->b, out->txn, &(struct ix_sip_reply){ .status = 500 }, w->now));
            return;
        }
        reply.dialog = w->db;
    }
    note(w, ix_sip_respond(w->b, out->txn, &reply, w->now));
}

static void called(struct world *w, const struct ix_sip_out *out)
{
    if (out->msg->method != IX_SIP_INVITE || out->msg->status >= 300)
        return;
    if (!w->da)
        note(w, ix_sip_dialog_uac(w->a, w->invite, out->msg, NULL, &w->da));
    if (!w->da)
        return;
    note(w, ix_sip_dialog_ack(w->da, IX_STR_NONE, IX_STR_NONE, w->now));
    note(w, ix_sip_dialog_request(w->da, &(struct ix_sip_request){ .method = IX_SIP_BYE }, NULL, w->now, NULL));
}

static void drain(struct world *w)
{
    struct ix_sip_out out;
    bool more = true;
    while (more) {
        more = ix_sip_poll(w->a, &out);
        if (more && out.kind == IX_SIP_OUT_SEND)
            note(w, ix_sip_input(w->b, 1, out.data, out.len, w->now));
        else if (more && out.kind == IX_SIP_OUT_RESPONSE)
            called(w, &out);
        else if (more && out.kind == IX_SIP_OUT_FAILED)
            note(w, out.err);
        bool other = ix_sip_poll(w->b, &out);
        if (other && out.kind == IX_SIP_OUT_SEND)
            note(w, ix_sip_input(w->a, 1, out.data, out.len, w->now));
        else if (other && out.kind == IX_SIP_OUT_REQUEST)
            serve(w, &out);
        more = more || other;
    }
}

static int finish(struct world *w, int err)
{
    ix_sip_dialog_free(w->da, w->now);
    ix_sip_dialog_free(w->db, w->now);
    ix_sip_stack_free(w->a);
    ix_sip_stack_free(w->b);
    note(w, err);
    /* what one side could not remember, the other meets as something unknown, or waits for in vain */
    return w->err == IRISX_E_NOT_FOUND || w->err == IRISX_E_TIMEOUT ? IRISX_E_NO_MEMORY : w->err;
}

static int whole_call(void *arg)
{
    struct world w = { .now = { .mono_us = IX_S } };
    (void) arg;
    int err = open_world(&w);
    if (err)
        return finish(&w, err);
    struct ix_sip_request req = {
        .method = IX_SIP_INVITE, .uri = IX_STR("sip:b@b"), .from = IX_STR("<sip:a@a>"), .to = IX_STR("<sip:b@b>")
    };
    err = ix_sip_send_request(w.a, 1, &req, NULL, w.now, &w.invite);
    if (err)
        return finish(&w, err);
    for (int i = 0; i < 200; i++) {
        drain(&w);
        uint64_t at = IX_MIN(ix_sip_deadline(w.a), ix_sip_deadline(w.b));
        if (at == IX_NEVER)
            break;
        w.now.mono_us = at;
        ix_sip_timeout(w.a, w.now);
        ix_sip_timeout(w.b, w.now);
    }
    if (ix_sip_txn_count(w.a) || ix_sip_txn_count(w.b))
        return finish(&w, IRISX_E_INTERNAL); /* every transaction ends, whatever failed */
    return finish(&w, 0);
}

Test(sip_oom, a_whole_call_fails_cleanly)
{
    cr_assert_eq(oom_run(whole_call, NULL), 0);
}

static int answer_register(
    struct world *w, struct ix_sip_auth_server *auth, struct ix_sip_registrar *registrar, const struct ix_sip_out *out)
{
    struct ix_buf headers;
    unsigned status = 401;
    int err = 0;
    ix_buf_init(&headers, 4096);
    switch (ix_sip_auth_server_check(auth, out->msg, false, IX_STR("p"), w->now)) {
    case IX_SIP_AUTH_OK:
        status = ix_sip_registrar_register(registrar, IX_STR("sip:u@r"), out->msg, 1, w->now, &headers);
        break;
    case IX_SIP_AUTH_NONE:
    case IX_SIP_AUTH_STALE:
        err = ix_sip_auth_server_challenge(auth, &headers, false, false, w->now);
        break;
    case IX_SIP_AUTH_WRONG:
    case IX_SIP_AUTH_BAD:
        status = 500; /* out of memory, here */
        note(w, IRISX_E_NO_MEMORY);
        break;
    }
    if (err || headers.err || status == 500 || status == 503)
        note(w, IRISX_E_NO_MEMORY);
    struct ix_sip_reply reply = { .status = headers.err ? 500 : status,
        .headers = headers.err ? IX_STR_NONE : ix_str_n(headers.p, headers.n) };
    err = ix_sip_respond(w->b, out->txn, &reply, w->now);
    ix_buf_clear(&headers);
    return err;
}

static int registration(void *arg)
{
    struct world w = { .now = { .mono_us = IX_S } };
    struct ix_sip_auth *auth = NULL;
    struct ix_sip_auth_server *server = NULL;
    struct ix_sip_registrar *registrar = NULL;
    struct ix_sip_reg *reg = NULL;
    struct ix_sip_out out;
    (void) arg;
    int err = open_world(&w);
    if (!err) {
        ix_sip_stack_free(w.b);
        w.b = NULL;
        err = ix_sip_stack_new(&(struct ix_sip_stack_config){ .rng = &w.rng, .allow = UINT32_MAX }, &w.b);
    }
    if (!err)
        err = ix_sip_transport_opened(w.b, 1, &(struct ix_sip_transport_config){ .secure = false });
    if (!err)
        err = ix_sip_auth_new(&w.rng, IX_STR("u"), IX_STR("p"), &auth);
    if (!err)
        err = ix_sip_auth_server_new(&(struct ix_sip_auth_server_config){ .rng = &w.rng, .realm = "r" }, &server);
    if (!err)
        err = ix_sip_registrar_new(&(struct ix_sip_registrar_config){ 0 }, &registrar);
    if (!err)
        err = ix_sip_reg_new(
            &(struct ix_sip_reg_config){
                .stack = w.a, .registrar = IX_STR("sip:r"), .aor = IX_STR("sip:u@r"), .auth = auth },
            &reg);
    if (!err)
        ix_sip_reg_start(reg, 1, w.now);
    for (int i = 0; !err && i < 20; i++) {
        bool more = ix_sip_poll(w.a, &out);
        if (more && out.kind == IX_SIP_OUT_SEND)
            note(&w, ix_sip_input(w.b, 1, out.data, out.len, w.now));
        else if (more)
            (void) ix_sip_reg_input(reg, &out, w.now);
        if (!ix_sip_poll(w.b, &out))
            continue;
        note(&w, out.kind == IX_SIP_OUT_SEND ? ix_sip_input(w.a, 1, out.data, out.len, w.now)
                                             : answer_register(&w, server, registrar, &out));
    }
    if (!err && !w.err && ix_sip_reg_state(reg) != IX_SIP_REG_REGISTERED)
        note(&w, IRISX_E_NO_MEMORY); /* told as a state, not as a code; oom_run checks that an untouched run succeeds */
    ix_sip_reg_free(reg);
    ix_sip_auth_server_free(server);
    ix_sip_registrar_free(registrar);
    err = finish(&w, err);
    ix_sip_auth_free(auth);
    return err;
}

Test(sip_oom, a_registration_fails_cleanly)
{
    cr_assert_eq(oom_run(registration, NULL), 0);
}
