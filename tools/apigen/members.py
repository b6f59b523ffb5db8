# SPDX-License-Identifier: MIT
"""Closes what the list of routes leaves open in an answer, with openapi/members.yaml.

A member whose word there says nothing ("any", "json", "object" ...) gets the type its name has in `types`, or the word
"free:REASON" of `free`. A name that is in neither is an error: nothing is left open without a reason.
"""
import copy
import re

import infer
from ids import snake
from lock import SpecError

OPEN = {"any", "json", "null", "unknown", "object|array", "object", "array", "array<object>", "array<any>", "object(empty)", ""}


class Closed:
    """What was left open, and the shape it has now."""

    def __init__(self, shape, was):
        self.shape, self.was = shape, was


class Members:
    def __init__(self, said, routes):
        self.types, self.routes = said["types"], routes
        self.free = {name: why for why, names in said["free"].items() for name in names}
        self.used = set()

    def close(self, shape, op):
        return self.walk(copy.deepcopy(shape), "", op, ())

    def walk(self, shape, name, op, seen):
        if isinstance(shape, dict):
            return {k: v if k in ("?", "*") else self.walk(v, "key" if k == "{key}" else k, op, seen) for k, v in shape.items()}
        if isinstance(shape, list):
            inner = shape[0] if shape else "any"
            if self.is_open(inner, name):
                found = self.of(name, op, "[]", seen)
                return Closed(found if isinstance(found, list) else [found], shape or ["any"])
            return [self.walk(inner, name, op, seen)]
        if isinstance(shape, str) and shape.startswith("@"):
            return Closed(self.there(shape, op, seen), "any")
        if not self.is_open(shape, name):
            return shape
        found = self.of(name, op, shape, seen)
        listed = shape.startswith("array") and not isinstance(found, list)
        return Closed([self.without_null(found)] if listed else found, shape)

    @staticmethod
    def without_null(found):
        return found.rstrip("?") if isinstance(found, str) else found

    def is_open(self, word, name):
        """Says the word nothing, and the name neither?"""
        if not isinstance(word, str):
            return False
        base = re.sub(r"{.*}$", "", word.rstrip("?"))
        return base in OPEN and not (base == "any" and infer.of_answer(name))

    def of(self, name, op, word, seen):
        """Shape or "free:REASON" of an open member."""
        key = snake(name)
        places = ("%s/%s %s %s" % (op.group, op.method, op.path, key), "%s/%s" % (op.group, key), key)
        for place in places:
            if place in self.types:
                if "/" not in place and key in self.free and word.rstrip("?") != "any":
                    continue  # one name, two meanings: a column of JSON is the free one
                self.used.add(place)
                return self.there(self.types[place], op, seen)
        if key in self.free:
            self.used.add(key)
            return "free:%s?" % self.free[key]
        raise SpecError("%s: nobody knows the type of %s (%s): openapi/members.yaml" % (op.id, name, word))

    def there(self, said, op, seen):
        """What is said, or the shape of another answer: "@METHOD path member.member"."""
        if isinstance(said, list) and isinstance(said[0], str) and said[0].startswith("@"):
            return [self.there(said[0], op, seen)]
        if not isinstance(said, str) or not said.startswith("@"):
            return copy.deepcopy(said)
        if said in seen:
            raise SpecError("%s: %s refers to itself" % (op.id, said))
        method, path, place = said[1:].split()
        good = [s for s in self.routes[method, path]["responses"] if 200 <= s["status"] < 300]
        shape = good[0]["shape"]
        for part in [] if place == "." else place.split("."):
            shape = shape[part]
        return self.walk(copy.deepcopy(shape), place.split(".")[-1], op, seen + (said,))
