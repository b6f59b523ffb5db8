/* SPDX-License-Identifier: MIT */
/*
 * A recording HTTP server in a few lines of plain sockets, so that nothing of the library stands between the test and
 * the bytes: keeps the last request as it came, answers what it was told.
 */
#ifndef OPERATIONS_CATCHER_H
#define OPERATIONS_CATCHER_H

#include <stddef.h>

struct caught {
    char *head; /* request line and headers, terminated */
    char *body;
    size_t body_len;
    unsigned count; /* requests since the start */
};
struct answer {
    int status;
    const char *media, *location; /* NULL none */
    const char *body;
    size_t len;
};
struct catcher;
struct catcher *catcher_start(char url[64]);
void catcher_stop(struct catcher *c);
void catcher_set(struct catcher *c, const struct answer *a); /* for requests from now on; borrowed until the next */
struct caught catcher_last(struct catcher *c); /* borrowed until the next request */
/* value of a header of the request, trimmed, owned by the caller; NULL none */
char *catcher_header(const struct caught *k, const char *name);

#endif
