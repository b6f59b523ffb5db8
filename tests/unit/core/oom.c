/* SPDX-License-Identifier: MIT */
/* Core with the Nth allocation failing; and that the harness itself notices what it is there for. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"
#include "oom.h"

static int fill_buffer(void *arg)
{
    struct ix_buf b;

    (void) arg;
    ix_buf_init(&b, 100000);
    for (int i = 0; i < 1000; i++)
        ix_buf_fmt(&b, "line %d, %0300d\r\n", i, 0);
    ix_buf_reset(&b);
    for (int i = 0; i < 1000; i++)
        ix_buf_str(&b, "0123456789");
    int err = b.err;
    char *text = ix_buf_take(&b);
    if (err == 0 && text == NULL)
        err = IRISX_E_NO_MEMORY;
    ix_free(text);
    return err;
}

Test(oom, buffers_fail_cleanly)
{
    cr_assert_eq(oom_run(fill_buffer, NULL), 0);
}

static int fill_map(void *arg)
{
    struct ix_map *m = ix_map_new(1000, 1);
    int err = m == NULL ? IRISX_E_NO_MEMORY : 0;

    for (uint8_t i = 0; i < 200 && err == 0; i++) {
        size_t before = ix_map_count(m);
        err = ix_map_set(m, ix_str_n(&i, 1), arg);
        if (err != 0 && (ix_map_count(m) != before || ix_map_get(m, ix_str_n(&i, 1)) != NULL))
            err = IRISX_E_INTERNAL; /* a failed set must leave no trace */
        if (i % 2 == 0 && err == 0)
            (void) ix_map_remove(m, ix_str_n(&i, 1));
    }
    ix_map_free(m);
    return err;
}

Test(oom, maps_fail_cleanly)
{
    int value;

    cr_assert_eq(oom_run(fill_map, &value), 0);
}

static int fill_heap(void *arg)
{
    struct ix_timer timers[200];
    struct ix_heap h;
    int err = 0;

    (void) arg;
    memset(timers, 0, sizeof timers);
    ix_heap_init(&h);
    for (size_t i = 0; i < IX_COUNT(timers) && err == 0; i++) {
        err = ix_heap_set(&h, &timers[i], i);
        if (err != 0 && (timers[i].index != 0 || h.n != i))
            err = IRISX_E_INTERNAL;
    }
    ix_heap_clear(&h);
    return err;
}

Test(oom, heaps_fail_cleanly)
{
    cr_assert_eq(oom_run(fill_heap, NULL), 0);
}

static int make_rings(void *arg)
{
    struct ix_ring *ring = ix_ring_new(1000);
    struct ix_pcm_ring *pcm = ix_pcm_ring_new(1000);
    int err = ring == NULL || pcm == NULL ? IRISX_E_NO_MEMORY : 0;

    (void) arg;
    ix_ring_free(ring);
    ix_pcm_ring_free(pcm);
    return err;
}

Test(oom, rings_fail_cleanly)
{
    cr_assert_eq(oom_run(make_rings, NULL), 0);
}

static int encode_and_capture(void *arg)
{
    struct ix_addr a;
    struct ix_buf b;

    (void) arg;
    ix_buf_init(&b, 100000);
    int err = ix_addr_parse(&a, IX_STR("::1"), 5060);
    ix_pcapng_header(&b, "test");
    for (int i = 0; i < 50; i++)
        ix_pcapng_udp(&b, 1, &a, &a, "data", 4, "comment");
    if (err == 0)
        err = ix_base64_decode(&b, IX_STR("Zm9vYmFy"));
    ix_buf_json_str(&b, IX_STR("text"));
    ix_buf_clear(&b);
    return err;
}

Test(oom, encodings_and_captures_fail_cleanly)
{
    cr_assert_eq(oom_run(encode_and_capture, NULL), 0);
}

static int leaks_when_refused(void *arg)
{
    void **kept = arg;
    char *first = ix_dup_cstr("first");

    if (first == NULL)
        return IRISX_E_NO_MEMORY;
    void *second = ix_alloc(10);
    if (second == NULL) {
        *kept = first;
        return IRISX_E_NO_MEMORY;
    }
    ix_free(first);
    ix_free(second);
    return 0;
}

static int fails_with_another_code(void *arg)
{
    void *p = ix_alloc(10);

    (void) arg;
    ix_free(p);
    return p != NULL ? 0 : IRISX_E_INVALID;
}

static int fails_without_a_reason(void *arg)
{
    (void) arg;
    return IRISX_E_NO_MEMORY;
}

Test(oom, the_harness_notices_leaks_and_wrong_codes)
{
    void *kept = NULL;

    cr_assert_eq(oom_run(leaks_when_refused, &kept), 1);
    free((char *) kept - 16); /* from the counting allocator, which puts 16 bytes before a block */
    cr_assert_eq(oom_run(fails_with_another_code, NULL), 1);
    cr_assert_eq(oom_run(fails_without_a_reason, NULL), 1);
}
