#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract has every route of the platform and no other, under the names and classes its rules give.

Compared with openapi/routes.txt always, with the list of routes itself where it can be reached (../shared/contract or
$IRISX_CONTRACT): then the files are also what tools/apigen/convert.py makes of it.
"""
import re
import unittest

from contract import FILE, digest, operations, routes


def erased(path):
    return re.sub(r"{[^}]*}", "{}", path)


def described():
    """(method, path without names of parameters) -> availability, aliases among them"""
    out = {}
    for path, method, op in operations():
        for p in [path] + op.get("x-irisx-aliases", []):
            out[method.upper(), erased(p)] = op["x-irisx-availability"]
    return out


class Routes(unittest.TestCase):
    def test_every_route_is_described_and_none_invented(self):
        # the one route that takes every method is described as POST
        theirs = {("POST" if m == "ALL" else m, erased(p)): a for (m, p), a in digest().items()}
        ours = described()
        self.assertEqual(sorted(set(theirs) - set(ours)), [], "missing")
        self.assertEqual(sorted(set(ours) - set(theirs)), [], "invented")
        self.assertEqual({k: v for k, v in ours.items() if v != theirs[k]}, {})
        self.assertEqual(len(ours), 1657)
        self.assertEqual(sum(1 for a in ours.values() if a == "mounted"), 1385)

    def test_the_files_are_what_the_list_of_routes_makes(self):
        found = routes()
        if found is None:
            raise unittest.SkipTest("the list of routes cannot be reached from here")
        import convert
        for name, text in convert.make(FILE, found).items():
            with open(name, encoding="utf-8") as f:
                self.assertEqual(f.read(), text, "%s: run tools/apigen/convert.py" % name)


if __name__ == "__main__":
    unittest.main(verbosity=1)
