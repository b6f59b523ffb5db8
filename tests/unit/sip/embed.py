#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files as a C table, so that unit tests open none. usage: embed.py OUT NAME FILE..."""
import os
import sys


def literal(data):
    return "\n".join("    " + ", ".join("0x%02x" % b for b in data[at:at + 16]) + "," for at in range(0, len(data), 16))


def main(out, table, files):
    parts = ["/* made by tests/unit/sip/embed.py */", '#include "tests/unit/sip/torture.h"', ""]
    rows = []
    for number, path in enumerate(files):
        with open(path, "rb") as file:
            data = file.read()
        parts.append("static const unsigned char %s_%d[] = {\n%s\n};" % (table, number, literal(data)))
        name = os.path.basename(path).rsplit(".", 1)[0]
        rows.append('    { "%s", (const char *) %s_%d, sizeof %s_%d },' % (name, table, number, table, number))
    parts.append("const struct torture %s[] = {\n%s\n};" % (table, "\n".join(rows)))
    parts.append("const size_t %s_count = sizeof %s / sizeof *%s;" % (table, table, table))
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
