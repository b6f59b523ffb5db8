/* SPDX-License-Identifier: MIT */
/* Has an answer the shape the contract says? Lines "operation JSON" come in, "ok" or the issues go out. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "json/json.h"

static void judge(struct ix_str line, struct ix_buf *out)
{
    struct ix_api_issues issues;
    const struct ix_api_op *op = NULL;
    irisx_value_t *value = NULL;
    struct ix_str name;
    char id[64];

    if (ix_str_cut(&line, ' ', &name) && !ix_str_copy(id, sizeof id, name))
        op = ix_api_find(id);
    if (!op)
        ix_buf_str(out, "no such operation");
    else if (ix_json_parse(line, &value, NULL))
        ix_buf_str(out, "not JSON");
    else if (ix_api_validate_result(op, value, &issues))
        ix_buf_str(out, "ok");
    else
        ix_api_issues_detail(&issues, out);
    irisx_value_free(value);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct ix_buf out;

        ix_buf_init(&out, 1 << 16);
        judge(ix_str_n(line, (size_t) n - (line[n - 1] == '\n')), &out);
        (void) fwrite(out.p, 1, out.n, stdout);
        (void) fputc('\n', stdout);
        (void) fflush(stdout);
        ix_buf_clear(&out);
    }
    free(line);
    return 0;
}
