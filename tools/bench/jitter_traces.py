#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the packet-arrival traces of tests/traces: what networks do to 20 ms packets, from a seed. usage:
jitter_traces.py [--seconds N] [--seed N] FOLDER

A trace is CSV with the header seq,send_us,arrival_us; an empty arrival_us is a packet that was lost.
"""
import argparse
import os
import random

FRAME = 20000
PATH = 30000  # microseconds on the way, at least


def no_loss(_):
    return lambda: False


def bernoulli(share):
    return lambda rng: lambda: rng.random() < share


def gilbert_elliott(share, mean_burst):
    """Loss in bursts: in the bad state everything is lost."""
    leave = 1 / mean_burst
    enter = leave * share / (1 - share)

    def start(rng):
        bad = False

        def step():
            nonlocal bad
            bad = rng.random() >= leave if bad else rng.random() < enter
            return bad
        return step
    return start


def still(rng):
    return lambda t: rng.random() * 1000


def uniform(ms):
    return lambda rng: lambda t: rng.random() * ms * 1000


def heavy(median_ms, sigma):
    """Log-normal: mostly little, now and then very much."""
    return lambda rng: lambda t: min(median_ms * 1000 * rng.lognormvariate(0, sigma), 400000)


def spikes(every_s, ms):
    """A queue fills at once and drains slower than it filled."""
    def start(rng):
        queue, next_at = 0.0, rng.expovariate(1 / every_s) * 1e6

        def step(t):
            nonlocal queue, next_at
            if t >= next_at:
                queue = ms * 1000 * (0.6 + 0.8 * rng.random())
                next_at = t + rng.expovariate(1 / every_s) * 1e6
            queue = max(queue - FRAME * 1.0, 0)
            return queue + rng.random() * 3000
        return step
    return start


def pauses(every_s, low_ms, high_ms):
    """Wi-Fi that scans: nothing for a while, then everything at once."""
    def start(rng):
        until, next_at = 0.0, rng.expovariate(1 / every_s) * 1e6

        def step(t):
            nonlocal until, next_at
            if t >= next_at:
                until = t + rng.uniform(low_ms, high_ms) * 1000
                next_at = until + rng.expovariate(1 / every_s) * 1e6
            return max(until - t, 0) + rng.random() * 4000
        return step
    return start


def walk(step_ms, most_ms):
    """A queue that others share: delay wanders."""
    def start(rng):
        level = 0.0

        def step(_):
            nonlocal level
            level = min(max(level + rng.gauss(0, step_ms * 1000), 0), most_ms * 1000)
            return level + rng.random() * 2000
        return step
    return start


# name: (loss, jitter, ppm of the sender's clock, keeps the order)
TRACES = {
    "clean": (no_loss, still, 0, True),
    "loss-01": (bernoulli(0.01), still, 0, True),
    "loss-03": (bernoulli(0.03), still, 0, True),
    "loss-05": (bernoulli(0.05), still, 0, True),
    "loss-10": (bernoulli(0.10), still, 0, True),
    "loss-20": (bernoulli(0.20), still, 0, True),
    "burst-05": (gilbert_elliott(0.05, 3), still, 0, True),
    "burst-10": (gilbert_elliott(0.10, 2), uniform(15), 0, True),
    "uniform-20": (no_loss, uniform(20), 0, True),
    "uniform-50": (no_loss, uniform(50), 0, False),
    "uniform-100": (no_loss, uniform(100), 0, True),
    "heavy": (no_loss, heavy(8, 0.9), 0, True),
    "heavier": (bernoulli(0.01), heavy(12, 1.1), 0, True),
    "spikes": (no_loss, spikes(6, 180), 0, True),
    "drift-fast": (no_loss, uniform(5), -200, True),
    "drift-slow": (no_loss, uniform(5), 200, True),
    "wifi": (no_loss, pauses(2, 30, 150), 0, True),
    "wifi-rare": (bernoulli(0.005), pauses(8, 60, 250), 0, True),
    "wander": (no_loss, walk(2, 80), 0, True),
    "mobile": (gilbert_elliott(0.02, 2), heavy(15, 0.8), 50, True),
}


def make(name, seconds, seed):
    loss, jitter, ppm, ordered = TRACES[name]
    rng = random.Random("%s %d" % (name, seed))
    lost, late = loss(rng), jitter(rng)
    last = 0
    for k in range(seconds * 50):
        at = k * FRAME * (1 + ppm / 1e6)
        arrival = at + PATH + late(at)
        gone = lost()
        if ordered:
            arrival = max(arrival, last + 50)
            last = last if gone else arrival
        yield k, k * FRAME, "" if gone else round(arrival)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    for name in TRACES:
        with open(os.path.join(args.folder, name + ".csv"), "w") as f:
            f.write("seq,send_us,arrival_us\n")
            f.writelines("%s,%s,%s\n" % row for row in make(name, args.seconds, args.seed))


if __name__ == "__main__":
    main()
