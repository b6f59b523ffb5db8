#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the sound of calls costs: media engine, RTP and SRTP of N calls against bare libopus and libsrtp doing the same
packets in the same run (CPU by getrusage, virtual time, without sockets and signalling), at the shipped complexity and
at 1; what a muted and a quiet call cost of a talking one; heap of a call; allocations of our code per packet."""
import json
import os
import subprocess

import lib

SHIPPED = 255
CALLS = ((1, 30, 1.3), (10, 8, 1.15), (50, 4, 1.08), (100, 3, 1.08))


def cost(program, calls, seconds, mode, complexity=SHIPPED):
    lib.say("%s, %d calls, %d s, complexity %s" % (mode, calls, seconds, "shipped" if complexity == SHIPPED else complexity))
    done = subprocess.run([program, str(calls), str(seconds), mode, str(complexity)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or "media_cost ended with %d" % done.returncode)
    return json.loads(done.stdout)


def main():
    args = lib.arguments(__doc__)
    subprocess.run(["ninja", "-C", args.build, "tools/bench/media_cost"], check=True, stdout=subprocess.DEVNULL)
    program = os.path.join(args.build, "tools", "bench", "media_cost")
    bench = lib.Bench("media")
    talking = None
    for calls, seconds, limit in CALLS:
        r = cost(program, calls, seconds, "opus")
        talking = r if calls == 50 else talking
        bench.row("engine_vs_floor_opus_%d" % calls, r["ours_us"] / r["floor_us"], "x", limit)
    for calls, seconds, limit in CALLS:
        r = cost(program, calls, 2 * seconds, "opus", 1)
        bench.row("engine_vs_floor_opus_%d_complexity_1" % calls, r["ours_us"] / r["floor_us"], "x", limit)
    g711 = cost(program, 50, 10, "g711")
    bench.row("engine_vs_floor_g711_50", g711["ours_us"] / g711["floor_us"], "x", 2.5)
    bench.row("muted_vs_talking_cpu", cost(program, 50, 10, "muted")["ours_us"] / talking["ours_us"], "x", 0.25)
    bench.row("quiet_vs_talking_cpu", cost(program, 50, 10, "quiet")["ours_us"] / talking["ours_us"], "x", 0.4)
    bench.row("kb_per_call", talking["kb_per_call"], "kB")
    bench.row("media_path_allocations", talking["allocations"] + g711["allocations"], "", 0)
    bench.finish(args.json)


if __name__ == "__main__":
    main()
