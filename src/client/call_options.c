/* SPDX-License-Identifier: MIT */
/* Options of a call: checked, copied, and as src/call wants them. */
#include <string.h>

#include "client/private.h"

static int dup_option(char **to, const char *from)
{
    ix_free(*to);
    *to = ix_dup_cstr(from);
    return from && !*to ? IRISX_E_NO_MEMORY : 0;
}

static bool known_codecs(const char *list)
{
    struct ix_str rest = ix_str(list), one;

    while (list && ix_str_cut(&rest, ',', &one)) {
        one = ix_str_trim(one);
        if (!ix_str_ieq(one, IX_STR("opus")) && !ix_str_ieq(one, IX_STR("PCMU")) && !ix_str_ieq(one, IX_STR("PCMA")))
            return false;
    }
    return true;
}

/* what the stack writes itself is not for others to write */
static bool own_header(struct ix_str name)
{
    static const char *const own[] = { "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route",
        "Record-Route", "Content-Length", "Content-Type", "Authorization", "Proxy-Authorization", "Replaces", "v", "f",
        "t", "i", "m", "l", "c" };

    for (size_t i = 0; i < IX_COUNT(own); i++)
        if (ix_str_ieq(name, ix_str(own[i])))
            return true;
    return !name.n;
}

static void write_headers(struct ix_buf *b, const char *lines)
{
    struct ix_str rest = ix_str(lines), line, name;
    char text[64];

    while (ix_str_cut(&rest, '\n', &line)) {
        line = ix_str_trim(line);
        if (!line.n)
            continue;
        if (!ix_str_cut(&line, ':', &name) || own_header(ix_str_trim(name)) ||
            ix_str_copy(text, sizeof text, ix_str_trim(name)))
            b->err = b->err ? b->err : IRISX_E_INVALID;
        else
            ix_sip_write_header(b, text, ix_str_trim(line));
    }
}

static int take_header(irisx_call_t *call, const irisx_call_options_t *o)
{
    struct ix_buf b;

    if (!o->header_name && !o->headers)
        return 0;
    ix_buf_init(&b, 8192);
    if (o->header_name)
        ix_sip_write_header(&b, o->header_name, ix_str(o->header_value));
    if (o->headers)
        write_headers(&b, o->headers);
    ix_free(call->header);
    if (b.err) {
        int err = b.err;

        ix_buf_clear(&b);
        return err;
    }
    call->header = ix_buf_take(&b);
    return call->header ? 0 : IRISX_E_NO_MEMORY;
}

static int take_sound(irisx_call_t *call, const irisx_call_options_t *o)
{
    bool frame = !o->frame_ms || o->frame_ms == 10 || o->frame_ms == 20 || o->frame_ms == 40 || o->frame_ms == 60;
    bool rate = !o->opus_bitrate || (o->opus_bitrate >= 6000 && o->opus_bitrate <= 128000);

    if (!frame || !rate || o->opus_complexity < -1 || o->opus_complexity > 10 || o->delay_max_ms > 500 ||
        o->delay_min_ms > 500 || o->delay_target_ms > 500 ||
        (o->opus_bandwidth_hz && (o->opus_bandwidth_hz < 4000 || o->opus_bandwidth_hz > 8000)))
        return IRISX_E_INVALID;
    call->encoder = (struct ix_media_encoder){ .frame_ms = (uint8_t) o->frame_ms,
        .complexity = (uint8_t) (o->opus_complexity ? IX_MAX(o->opus_complexity, 0) + 1 : 0),
        .cbr = o->opus_cbr != 0,
        .bitrate = o->opus_bitrate,
        .bandwidth_hz = o->opus_bandwidth_hz };
    call->delay_ms[0] = o->delay_min_ms;
    call->delay_ms[1] = o->delay_max_ms;
    call->delay_ms[2] = o->delay_target_ms;
    return 0;
}

