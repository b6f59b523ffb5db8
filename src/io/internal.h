/* SPDX-License-Identifier: MIT */
/* io: what its own source files share. */
#ifndef IX_IO_INTERNAL_H
#define IX_IO_INTERNAL_H

#include <sys/socket.h>

#include "io/io.h"

#define IX_AREA "io"

/* Something that hangs on a loop because all objects of a kind share it; made by the first of them. */
enum ix_loop_part_kind { IX_PART_UDP = 0, IX_PART_LWS = 1, IX_PART_COUNT = 2 };
struct ix_loop_part {
    void *state; /* NULL: not made yet */
    void (*flush)(void *state); /* end of each turn, after the drain; may be NULL */
    void (*close)(void *state); /* the loop goes away: start closing handles; may be NULL */
    void (*ended)(void *state); /* no handle is left on the loop; frees state */
};
struct ix_loop_part *ix_loop_part(struct ix_loop *loop, enum ix_loop_part_kind kind);
const struct ix_log *ix_loop_log(const struct ix_loop *loop);
/* objects that their owner has to free before the loop can go */
void ix_loop_own(struct ix_loop *loop);
void ix_loop_disown(struct ix_loop *loop);

/* SIGPIPE kept away from the caller's process while a library writes to sockets without MSG_NOSIGNAL */
struct ix_sigpipe {
    bool was_blocked, was_pending;
};
void ix_sigpipe_block(struct ix_sigpipe *s);
void ix_sigpipe_restore(const struct ix_sigpipe *s);

int ix_err_of_errno(int e); /* IRISX_E_* of an errno value */
int ix_err_of_uv(int e); /* of a negative libuv code */
/* "connection refused by 127.0.0.1:8066" and the like, for people */
void ix_connect_sentence(int e, const struct ix_addr *to, char *out, size_t cap);

socklen_t ix_sockaddr_of(const struct ix_addr *a, struct sockaddr_storage *out); /* 0: no family */
bool ix_sockaddr_read(const struct sockaddr *sa, struct ix_addr *out); /* false: neither IPv4 nor IPv6 */

#endif
