#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold, swap and transfer against the local platform. usage: control.py BUILD_DIR PROGRAM    (TAP on stdout)"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import lib  # noqa: E402

if __name__ == "__main__":
    with lib.Sandbox(os.path.abspath(sys.argv[1])) as sandbox:
        agent = sandbox.info["agents"][0]
        sys.exit(subprocess.run([sys.argv[2], sandbox.info["ws_url"], agent["extension"]], timeout=100,
                                env=dict(os.environ, IRISX_PASSWORD=agent["password"])).returncode)
