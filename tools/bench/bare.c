/* SPDX-License-Identifier: MIT */
/*
 * The yardstick of the memory benchmark: a program that is linked to the libraries a client stands on and initialises
 * those that an idle client has initialised, as the client does, no more: a yardstick with a CA store, a database and a
 * resampler of its own made the client look smaller than nothing.
 * Prints "ready" and waits for the end of its input, so that its memory can be read from outside.
 */
#include <curl/curl.h>
#include <jansson.h>
#include <libwebsockets.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <opus/opus.h>
#include <speex/speex_resampler.h>
#include <sqlite3.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static void check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bare: %s failed\n", what);
        exit(1);
    }
}

static struct lws_context *websockets(uv_loop_t *loop)
{
    void *loops[1] = { loop };
    /* explicit vhosts, as src/io/lws.c: the default one would load the system's CA store, more than a megabyte */
    struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = loops,
        .fd_limit_per_thread = 64 };

    lws_set_log_level(0, NULL);
    return lws_create_context(&info);
}

static void key(mbedtls_ecp_keypair *pair)
{
    static mbedtls_entropy_context entropy;
    static mbedtls_ctr_drbg_context drbg;

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ecp_keypair_init(pair);
    check(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0) == 0, "mbedtls seed");
    check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, pair, mbedtls_ctr_drbg_random, &drbg) == 0, "mbedtls key");
}

int main(void)
{
    static uv_loop_t call_loop, service_loop;
    static mbedtls_ecp_keypair pair;
    json_t *value = json_object();

    check(uv_loop_init(&call_loop) == 0 && uv_loop_init(&service_loop) == 0, "libuv");
    check(curl_global_init(CURL_GLOBAL_DEFAULT) == 0, "libcurl");
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    check(multi != NULL && easy != NULL, "libcurl");
    check(websockets(&call_loop) != NULL, "libwebsockets");
    check(srtp_init() == srtp_err_status_ok, "libsrtp2");
    /* linked only: an idle client has opened no database and no codec */
    check(sqlite3_libversion_number() > 0 && speex_resampler_strerror(0) != NULL && opus_get_version_string() != NULL &&
              value != NULL,
        "libraries");
    key(&pair);
    printf("ready\n");
    (void) fflush(stdout);
    (void) getchar();
    return 0;
}