int ix_call_options_take(irisx_call_t *call, const irisx_call_options_t *from)
{
    irisx_call_options_t o;
    int err = ix_options_read(&o, sizeof o, from);

    if (err)
        return err;
    call->audio_rate = o.audio_rate_hz ? o.audio_rate_hz : 16000;
    call->record_rate = o.record_rate_hz ? o.record_rate_hz : 16000;
    if (call->audio_rate < 8000 || call->audio_rate > 48000 || call->record_rate < 8000 || call->record_rate > 48000 ||
        !known_codecs(o.codecs) || o.reliable < -1 || o.reliable > 1 || o.digits < IRISX_DIGITS_RTP ||
        o.digits > IRISX_DIGITS_INFO || o.follow_redirects < 0 || o.follow_redirects > 10 ||
        (o.session_expires_s != 0 && o.session_expires_s != -1 &&
            (o.session_expires_s < 90 || o.session_expires_s > 86400)) ||
        (o.replaces && strpbrk(o.replaces, "\r\n")) || (o.caller_name && strpbrk(o.caller_name, "\r\n")))
        return IRISX_E_INVALID;
    err = take_sound(call, &o);
    if (err)
        return err;
    if (o.reliable > 0)
        return IRISX_E_UNSUPPORTED; /* no PRACK yet: nothing is demanded that could not be kept */
    call->anonymous = o.anonymous != 0;
    call->session_s = o.session_expires_s ? o.session_expires_s : 1800;
    call->reliable = o.reliable;
    call->digits_how = o.digits;
    call->redirects = o.follow_redirects;
    call->play_loop = o.play_loop != 0;
    call->record_stereo = o.record_stereo != 0;
    call->app_audio = o.app_audio != 0;
    call->ring_ms = o.ring_timeout_ms;
    call->duration_ms = o.max_duration_ms;
    if (dup_option(&call->to, o.to) || dup_option(&call->play_file, o.play_file) ||
        dup_option(&call->record_file, o.record_file) || dup_option(&call->codecs, o.codecs) ||
        dup_option(&call->caller_name, o.caller_name) || dup_option(&call->replaces, o.replaces))
        return IRISX_E_NO_MEMORY;
    err = take_header(call, &o);
    if (!err && call->app_audio && !call->heard) {
        call->heard = ix_pcm_ring_new(call->audio_rate);
        call->said = ix_pcm_ring_new(call->audio_rate);
        if (!call->heard || !call->said)
            err = IRISX_E_NO_MEMORY;
    }
    return err;
}

void ix_call_config_fill(const irisx_call_t *call, struct ix_call_config *config)
{
    memset(config, 0, sizeof *config);
    config->line = call->line ? call->line->id : 0;
    config->to = call->to;
    config->headers = call->header;
    config->caller_name = call->caller_name;
    config->anonymous = call->anonymous;
    config->replaces = call->replaces;
    config->session_s = call->session_s;
    config->reliable = call->reliable < 0 ? IX_RELIABLE_NEVER
                       : call->reliable   ? IX_RELIABLE_REQUIRED
                                          : IX_RELIABLE_OFFERED;
    config->redirects = (uint8_t) call->redirects;
    config->ring_timeout_ms = call->ring_ms;
    config->max_duration_ms = call->duration_ms;
    config->user_data = (void *) (uintptr_t) call;
    if (call->codecs) {
        struct ix_str rest = ix_str(call->codecs), one;

        config->no_opus = config->no_pcmu = config->no_pcma = true;
        while (ix_str_cut(&rest, ',', &one)) {
            one = ix_str_trim(one);
            config->no_opus = config->no_opus && !ix_str_ieq(one, IX_STR("opus"));
            config->no_pcmu = config->no_pcmu && !ix_str_ieq(one, IX_STR("PCMU"));
            config->no_pcma = config->no_pcma && !ix_str_ieq(one, IX_STR("PCMA"));
        }
    }
}
