/* SPDX-License-Identifier: MIT */
/* The tables do not say where members lie; what is derived is what the compiler makes of the headers. */
#include "fixture.h"

static struct ix_api_set s;

static size_t offset_of(const struct ix_api_type *t, size_t start, const char *name)
{
    struct ix_api_walk w = { .next = start };

    for (const struct ix_api_field *f = ix_api_walk(&s, t, &w); f != NULL; f = ix_api_walk(&s, t, &w))
        if (strcmp(ix_api_text(&s, f->name), name) == 0)
            return w.offset;
    return SIZE_MAX;
}

#define P(type, member, name) cr_expect_eq(offset_of(t, 0, name), offsetof(type, member), "%s", name)
#define R(type, member, name) cr_expect_eq(offset_of(t, sizeof(void *), name), offsetof(type, member), "%s", name)

Test(api_layout, parameters_lie_where_the_compiler_puts_them)
{
    ix_api_set_fixture(&s);
    const struct ix_api_type *t = &s.types[ix_api_find_in(&s, "fx.things.create")->params];
    P(irisx_api_fx_things_create_params_t, name, "name");
    P(irisx_api_fx_things_create_params_t, count, "count");
    P(irisx_api_fx_things_create_params_t, ratio, "ratio");
    P(irisx_api_fx_things_create_params_t, on, "on");
    P(irisx_api_fx_things_create_params_t, owner_id, "owner_id");
    P(irisx_api_fx_things_create_params_t, tags, "tags");
    P(irisx_api_fx_things_create_params_t, agent_ids, "agent_ids");
    P(irisx_api_fx_things_create_params_t, sizes, "sizes");
    P(irisx_api_fx_things_create_params_t, weights, "weights");
    P(irisx_api_fx_things_create_params_t, meta, "meta");
    P(irisx_api_fx_things_create_params_t, place, "place");
    P(irisx_api_fx_things_create_params_t, parts, "parts");
    cr_assert_eq(ix_api_extra_at(&s, t), offsetof(irisx_api_fx_things_create_params_t, extra));
    t = &s.types[ix_api_find_in(&s, "fx.upload")->params];
    P(irisx_api_fx_upload_params_t, file, "file");
    P(irisx_api_fx_upload_params_t, place, "place");
    cr_assert_eq(ix_api_extra_at(&s, t), offsetof(irisx_api_fx_upload_params_t, extra));
}

Test(api_layout, results_lie_where_the_compiler_puts_them)
{
    ix_api_set_fixture(&s);
    const struct ix_api_type *t = &s.types[ix_api_find_in(&s, "fx.things.get")->result];
    R(irisx_api_fx_thing_t, id, "id");
    R(irisx_api_fx_thing_t, count, "count");
    R(irisx_api_fx_thing_t, ratio, "ratio");
    R(irisx_api_fx_thing_t, on, "on");
    R(irisx_api_fx_thing_t, made_at_ms, "made_at");
    R(irisx_api_fx_thing_t, weights, "weights");
    R(irisx_api_fx_thing_t, place, "place");
    R(irisx_api_fx_thing_t, places, "places");
    cr_assert_eq(ix_api_result_size(&s, t), sizeof(irisx_api_fx_thing_t));
}
