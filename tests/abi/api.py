#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The REST API costs an application little: few symbols, whatever the number of operations, and no header it did not ask for.

usage: api.py EXPORTS INCLUDE...
"""
import os
import re
import subprocess
import sys

LIMIT = 30


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        names = [n.strip() for n in f if re.match(r"irisx_(api_|pager_|null_text)", n)]
    assert 10 < len(names) <= LIMIT, "%d symbols of the REST API, at most %d: %s" % (len(names), LIMIT, names)
    flags = [a for d in sys.argv[2:] for a in ("-I", d)]
    unit = "#include <irisx/irisx.h>\n"
    seen = subprocess.run(["cc", *flags, "-M", "-x", "c", "-"], input=unit, capture_output=True, text=True, check=True).stdout
    assert "irisx/client.h" in seen, seen
    generated = re.findall(r"\S*irisx/api/\S+", seen)
    assert not generated, "irisx.h includes %s" % generated
    print("%d symbols: %s" % (len(names), " ".join(names)))


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()
