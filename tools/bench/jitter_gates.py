#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The gates of the jitter buffer: each trace of tests/traces within its limits, and at each loss level redundancy better
than none and better than a fixed buffer of 100 ms that waits longer. usage: jitter_gates.py PROGRAM FOLDER [--update]

Likeness is in C (ix_similarity against the clean decode), so that it needs nothing but the program; STOI is for
`./dev bench jitter`. --update writes limits.json anew from what is measured now, with room.
"""
import json
import os
import subprocess
import sys

SPEECH = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
LOSSES = ("loss-01", "loss-03", "loss-05", "loss-10", "loss-20")
FIXED = ("--target", "100", "--fixed")
FIGURES = ("concealed_percent", "stretched_percent", "delay_ms")


def run(program, folder, name, *options):
    done = subprocess.run([program, "--speech", SPEECH, *options, os.path.join(folder, name + ".csv")],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("%s: %s" % (name, done.stderr))
    r = json.loads(done.stdout)
    r["stretched_percent"] = r["inserted_percent"] + r["removed_percent"]
    return r


class Gates:
    def __init__(self):
        self.count = self.failed = 0
        self.seen = {}

    def check(self, ok, sentence):
        self.count += 1
        self.failed += not ok
        print("%s %d - %s" % ("ok" if ok else "not ok", self.count, sentence))


def within_limits(gates, program, folder, limits):
    for name, limit in sorted(limits.items()):
        r = gates.seen[name] = run(program, folder, name)
        for figure in FIGURES:
            gates.check(r[figure] <= limit[figure], "%s: %s %.3f, limit %.3f" % (name, figure, r[figure], limit[figure]))
        gates.check(r["likeness"] >= limit["likeness"], "%s: likeness %.3f, at least %.3f"
                    % (name, r["likeness"], limit["likeness"]))


def redundancy_helps(gates, program, folder):
    for name in LOSSES:
        on, off = gates.seen[name], run(program, folder, name, "--fec", "0")
        plain, same = run(program, folder, name, "--fec", "0", *FIXED), run(program, folder, name, *FIXED)
        for other, what in ((off, "no redundancy"), (plain, "a fixed buffer of 100 ms")):
            gates.check(on["concealed_percent"] < other["concealed_percent"], "%s: concealed %.2f %%, %s %.2f %%"
                        % (name, on["concealed_percent"], what, other["concealed_percent"]))
            gates.check(on["likeness"] > other["likeness"], "%s: likeness %.3f, %s %.3f"
                        % (name, on["likeness"], what, other["likeness"]))
        gates.check(on["delay_ms"] < 50, "%s: delay %.1f ms, less than half" % (name, on["delay_ms"]))
        gates.check(on["concealed_percent"] <= same["concealed_percent"] + 0.15,
                    "%s: concealed %.2f %%, a fixed buffer of 100 ms with the same redundancy %.2f %%"
                    % (name, on["concealed_percent"], same["concealed_percent"]))


def update(program, folder):
    names = sorted(n[:-4] for n in os.listdir(folder) if n.endswith(".csv"))
    limits = {}
    for name in names:
        r = run(program, folder, name)
        limits[name] = {"concealed_percent": round(r["concealed_percent"] * 1.15 + 0.1, 2),
                        "stretched_percent": round(r["stretched_percent"] * 1.15 + 0.1, 2),
                        "delay_ms": round(r["delay_ms"] * 1.05 + 2, 1), "likeness": round(r["likeness"] - 0.02, 3)}
    with open(os.path.join(folder, "limits.json"), "w") as f:
        f.write("{\n%s\n}\n" % ",\n".join('  "%s": %s' % (n, json.dumps(v)) for n, v in limits.items()))


def main():
    program, folder = sys.argv[1:3]
    if "--update" in sys.argv[3:]:
        return update(program, folder)
    gates = Gates()
    with open(os.path.join(folder, "limits.json")) as f:
        limits = json.load(f)
    within_limits(gates, program, folder, limits)
    redundancy_helps(gates, program, folder)
    print("1..%d" % gates.count)
    return 1 if gates.failed else 0


if __name__ == "__main__":
    sys.exit(main())
