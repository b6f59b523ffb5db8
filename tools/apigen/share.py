# SPDX-License-Identifier: MIT
"""Names for result types: what has the same members in two places is one schema, described once.

A type that lacks some members of another of the same group and name is taken for the same (a list that leaves out what
one object alone has). A name is that of the member the object stands in, with the group before it where that alone says
too little; the lock keeps it.
"""
import shapes
from shapes import key_of, is_object, pascal, singular

# Every object called pagination is one of these (WIRE.md section 7), some of its members missing.
PAGINATIONS = {
    "PagePagination": {"page", "limit", "total", "pages"},
    "OffsetPagination": {"total", "limit", "offset", "has_more"},
    "TotalPagesPagination": {"page", "limit", "total", "total_pages"},
    "CamelPagesPagination": {"page", "limit", "total", "totalPages"},
    "CamelOffsetPagination": {"total", "limit", "offset", "hasMore"},
}
PAGE_KEY = {n: tuple(sorted((m, "boolean" if "ore" in m else "integer") for m in members)) for n, members in PAGINATIONS.items()}
MIN_MEMBERS = 4  # of two types that are taken for one though they differ


class Place:
    """One object in one answer."""

    def __init__(self, holder, key, schema, group, op_id, word):
        self.holder, self.key, self.schema, self.group, self.op_id, self.word = holder, key, schema, group, op_id, word


def places(contract):
    for (method, path), op in contract.ops.items():
        if op.get("x-irisx-source") == "observed":
            continue
        for status, response in op["responses"].items():
            content = response.get("content", {}).get("application/json")
            if content and status.startswith("2"):
                yield from walk(content, "schema", op["tags"][0], op["operationId"], "", op.get("x-irisx-unwrap"))


def walk(holder, key, group, op_id, word, unwrap=None):
    """Innermost first, so that what is inside is a name when the outer ones are compared."""
    schema = holder[key]
    if "$ref" in schema or shapes.WAS in schema:  # what members.yaml closes stays where it is: the model finds what is alike
        return
    if is_object(schema):
        for name in list(schema["properties"]):
            yield from walk(schema["properties"], name, group, op_id, name)
        if unwrap:
            return  # the envelope is no type of its own
        yield Place(holder, key, schema, group, op_id, word)
    elif schema.get("type") == "array" or shapes.as_list(schema.get("type"))[0] == "array":
        if "items" in schema:
            yield from walk(schema, "items", group, op_id, singular(shapes.snake(word)))


def pagination(schema):
    """Which of the pagination objects it is, or None; if one, its members become whole numbers."""
    names = set(schema["properties"])
    kind = next((n for n, members in PAGINATIONS.items() if names <= members), None) if len(names) > 1 else None
    for name in names if kind else ():
        schema["properties"][name] = {"type": "boolean"} if "ore" in name else {"type": "integer"}
    return kind


def named(contract, hand):
    """(schemas of several groups, group -> schemas); the places refer to them from now on."""
    pool = {}
    for place in list(places(contract)):
        place.page = pagination(place.schema)
        pool.setdefault(PAGE_KEY[place.page] if place.page else key_of(place.schema), []).append(place)
    absorb(pool)
    names = {}
    taken = {n: None for n in hand}
    by_key = {key_of(s): n for n, s in hand.items() if is_object(s)}
    common, local = {}, {}
    for key, same in pool.items():
        if same[0].page:
            names[key] = same[0].page
            taken[names[key]] = key
        elif key in by_key:
            names[key] = by_key[key]
        elif len(same) > 1 and (len(same[0].schema["properties"]) > 1 or len(same) > MIN_MEMBERS):
            names[key] = choose(contract, same, taken)
            taken[names[key]] = key
    for key, same in pool.items():
        schema = same[0].schema
        for place in same[1:]:
            shapes.merge(schema, place.schema)
        if key not in names:
            continue
        if names[key] not in hand:
            groups = {p.group for p in same}
            target = common if len(groups) > 1 else local.setdefault(same[0].group, {})
            target[names[key]] = dict(schema, type="object")
        for place in same:
            replace(place, names[key])
    forget([common, local, list(contract.ops.values())])
    return dict(sorted(common.items())), {g: dict(sorted(v.items())) for g, v in local.items()}


def forget(node):
    """What was needed to compare types."""
    for sub in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(sub, dict):
            sub.pop(shapes.WAS, None)
        forget(sub)


def replace(place, name):
    ref = {"$ref": "#/components/schemas/" + name}
    null = "null" in shapes.as_list(place.schema.get("type"))
    place.holder[place.key] = {"oneOf": [ref, {"type": "null"}]} if null else ref


def absorb(pool):
    """Smaller types join the larger of the same group and word."""
    at_home = {}
    for key in sorted(pool, key=len, reverse=True):
        for home in {(p.group, noun(p)) for p in pool[key]}:
            at_home.setdefault(home, []).append(key)
    for small in sorted(pool, key=len):
        larger = [k for p in pool[small] for k in at_home[p.group, noun(p)] if len(small) * 2 >= len(k) > len(small)]
        for large in sorted(set(larger), key=lambda k: (-len(k), str(k))) if len(small) >= MIN_MEMBERS else []:
            if large in pool and set(small) <= set(large):
                pool[large] += pool.pop(small)
                break


def noun(place):
    word = singular(shapes.snake(place.word))
    if word in shapes.GENERIC or not word:
        parts = place.op_id.split(".")
        word = singular(parts[-2] if len(parts) > 1 else parts[0])
    return word


def choose(contract, same, taken):
    words = [noun(p) for p in same]
    word = max(sorted(set(words)), key=words.count)
    stems = [word]
    heads = {head(p.op_id) for p in same}
    if len(heads) == 1 or len({p.group for p in same}) == 1:
        group = heads.pop() if len(heads) == 1 else same[0].group.replace("-", "_")
        own = singular(group)
        first = own if own.endswith(word) else (word if word.startswith(own) else own + "_" + word)
        stems = [first, first + "_record" if first.endswith("_list") else own + "_" + outer(same[0]) + "_" + word]
    stems.append("_".join(p for p in same[0].op_id.split(".")[:-1]) + "_" + word)
    stems.append(same[0].op_id.replace(".", "_") + "_" + word)
    for stem in stems + ["%s_%d" % (stems[0], n) for n in range(2, 99)]:
        name = pascal("_".join(dedupe(stem.split("_"))))
        name = contract.overlay["types"].get(name, {"is": name})["is"]
        if not {name.lower(), name.lower() + "list", name.lower().removesuffix("list")} & {t.lower() for t in taken}:
            return name  # X_list_t is the C type of a list of X
    raise ValueError("no name for %s" % word)


def head(op_id):
    """What the ids of a group begin with."""
    parts = op_id.split(".")
    return "_".join(parts[:2]) if parts[0] == "admin" and len(parts) > 2 else parts[0]


def outer(place):
    parts = place.op_id.split(".")
    return singular(parts[-2]) if len(parts) > 2 else parts[-1]


def dedupe(parts):
    return [p for i, p in enumerate(parts) if i == 0 or p != parts[i - 1]]
