/* SPDX-License-Identifier: MIT */
/* Faults in what we send (--fault): made on the finished message, so that the cores below stay honest. */
#include <string.h>

#include "sandbox/internal.h"

#define FINGERPRINT "a=fingerprint:"
#define RENAMED "a=x-concealed:" /* as long: Content-Length stays right; an attribute nobody knows */

static char *find(char *data, size_t n, const char *what)
{
    return n ? memmem(data, n, what, strlen(what)) : NULL;
}

bool sandbox_fault_swallows(const struct sandbox_faults *f, const void *data, size_t n)
{
    struct ix_str head = ix_str_n(data, n), line;

    if (!f->no_answer || !ix_str_starts(head, IX_STR("SIP/2.0 ")))
        return false;
    while (ix_str_cut(&head, '\n', &line) && ix_str_trim(line).n) {
        if (ix_str_istarts(line, IX_STR("CSeq:")))
            return find((char *) line.p, line.n, "INVITE") != NULL; /* only looked at */
    }
    return false;
}

/* another digit, so that no certificate has this digest */
static void falsify(char *line, size_t n)
{
    char *digit = find(line, n, " ");

    if (digit && digit + 1 < line + n)
        digit[1] = digit[1] == '0' ? '1' : '0';
}

void sandbox_fault_describe(const struct sandbox_faults *f, char *data, size_t n)
{
    char *end = data + n, *at = data;

    if (!f->bad_fingerprint && !f->no_fingerprint)
        return;
    while ((at = find(at, (size_t) (end - at), FINGERPRINT)) != NULL) {
        if (f->no_fingerprint)
            memcpy(at, RENAMED, sizeof RENAMED - 1);
        else
            falsify(at, (size_t) (end - at));
        at += sizeof FINGERPRINT - 1;
    }
}
