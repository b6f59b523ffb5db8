#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract against the JSON schema that the OpenAPI Initiative publishes for OpenAPI 3.1.

Runs in the virtual environment of tools/requirements.txt (./dev test unit makes it) and starts itself there.
"""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")

try:
    import jsonschema_rs
    import openapi_spec_validator
except ImportError:
    if os.path.exists(PYTHON) and os.path.abspath(sys.prefix) != os.path.join(ROOT, ".venv"):
        os.execv(PYTHON, [PYTHON, os.path.abspath(__file__)])
    print("left out: .venv with tools/requirements.txt is missing (./dev test unit makes it)")
    sys.exit(77)

from contract import SPEC  # noqa: E402


def schema():
    folder = os.path.dirname(openapi_spec_validator.__file__)
    with open(os.path.join(folder, "resources", "schemas", "v3.1", "schema.json"), encoding="utf-8") as f:
        return json.load(f)


def main():
    validator = jsonschema_rs.validator_for(schema())
    found = ["%s: %s" % ("/".join(map(str, e.instance_path)), e.message) for e in validator.iter_errors(SPEC)]
    assert not found, "%d faults, the first ones:\n%s" % (len(found), "\n".join(found[:10]))
    SPEC["paths"]["/v1/sms"]["get"]["parameters"][0]["in"] = "body"  # what was right in OpenAPI 2
    assert list(validator.iter_errors(SPEC)), "a planted fault was not seen"
    print("%d paths are valid OpenAPI 3.1" % len(SPEC["paths"]))


main()
