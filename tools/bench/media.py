#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the sound of calls costs. Over real sockets, as an application makes calls (media_calls against the undecoded echo of
a local platform): CPU by getrusage of our process divided by bare libopus encode + decode and libsrtp protect + unprotect of
the same number of calls in the same run, every 20 ms as calls are (a processor that slept has cold caches), heap of a call, frames off their grid by the receiver's kernel timestamps, mouth to
ear, held, muted and quiet calls. And the engine alone in virtual time (engine_*, media_cost), which repeats better."""
import array
import json
import os
import random
import re
import statistics
import subprocess
import tempfile
import wave

import lib

SHIPPED = 255
CALLS = ((1, 10, 1.3), (10, 8, 1.15), (50, 8, 1.08), (100, 8, 1.08))
SPEECH = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
RATE = 16000


def cost(program, calls, seconds, mode, complexity=SHIPPED):
    lib.say("%s, %d calls, %d s, complexity %s" % (mode, calls, seconds, "shipped" if complexity == SHIPPED else complexity))
    done = subprocess.run([program, str(calls), str(seconds), mode, str(complexity)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or "media_cost ended with %d" % done.returncode)
    return json.loads(done.stdout)


def wav(path, samples):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(array.array("h", samples).tobytes())
    return path


def talk(path):
    """Speech at the rate of the mix, so that files cost what a microphone would"""
    with wave.open(SPEECH) as w:
        narrow = array.array("h", w.readframes(w.getnframes()))
    wide = array.array("h")
    for a, b in zip(narrow, narrow[1:]):
        wide.extend((a, (a + b) // 2))
    return wav(path, wide)


def room(path):
    """A microphone into which nobody speaks"""
    noise = random.Random(1)
    return wav(path, (noise.randint(-20, 20) for _ in range(10 * RATE)))


class Platform(lib.Sandbox):
    """With the undecoded echo; what it logged of the frames is read at the end"""

    def __init__(self, build):
        self.log = tempfile.TemporaryFile("w+")
        super().__init__(build, "--echo-raw", "--log", "info", stderr=self.log)

    def frames(self):
        """(all, off their grid) since the last time"""
        self.log.seek(0)
        found = re.findall(r"(\d+) frames, (\d+) of them", self.log.read())
        self.log.seek(0)
        self.log.truncate()
        return sum(int(n) for n, _ in found), sum(int(n) for _, n in found)


class Calls:
    def __init__(self, build, platform):
        self.program, self.platform = os.path.join(build, "tools", "bench", "media_calls"), platform

    def run(self, calls, seconds, mode, sound, complexity=0, **env):
        lib.say("over sockets: %s, %d calls, %d s, complexity %s" % (mode, calls, seconds, complexity or "shipped"))
        info = self.platform.info
        agent = info["agents"][0]
        done = subprocess.run([self.program, info["ws_url"], info["realm"], agent["extension"], str(calls), str(seconds), mode,
                               str(complexity), sound], capture_output=True, text=True,
                              env={**os.environ, "IRISX_PASSWORD": agent["password"], **env})
        if done.returncode:
            raise SystemExit(done.stderr.strip() or "media_calls ended with %d" % done.returncode)
        return json.loads(done.stdout)


def over_sockets(bench, build, program, folder):
    speech, quiet = talk(os.path.join(folder, "talk.wav")), room(os.path.join(folder, "room.wav"))
    with Platform(build) as platform:
        sockets = Calls(build, platform)
        talking = None
        for complexity in 0, 1:
            for calls, seconds, limit in CALLS:
                r = sockets.run(calls, seconds, "talking", speech, complexity)
                floor = cost(program, calls, 6, "floor-opus", complexity or SHIPPED)["floor_us"]
                if complexity == 0 and calls == 50:
                    talking = r
                if complexity == 0 and calls == 100:
                    late(bench, platform, "late_frames_pct_100_calls")
                bench.row("cpu_vs_floor_opus_%d%s" % (calls, "_complexity_1" if complexity else ""), r["us_per_tick"] / floor, "x",
                          limit)
                platform.frames()
        floor = cost(program, 50, 6, "floor-g711")["floor_us"]
        bench.row("cpu_vs_floor_g711_50", sockets.run(50, 8, "g711", speech)["us_per_tick"] / floor, "x", 2.5)
        platform.frames()
        sockets.run(100, 5, "talking", speech, BENCH_PLAIN="1")
        late(bench, platform, "late_frames_pct_100_calls_no_realtime")
        bench.row("kb_per_call", talking["kb_per_call"], "kB", 160)
        delays = sockets.run(1, 30, "delay", speech)["delays_ms"]
        bench.row("mouth_to_ear_ms_p50", statistics.median(delays), "ms", 60)
        bench.row("held_vs_talking_cpu", sockets.run(50, 6, "held", speech)["us_per_tick"] / talking["us_per_tick"], "x", 0.25)
        bench.row("muted_vs_talking_cpu", sockets.run(50, 6, "muted", speech)["us_per_tick"] / talking["us_per_tick"], "x", 0.25)
        bench.row("quiet_vs_talking_cpu", sockets.run(50, 6, "talking", quiet)["us_per_tick"] / talking["us_per_tick"], "x", 0.4)


def late(bench, platform, name):
    frames, off = platform.frames()
    bench.row(name, 100.0 * off / max(frames, 1), "%", 0.1)


def engine_alone(bench, program):
    talking = None
    for calls, seconds, limit in ((1, 20, 1.3), (50, 4, 1.08)):
        r = cost(program, calls, seconds, "opus")
        talking = r if calls == 50 else talking
        bench.row("engine_vs_floor_opus_%d" % calls, r["ours_us"] / r["floor_us"], "x", limit)
    g711 = cost(program, 50, 10, "g711")
    bench.row("engine_vs_floor_g711_50", g711["ours_us"] / g711["floor_us"], "x", 2.5)
    bench.row("engine_muted_vs_talking", cost(program, 50, 10, "muted")["ours_us"] / talking["ours_us"], "x", 0.25)
    bench.row("engine_quiet_vs_talking", cost(program, 50, 10, "quiet")["ours_us"] / talking["ours_us"], "x", 0.4)
    bench.row("engine_kb_per_call", talking["kb_per_call"], "kB")
    bench.row("media_path_allocations", talking["allocations"] + g711["allocations"], "", 0)


def main():
    args = lib.arguments(__doc__)
    subprocess.run(["ninja", "-C", args.build, "tools/bench/media_cost", "tools/bench/media_calls"], check=True,
                   stdout=subprocess.DEVNULL)
    program = os.path.join(args.build, "tools", "bench", "media_cost")
    bench = lib.Bench("media")
    with tempfile.TemporaryDirectory() as folder:
        over_sockets(bench, args.build, program, folder)
    engine_alone(bench, program)
    bench.finish(args.json)


if __name__ == "__main__":
    main()
