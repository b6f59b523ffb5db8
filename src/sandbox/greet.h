/* SPDX-License-Identifier: MIT */
/* The ready line for people. greet.c */
#ifndef IX_SANDBOX_GREET_H
#define IX_SANDBOX_GREET_H

#include <stddef.h>
#include <stdio.h>

/* ready: what sandbox_ready_line() wrote; ca_file: whom a client has to trust, NULL: no TLS */
int sandbox_greet(const char *ready, size_t len, const char *ca_file, FILE *to);

#endif
