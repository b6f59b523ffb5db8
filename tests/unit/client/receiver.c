/* SPDX-License-Identifier: MIT */
/* What a receiver takes as options; what it does with deliveries is in tests/integration/webhook. */
#include <stdio.h>
#include <string.h>

#include "kit.h"

TestSuite(receiver, .init = client_up, .fini = client_down);

static irisx_error_t open_with(const char *listen, const char *path, const char *cert, const char *key, char url[64])
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_receiver_t *r = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;

    o.listen = listen;
    o.path = path;
    o.tls_cert_file = cert;
    o.tls_key_file = key;
    err = irisx_receiver_open(client, &o, &r, &op);
    if (!err) {
        cr_assert_str_eq(irisx_receiver_url(r), "", "it does not listen yet");
        err = end_of(op);
        (void) snprintf(url, 64, "%s", irisx_receiver_url(r));
        irisx_receiver_close(r);
        irisx_receiver_close(r);
        irisx_receiver_unref(r);
    } else {
        cr_assert(!r && !op, "nothing is written on failure");
    }
    return err;
}

Test(receiver, it_listens_where_it_is_told_on_loopback_if_it_is_not)
{
    char url[64];

    cr_assert_eq(open_with(NULL, NULL, NULL, NULL, url), IRISX_OK);
    cr_assert_eq(strncmp(url, "http://127.0.0.1:", 17), 0, "%s", url);
    cr_assert_str_eq(url + strlen(url) - 1, "/");
    cr_assert_eq(open_with("localhost:0", "hooks", NULL, NULL, url), IRISX_OK);
    cr_assert_not_null(strstr(url, "/hooks"), "%s", url);
    cr_assert_eq(open_with("127.0.0.1:0", "/a/b/", NULL, NULL, url), IRISX_OK);
    cr_assert_str_eq(url + strlen(url) - 4, "/a/b");
}

Test(receiver, what_no_request_could_reach_is_refused)
{
    static const char *const listens[] = { "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "host.example:80",
        "[::1" };
    static const char *const paths[] = { "/a b", "/a?b", "/a#b", "/\x01", "/\xc3\xa4" };
    char url[64];

    for (size_t i = 0; i < IX_COUNT(listens); i++)
        cr_assert_eq(open_with(listens[i], NULL, NULL, NULL, url), IRISX_E_INVALID, "%s", listens[i]);
    for (size_t i = 0; i < IX_COUNT(paths); i++)
        cr_assert_eq(open_with(NULL, paths[i], NULL, NULL, url), IRISX_E_INVALID, "%s", paths[i]);
    cr_assert_eq(open_with(NULL, NULL, "cert.pem", NULL, url), IRISX_E_INVALID, "a certificate without its key");
    cr_assert_eq(open_with(NULL, NULL, NULL, "key.pem", url), IRISX_E_INVALID);
    cr_assert_eq(open_with(NULL, NULL, "/nonexistent.pem", "/nonexistent.pem", url), IRISX_E_TLS);
}

Test(receiver, secrets_come_and_go_while_it_is_open)
{
    static const char *const many[IX_SECRETS_MAX + 1] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
        "m", "n", "o", "p", "q" };
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_receiver_t *r = NULL;

    o.secrets = many;
    o.secrets_count = IX_SECRETS_MAX + 1;
    cr_assert_eq(irisx_receiver_open(client, &o, &r, NULL), IRISX_E_INVALID);
    o.secrets_count = IX_SECRETS_MAX;
    cr_assert_eq(irisx_receiver_open(client, &o, &r, NULL), IRISX_OK);
    cr_assert_eq(irisx_receiver_add_secret(r, "q"), IRISX_E_LIMIT);
    cr_assert_eq(irisx_receiver_remove_secret(r, "a"), IRISX_OK);
    cr_assert_eq(irisx_receiver_remove_secret(r, "a"), IRISX_E_NOT_FOUND);
    cr_assert_eq(irisx_receiver_add_secret(r, "q"), IRISX_OK);
    cr_assert_eq(irisx_receiver_remove_secret(NULL, "a"), IRISX_E_INVALID);
    client_down();
    cr_assert_eq(irisx_receiver_add_secret(r, "a"), IRISX_E_CLOSED);
    cr_assert_eq(irisx_receiver_remove_secret(r, "q"), IRISX_E_CLOSED);
    irisx_receiver_close(r);
    irisx_receiver_unref(r);
}
