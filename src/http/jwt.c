/* SPDX-License-Identifier: MIT */
/* What a client needs of a JSON Web Token (RFC 7519): when it was issued and when it expires. */
#include "http/http.h"

#include "json/json.h"

#define MAX_CLAIMS 16384

int ix_jwt_times(struct ix_str token, struct ix_jwt_times *out)
{
    struct ix_str header;
    struct ix_str claims;
    struct ix_buf text;
    irisx_value_t *root = NULL;

    if (!ix_str_cut(&token, '.', &header) || !ix_str_cut(&token, '.', &claims) || claims.n == 0)
        return IRISX_E_PROTOCOL;
    ix_buf_init(&text, MAX_CLAIMS);
    int err = ix_base64_decode(&text, claims);
    if (err == 0)
        err = ix_json_parse(ix_str_n(text.p, text.n), &root, NULL);
    ix_buf_clear(&text);
    if (err != 0)
        return err == IRISX_E_NO_MEMORY ? err : IRISX_E_PROTOCOL;
    int64_t expires = irisx_value_get_int(root, "exp", 0);
    int64_t issued = irisx_value_get_int(root, "iat", 0);
    irisx_value_free(root);
    if (expires <= 0)
        return IRISX_E_PROTOCOL;
    out->expires_s = expires;
    out->issued_s = IX_MAX(issued, 0);
    return 0;
}
