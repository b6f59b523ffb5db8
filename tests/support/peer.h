/* SPDX-License-Identifier: MIT */
/* A TCP peer on a thread of its own that plays a script on each connection: servers that misbehave. */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <stddef.h>
#include <stdint.h>

struct peer;
typedef void (*peer_script_fn)(int fd, void *arg);
struct peer *peer_start(peer_script_fn script, void *arg); /* listens on 127.0.0.1; ends the test when it cannot */
uint16_t peer_port(const struct peer *p);
unsigned peer_connections(struct peer *p); /* so far */
void peer_stop(struct peer *p); /* waits for the script at hand */

/* for scripts and tests; all give up after 10 s */
int tcp_connect(uint16_t port); /* 127.0.0.1 */
size_t tcp_read(int fd, void *out, size_t cap); /* something, or 0 at the end */
size_t tcp_read_all(int fd, char *out, size_t cap); /* until the end; NUL-terminated */
size_t tcp_read_head(int fd, char *out, size_t cap); /* until the empty line; NUL-terminated */
void tcp_read_exact(int fd, void *out, size_t n); /* zero-fills what does not come */
void tcp_write(int fd, const void *p, size_t n);
void tcp_text(int fd, const char *text);
void tcp_reset(int fd); /* the next close() sends RST */
void tcp_wait_end(int fd); /* reads until the other side is gone */

#endif
