#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cases of the other scripts that wait for a time limit (timer B, REST, slow senders, DTLS, ICE), all side by side.
usage: patience.py IRISX SANDBOX    (TAP on stdout)"""
import hostile
import rest
import server
import tls
import webhooks
from harness import arguments, check, slow

if __name__ == "__main__":
    arguments("irisx", "sandbox")
    for module in hostile, rest, server, tls, webhooks:
        check(any(fn.__module__ == module.__name__ for _, fn in slow.cases), module.__name__, "has no slow case")
    slow.run(len(slow.cases))
