/* SPDX-License-Identifier: MIT */
/* No memory is asked for while media runs; where it is asked for, it may be refused. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "oom.h"
#include "tests/unit/media/line.h"

static size_t asked;

static void *counting_alloc(size_t size, void *ctx)
{
    (void) ctx;
    asked++;
    return calloc(1, size);
}

static void *counting_realloc(void *p, size_t size, void *ctx)
{
    (void) ctx;
    asked++;
    return realloc(p, size);
}

static void counting_free(void *p, void *ctx)
{
    (void) ctx;
    free(p);
}

static void count_malloc(const volatile void *p, size_t size)
{
    (void) p;
    (void) size;
    asked++;
}

static void count_free(const volatile void *p)
{
    (void) p;
}

/* the sanitizer's runtime tells of every malloc, that of the libraries too; without it only ours are counted */
int __sanitizer_install_malloc_and_free_hooks(
    void (*m)(const volatile void *, size_t), void (*f)(const volatile void *)) __attribute__((weak));

Test(memory, ten_seconds_of_media_allocate_nothing)
{
    struct ix_allocator counting = { counting_alloc, counting_realloc, counting_free, NULL };
    ix_set_allocator(&counting);
    struct world *w = world_new(5);
    w->line = (struct line_options){ .delay_ms = 10, .jitter_ms = 40, .lost_per_mille = 30, .dup_per_mille = 20 };
    for (uint32_t id = 1; id <= 3; id++) {
        world_party(w, id, 0, id == 2 ? IX_CODEC_PCMU : IX_CODEC_OPUS);
        world_party(w, id + 3, 1, id == 2 ? IX_CODEC_PCMU : IX_CODEC_OPUS);
        world_connect(w, id, id + 3);
        world_tone(w, id, 300.0f * (float) id);
    }
    struct ix_pcm_ring *sink = ix_pcm_ring_new(500000), *source = ix_pcm_ring_new(500000);
    int16_t pcm[44100] = { 0 };
    for (int i = 0; i < 10; i++)
        ix_pcm_ring_write(source, pcm, 44100);
    ix_pcm_ring_end(source);
    if (__sanitizer_install_malloc_and_free_hooks)
        __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
    struct ix_media_cmd hear = { .kind = IX_MEDIA_SINK, .u.sink = { sink, 44100 } };
    struct ix_media_cmd say = { .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, source, 44100 } };
    cr_assert_eq(ix_party_equip(w->party[1], &hear) | ix_party_equip(w->party[3], &say), 0); /* the owner's part */
    asked = 0;
    world_command(w, 1, hear);
    world_command(w, 3, say);
    for (int i = 0; i < 10; i++) {
        world_command(w, 4, (struct ix_media_cmd){ .kind = IX_MEDIA_JOIN, .u.join.other = i % 2 ? 5 : 0 });
        world_command(w, 2, (struct ix_media_cmd){ .kind = IX_MEDIA_DTMF, .u.dtmf = { .digits = "12" } });
        world_command(w, 6,
            (struct ix_media_cmd){
                .kind = IX_MEDIA_CODEC, .u.codec = world_codec(i % 3 ? IX_CODEC_OPUS : IX_CODEC_PCMA) });
        world_run(w, 1000);
        w->event_n = 0;
    }
    cr_assert_eq(asked, 0, "%zu allocations", asked);
    world_free(w);
    ix_pcm_ring_free(sink);
    ix_pcm_ring_free(source);
}

static int constructors(void *arg)
{
    (void) arg;
    struct ix_media *m = NULL;
    struct ix_party *p = NULL;
    int err = ix_media_new(NULL, 8, &m);
    if (!err)
        err = ix_party_new(&(struct ix_party_options){ 0 }, &p);
    ix_party_free(p);
    ix_media_free(m);
    return err;
}

Test(memory, constructors_fail_cleanly)
{
    cr_assert_eq(oom_run(constructors, NULL), 0);
}
