/* SPDX-License-Identifier: MIT */
/* The instance id of this device (RFC 5626 section 4.1): a random UUID (RFC 4122 section 4.4), the same for ever where
 * there is a folder to keep it in. */
#include <string.h>

#include "client/private.h"
#include "io/io.h"

#define PREFIX "urn:uuid:"
#define TEXT (sizeof PREFIX - 1 + 36)

static void make(char out[TEXT + 1])
{
    struct ix_rng rng = ix_entropy();
    uint8_t b[16];
    struct ix_buf text;

    ix_rng_fill(&rng, b, sizeof b);
    b[6] = (uint8_t) ((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (uint8_t) ((b[8] & 0x3f) | 0x80);
    ix_buf_init_fixed(&text, out, TEXT);
    ix_buf_str(&text, PREFIX);
    for (size_t i = 0; i < sizeof b; i++) {
        ix_buf_str(&text, i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
        ix_buf_hex(&text, b + i, 1);
    }
    out[TEXT] = 0;
}

static bool valid(struct ix_str s)
{
    struct ix_str hex = ix_str_slice(s, sizeof PREFIX - 1, s.n);

    if (s.n != TEXT || !ix_str_starts(s, IX_STR(PREFIX)))
        return false;
    for (size_t i = 0; i < hex.n; i++)
        if (!strchr("0123456789abcdef-", hex.p[i]))
            return false;
    return true;
}

int ix_client_instance(irisx_client_t *c)
{
    struct ix_buf path, file;
    struct ix_str s;
    char *name;
    int err;

    make(c->instance);
    if (!c->o.state_dir)
        return 0;
    ix_buf_init(&path, 4096);
    ix_buf_fmt(&path, "%s/instance", c->o.state_dir);
    name = ix_buf_take(&path);
    if (!name)
        return IRISX_E_NO_MEMORY;
    ix_buf_init(&file, 256);
    err = ix_file_read(name, 256, &file);
    s = ix_str_trim(ix_str_n(file.p, err ? 0 : file.n));
    if (!err && valid(s))
        (void) ix_str_copy(c->instance, sizeof c->instance, s); /* as long as the one that was there */
    else if (err != IRISX_E_NO_MEMORY) /* none, or one that is broken */
        err = ix_file_write_atomic(name, 0600, c->instance, TEXT);
    ix_buf_clear(&file);
    ix_free(name);
    return err;
}
