/* SPDX-License-Identifier: MIT */
/* An HTTP server on a thread of its own that answers as scripted and keeps what it was asked. */
#ifndef TEST_RECORDER_H
#define TEST_RECORDER_H

#include "io/io.h"

#define RECORDER_MAX 512

struct recorded {
    char line[256]; /* "GET /v1/calls?limit=2" */
    char body[512];
    char authorization[512]; /* "" none */
    char api_key[128];
    char content_type[64];
};
struct scripted { /* in the order in which they are asked; the last one of a line is repeated */
    const char *line; /* begins so */
    int status; /* 0: the connection is dropped without an answer; -1: no answer ever */
    const char *body;
    const char *headers; /* NULL none */
    const char *content_type; /* NULL: application/json */
    const char *bearer; /* only for requests with this token; NULL: for all */
};
struct recorder;
/* what is not scripted: 404 in the platform's words (E7). `script` ends with line NULL and must outlive the recorder */
struct recorder *recorder_start(const struct scripted *script);
void recorder_stop(struct recorder *r);
const char *recorder_url(const struct recorder *r);
size_t recorder_count(struct recorder *r, const char *line); /* requests that began so */
struct recorded recorder_last(struct recorder *r, const char *line); /* zeroed if there was none */

#endif
