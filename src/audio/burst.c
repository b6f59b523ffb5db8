/* SPDX-License-Identifier: MIT */
/* Bursts and gaps of loss, as RFC 3611 section 4.7.2 and appendix A.2 define them, with Gmin 16. */
#include "audio/audio.h"

#define GMIN 16u

void ix_burst_packet(struct ix_burst *b, bool lost)
{
    if (!lost) {
        b->since += b->since < UINT32_MAX;
        return;
    }
    if (b->since >= GMIN) {
        if (b->lost == 1)
            b->c14++;
        else
            b->c13++;
        b->lost = 1;
        b->c11 += b->since;
    } else {
        b->lost++;
        if (b->since == 0) {
            b->c33++;
        } else {
            b->c23++;
            b->c22 += b->since - 1;
        }
    }
    b->since = 0;
}

void ix_burst_figures(const struct ix_burst *b, uint32_t packet_ms, struct ix_burst_figures *out)
{
    double c11 = (double) (b->c11 + (b->since >= GMIN ? b->since : 0)), c13 = (double) b->c13, c14 = (double) b->c14;
    double c22 = (double) b->c22, c23 = (double) b->c23, c33 = (double) b->c33;
    double leave = c13 + c23 + c33, all = c11 + c14 + 2.0 * c13 + c22 + 2.0 * c23 + c33;
    *out = (struct ix_burst_figures){ 0 };
    out->gap_density = c11 + c14 > 0 ? (float) (c14 / (c11 + c14)) : 0.0f;
    out->gap_ms = (uint32_t) ((c11 + c14 + c13) * packet_ms / (c13 > 0 ? c13 : 1.0));
    if (c23 + c33 < 1.0)
        return; /* no burst: a burst begins and ends with a loss */
    double p32 = c23 / leave, p23 = c22 + c23 < 1.0 ? 1.0 : 1.0 - c22 / (c22 + c23);
    out->burst_density = (float) (p23 / (p23 + p32));
    double burst = all * packet_ms / (c13 > 0 ? c13 : 1.0) - out->gap_ms;
    out->burst_ms = (uint32_t) (burst > 0 ? burst : 0);
}
