# SPDX-License-Identifier: MIT
"""What the command says about operations and the library's tables do not: summaries, descriptions, defaults, hints.

One JSON text an operation, linked into the `irisx` program alone (src/cli/api_docs.h):
{"summary":..., "description":..., "parameters":{"to":{"description":..., "default":...}}, "result":{"status":{"values":[..]}}}
with members of members as "place.city" and "parts[].kind"; what there is none of is missing.
"""
import json

LINE = 2000


class Docs:
    def __init__(self, model):
        self.rows = [(op.number, op.id, self.text(op)) for op in sorted(model.ops, key=lambda op: op.number)]

    def text(self, op):
        doc = {"summary": op.summary, "description": op.description.strip(),
               "parameters": self.members(op.params, ""), "result": self.members(op.result, "")}
        return json.dumps({k: v for k, v in doc.items() if v}, ensure_ascii=False, separators=(",", ":"))

    def members(self, t, before):
        out = {}
        for f in t.fields:
            place = before + f.name
            said = {"description": f.doc, "default": f.default, "values": f.hints}
            said = {k: v for k, v in said.items() if v not in (None, "", [])}
            if said:
                out[place] = said
            if f.type:
                out.update(self.members(f.type, place + ("[]." if f.kind == "OBJECT_LIST" else ".")))
        return out

    def literals(self, text):
        """C string literals of bounded length; an escape is never cut."""
        line, out = "", []
        for byte in text.encode():
            c = chr(byte)
            line += "\\" + c if c in "\\\"?" else c if 32 <= byte < 127 else "\\%03o" % byte
            if len(line) > LINE:
                out.append(line)
                line = ""
        return out + [line]
