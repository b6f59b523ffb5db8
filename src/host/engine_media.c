/* SPDX-License-Identifier: MIT */
/* The engine's media: parties on the media threads, handshakes on the workers. */
#include <string.h>

#include "host/engine_private.h"

static struct ix_str key(const uint32_t *id)
{
    return ix_str_n(id, sizeof *id);
}

static void party_free(struct ix_engine *e, struct engine_party *p)
{
    (void) ix_map_remove(e->parties, key(&p->call));
    ix_list_remove(&p->node);
    ix_party_free(p->party);
    ix_free(p);
}

/* ---- parties made ahead ------------------------------------------------------------------ */
static void spare_make(struct ix_host_job *job, void *worker_state)
{
    struct engine_spare *s = IX_CONTAINER(job, struct engine_spare, job);

    (void) worker_state;
    (void) ix_party_new(&s->options, &s->party); /* without memory the call that wants one tries again, and says so */
}

static void spare_made(struct ix_host_job *job)
{
    struct engine_spare *s = IX_CONTAINER(job, struct engine_spare, job);
    struct ix_engine *e = s->e;

    e->spare_making = false;
    if (s->party)
        e->spares[e->spare_count++] = s->party;
    ix_free(s);
}

void ix_engine_spare_party(struct ix_engine *e)
{
    struct engine_spare *s;

    if (e->spare_making || e->spare_count == ENGINE_SPARES || e->shutting_down || !ix_host_has_threads(e->host))
        return;
    s = ix_alloc(sizeof *s);
    if (!s)
        return;
    s->job.work = spare_make;
    s->job.done = spare_made;
    s->e = e;
    s->options = (struct ix_party_options){ .log = e->o.log, .seed = ix_rng_u64(&e->rng) };
    e->spare_making = true;
    ix_host_compute(e->host, &s->job);
}

static int party_get(struct ix_engine *e, struct ix_party **out)
{
    struct ix_party_options o = { .log = e->o.log, .seed = ix_rng_u64(&e->rng) };

    if (e->spare_count) {
        *out = e->spares[--e->spare_count];
        return 0;
    }
    return ix_party_new(&o, out);
}

static int party_start(struct ix_engine *e, uint32_t call)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_ADD, .party_id = call };
    struct engine_party *p = ix_alloc(sizeof *p);
    int err;

    if (!p)
        return IRISX_E_NO_MEMORY;
    p->call = call;
    ix_list_append(&e->all_parties, &p->node);
    err = ix_map_set(e->parties, key(&p->call), p);
    if (!err)
        err = party_get(e, &p->party);
    cmd.u.add.party = p->party;
    cmd.u.add.group_of = e->o.group_of ? e->o.group_of(e->o.ctx, call) : 0;
    if (!err)
        err = ix_host_media_command(e->host, &cmd);
    if (err)
        party_free(e, p);
    ix_engine_spare_party(e);
    return err;
}

static void party_stop(struct ix_engine *e, struct engine_party *p)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_REMOVE, .party_id = p->call };

    p->removing = true;
    p->asked = ix_host_media_command(e->host, &cmd) == 0; /* a full ring: ix_engine_retry_removals */
}

void ix_engine_retry_removals(struct ix_engine *e)
{
    IX_LIST_EACH_SAFE (node, &e->all_parties) {
        struct engine_party *p = IX_CONTAINER(node, struct engine_party, node);

        if (p->removing && !p->asked)
            party_stop(e, p);
    }
}

void ix_engine_media_output(struct ix_engine *e, const struct ix_call_media *m)
{
    struct engine_party *p = ix_map_get(e->parties, key(&m->call));
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_CODEC, .party_id = m->call };
    int err;

    switch (m->kind) {
    case IX_CALL_MEDIA_START:
        err = party_start(e, m->call);
        if (err)
            (void) ix_call_give_up(e->phone, m->call, err, "the media engine cannot take the call",
                ix_loop_now(e->loop)); /* it is there */
        break;
    case IX_CALL_MEDIA_CODEC:
        cmd.u.codec = (struct ix_media_codec){ .codec = (uint8_t) m->codec,
            .clock_hz = m->clock_hz,
            .ptime_ms = (uint8_t) m->ptime_ms,
            .events = m->events,
            .cn = m->cn,
            .fec = m->fec,
            .dtx = m->dtx,
            .complexity = 0xff,
            .bitrate = m->max_bitrate && m->max_bitrate < 24000 ? m->max_bitrate : 0,
            .send = m->send,
            .receive = m->receive };
        if (p && m->codec != IX_CODEC_NONE && ix_host_media_command(e->host, &cmd))
            ix_log(e->o.log, IX_LOG_ERROR, "host", "call %u: the media thread takes no commands", m->call);
        break;
    case IX_CALL_MEDIA_STOP:
        if (p)
            party_stop(e, p);
        break;
    }
}

