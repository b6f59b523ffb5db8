# SPDX-License-Identifier: MIT
"""YAML as a person would lay it out: what fits on a line stays on it, the rest is indented; the same text every time."""
import json
import re

WIDTH = 120
PLAIN = re.compile(r"^[A-Za-z_$/.(<+][A-Za-z0-9_$/.()<>+='’@%& -]*$")
AMBIGUOUS = re.compile(r"^(y|n|yes|no|on|off|true|false|null|~|=|<<|\.inf|\.nan)$", re.I)
NUMERIC = re.compile(r"^[+.]?[0-9.][0-9_.eExXa-fA-F:+-]*$")


def scalar(v, flow=False):
    if v is None:
        return "null"
    if v is True or v is False:
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return repr(v)
    if PLAIN.match(v) and not AMBIGUOUS.match(v) and not NUMERIC.match(v) and not v.endswith((" ", ":")) and \
            " #" not in v and ": " not in v:
        return v
    if not flow and re.match(r"^[A-Za-z(][^\n]*$", v) and not AMBIGUOUS.match(v) and ": " not in v and " #" not in v \
            and not v.endswith((" ", ":")) and all(31 < ord(c) < 127 for c in v):
        return v
    if "\\" in v and "'" not in v and "\n" not in v:
        return "'%s'" % v
    return json.dumps(v, ensure_ascii=True)


def line(v):
    """In flow style, on one line."""
    if isinstance(v, dict):
        return "{%s}" % ", ".join("%s: %s" % (scalar(str(k), True), line(x)) for k, x in v.items())
    if isinstance(v, list):
        return "[%s]" % ", ".join(line(x) for x in v)
    return scalar(v, True)


def depth(v):
    if isinstance(v, dict):
        return 1 + max(map(depth, v.values()), default=0)
    if isinstance(v, list):
        return 1 + max(map(depth, v), default=0)
    return 0


def text_block(v, indent):
    """A text of several lines."""
    pad = " " * indent
    return "|\n" + "\n".join((pad + x).rstrip() for x in v.rstrip("\n").split("\n"))


def dump(v, indent=0, key_width=0, block=0):
    """Text of v at that indentation; `block` levels are never put on one line."""
    pad = " " * indent
    if isinstance(v, (dict, list)) and block <= 0 and depth(v) <= 4:
        one = line(v)
        if indent + key_width + len(one) <= WIDTH:
            return one
    if isinstance(v, dict) and v:
        out = []
        for k, x in v.items():
            key = scalar(str(k), True)
            body = dump(x, indent + 2, len(key), block - 1)
            if isinstance(x, (dict, list)) and x and not body.startswith(("{", "[")):
                out.append("%s%s:\n%s" % (pad, key, body))
            else:
                out.append("%s%s: %s" % (pad, key, body))
        return "\n".join(out)
    if isinstance(v, list) and v:
        out = []
        for x in v:
            body = dump(x, indent + 2, 2, block - 1)
            if isinstance(x, (dict, list)) and x and not body.startswith(("{", "[")):
                out.append(pad + "- " + body[indent + 2:])
            else:
                out.append(pad + "- " + body)
        return "\n".join(out)
    if isinstance(v, str) and "\n" in v.strip("\n"):
        return text_block(v, indent)
    return line(v) if isinstance(v, (dict, list)) else scalar(v)
