/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "audio/audio.h"

static float mos_of(enum ix_codec_id codec, uint32_t delay_ms, float loss)
{
    float r, mos;
    ix_emodel(&(struct ix_emodel_in){ .codec = codec, .one_way_delay_ms = delay_ms, .loss_percent = loss }, &r, &mos);
    cr_assert_geq(r, 0.0f);
    cr_assert_geq(mos, 1.0f);
    cr_assert_leq(mos, 4.5f);
    return mos;
}

Test(emodel, a_clean_call_has_the_known_r_and_mos)
{
    float r, mos;
    ix_emodel(&(struct ix_emodel_in){ .codec = IX_CODEC_PCMU, .one_way_delay_ms = 50 }, &r, &mos);
    cr_assert_float_eq(r, 93.2f, 0.01f);
    cr_assert_float_eq(mos, 4.41f, 0.01f);
}

Test(emodel, quality_falls_with_loss_for_every_codec)
{
    for (int codec = IX_CODEC_OPUS; codec <= IX_CODEC_PCMA; codec++)
        for (int loss = 1; loss <= 100; loss++)
            cr_assert_leq(mos_of(codec, 100, (float) loss), mos_of(codec, 100, (float) (loss - 1)), "at %d %%", loss);
    cr_assert_lt(mos_of(IX_CODEC_OPUS, 100, 10.0f), 3.6f);
}

Test(emodel, quality_falls_with_delay)
{
    for (uint32_t ms = 10; ms <= 2000; ms += 10)
        cr_assert_leq(mos_of(IX_CODEC_OPUS, ms, 0.0f), mos_of(IX_CODEC_OPUS, ms - 10, 0.0f), "at %u ms", ms);
    cr_assert_lt(mos_of(IX_CODEC_OPUS, 400, 0.0f), 4.0f);
}

Test(emodel, bursts_are_worse_than_random_loss)
{
    float r1, r2, m;
    ix_emodel(&(struct ix_emodel_in){ .codec = IX_CODEC_PCMU, .loss_percent = 5.0f, .burst_ratio = 1.0f }, &r1, &m);
    ix_emodel(&(struct ix_emodel_in){ .codec = IX_CODEC_PCMU, .loss_percent = 5.0f, .burst_ratio = 2.0f }, &r2, &m);
    cr_assert_lt(r2, r1);
}

Test(emodel, nonsense_is_clamped)
{
    float r, mos;
    ix_emodel(&(struct ix_emodel_in){ .codec = 77, .one_way_delay_ms = UINT32_MAX, .loss_percent = -5.0f }, &r, &mos);
    cr_assert(r >= 0.0f && mos >= 1.0f && mos <= 4.5f);
}