int ix_engine_media(struct ix_engine *e, const struct ix_media_cmd *cmd)
{
    struct engine_party *p = ix_map_get(e->parties, key(&cmd->party_id));
    struct ix_media_cmd equipped = *cmd;
    int err;

    if (!p && !e->draining) {
        ix_engine_drain(e); /* the call was made in this very turn */
        p = ix_map_get(e->parties, key(&cmd->party_id));
    }
    if (!p || p->removing)
        return IRISX_E_NOT_FOUND;
    err = ix_party_equip(p->party, &equipped);
    return err ? err : ix_host_media_command(e->host, &equipped);
}

void ix_engine_on_frame(void *ctx, uint32_t party_id, const struct ix_frame *f)
{
    struct ix_engine *e = ctx;

    if (!e->o.reflects || !e->o.reflects(e->o.ctx, party_id, NULL))
        ix_phone_media_frame(e->phone, party_id, f, ix_loop_now(e->loop));
}

void ix_engine_on_media_event(void *ctx, const struct ix_media_event *ev)
{
    struct ix_engine *e = ctx;
    struct engine_party *p = ix_map_get(e->parties, key(&ev->party_id));

    if (ev->kind == IX_MEDIA_EV_FIRST_AUDIO)
        ix_phone_first_audio(e->phone, ev->party_id, ev->u.at_us);
    if (ev->kind == IX_MEDIA_EV_STATS && p)
        ix_engine_quality(e, p, &ev->u.stats);
    if (ev->kind == IX_MEDIA_EV_RELEASED && p)
        party_free(e, p);
    if (e->o.on_media)
        e->o.on_media(e->o.ctx, ev);
}

/* ---- handshakes -------------------------------------------------------------------------- */
static void work_run(struct ix_host_job *job, void *worker_state)
{
    struct engine_work *w = IX_CONTAINER(job, struct engine_work, job);

    ix_dtls_mbedtls.work(w->dtls, worker_state);
}

static void work_done(struct ix_host_job *job)
{
    struct engine_work *w = IX_CONTAINER(job, struct engine_work, job);
    struct ix_engine *e = w->e;
    uint32_t call = w->call;

    ix_list_remove(&w->node);
    ix_free(w);
    ix_phone_work_done(e->phone, call, ix_loop_now(e->loop));
}

void ix_engine_work(struct ix_engine *e, const struct ix_phone_out *out)
{
    struct engine_work *w = ix_alloc(sizeof *w);
    struct ix_dtls_worker *own = NULL;

    if (w) {
        w->job.work = work_run;
        w->job.done = work_done;
        w->e = e;
        w->call = out->call;
        w->dtls = out->dtls;
        ix_list_append(&e->all_works, &w->node);
        ix_host_compute(e->host, &w->job);
        return;
    }
    /* no memory for a job: computed here, late but not lost */
    if (!ix_dtls_worker_new(e->identity, &own))
        ix_dtls_mbedtls.work(out->dtls, own);
    ix_dtls_worker_free(own);
    ix_phone_work_done(e->phone, out->call, ix_loop_now(e->loop));
}

void ix_engine_media_free(struct ix_engine *e)
{
    struct ix_list *node;

    while (!ix_list_empty(&e->all_parties))
        party_free(e, IX_CONTAINER(e->all_parties.next, struct engine_party, node));
    while ((node = ix_list_pop(&e->all_works)) != NULL)
        ix_free(IX_CONTAINER(node, struct engine_work, node));
    while (e->spare_count)
        ix_party_free(e->spares[--e->spare_count]);
}
