#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs meson suites one after the other and counts test cases.

usage: suites.py ROOT SUITE=BUILDDIR ...

A program that speaks TAP counts each of its cases, any other program counts as one. A skipped case is a failed one:
what cannot run has not passed. Ends with the line "N passed, N failed"; exit status 0 only if something ran and
nothing failed.
"""
import json
import os
import re
import subprocess
import sys
import time

TAIL_LINES = 60
BUDGET_SECONDS = 45 * 60


def introspect(build, what):
    out = subprocess.run(["meson", "introspect", build, "--" + what], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def tests_of(build, suite):
    return [t for t in introspect(build, "tests") if any(s.split(":")[-1] == suite for s in t["suite"])]


def ninja_targets(build, tests):
    """Files the tests need, relative to the build folder, so that only they are built."""
    needed = {d for t in tests for d in t["depends"]}
    files = [f for t in introspect(build, "targets") if t["id"] in needed for f in t["filename"]]
    return sorted({os.path.relpath(f, build) for f in files})


def build_for(build, tests):
    targets = ninja_targets(build, tests)
    return not targets or subprocess.run(["ninja", "-C", build] + targets).returncode == 0


def count_tap(text):
    """(passed, failed, names of what failed) of TAP output; cases announced by the plan and not seen have failed."""
    passed = failed = 0
    bad = []
    plan = None
    for line in text.splitlines():
        m = re.match(r"\s*(not )?ok\b\s*(.*)", line)
        if m:
            good = not m.group(1) and not re.search(r"#\s*skip", line, re.I)
            passed, failed = passed + good, failed + (not good)
            if not good:
                bad.append(m.group(2))
        m = re.match(r"1\.\.(\d+)", line)
        if m:
            plan = int(m.group(1))
    missing = (plan or 0) - passed - failed
    if missing > 0:
        failed += missing
        bad.append("%d announced cases did not run" % missing)
    return passed, failed, bad


def count(result, protocol):
    good = result["result"] in ("OK", "EXPECTEDFAIL")
    if protocol != "tap":
        return (1, 0, []) if good else (0, 1, [result["result"]])
    passed, failed, bad = count_tap(result.get("stdout", ""))
    if not good and failed == 0:
        failed, bad = 1, ["%s, exit status %s" % (result["result"], result.get("returncode"))]
    if passed + failed == 0:
        failed, bad = 1, ["no case ran"]
    return passed, failed, bad


def without_good_cases(text):
    """TAP without the lines of cases that passed: what is left tells of the failure."""
    return [line for line in text.splitlines() if not re.match(r"\s*ok\b|#\s*(Running\b.*)?$", line)]


def show_failure(suite, result, bad):
    print("\nFAILED %s/%s: %s" % (suite, result["name"].split(" / ")[-1], "; ".join(bad[:10])))
    for stream in ("stdout", "stderr"):
        lines = without_good_cases(result.get(stream, ""))
        if lines:
            print("--- last lines of %s" % stream)
            print("\n".join(lines[-TAIL_LINES:]))
    print("---", flush=True)


def run_suite(suite, build):
    """(passed, failed) of one suite."""
    fresh = subprocess.run(["ninja", "-C", build, "build.ninja"], capture_output=True, text=True)
    if fresh.returncode:
        print(fresh.stdout[-4000:] + fresh.stderr)
        return 0, 1
    tests = tests_of(build, suite)
    if not tests:
        print("suite %s: meson knows no test in it" % suite)
        return 0, 1
    if not build_for(build, tests):
        print("suite %s: does not build" % suite)
        return 0, 1
    log = "testlog-" + suite
    path = os.path.join(build, "meson-logs", log + ".json")
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--suite", suite, "--logbase", log,
                    "--num-processes", str(os.cpu_count() or 1)])
    if not os.path.exists(path):
        print("suite %s: meson left no log" % suite)
        return 0, 1
    protocols = {t["name"]: t["protocol"] for t in tests}
    passed = failed = 0
    with open(path) as lines:
        for result in map(json.loads, lines):
            p, f, bad = count(result, protocols.get(result["name"].split(" / ")[-1], "exitcode"))
            passed, failed = passed + p, failed + f
            if f:
                show_failure(suite, result, bad)
    return passed, failed


def main():
    root, plan = sys.argv[1], [a.split("=") for a in sys.argv[2:]]
    started = time.monotonic()
    rows = []
    for suite, build in plan:
        print("== suite %s (%s)" % (suite, build), flush=True)
        at = time.monotonic()
        passed, failed = run_suite(suite, os.path.join(root, build))
        rows.append((suite, passed, failed, time.monotonic() - at))
    total = time.monotonic() - started
    print("\n%-12s %8s %8s %9s" % ("suite", "passed", "failed", "seconds"))
    for row in rows:
        print("%-12s %8d %8d %9.1f" % row)
    print("%-12s %8s %8s %9.1f" % ("all", "", "", total))
    passed, failed = sum(r[1] for r in rows), sum(r[2] for r in rows)
    if total > BUDGET_SECONDS:
        print("over the budget of %d minutes" % (BUDGET_SECONDS // 60))
        failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
