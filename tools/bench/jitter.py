#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replays packet-arrival traces through the real receive path in virtual time: what was concealed, stretched, waited
for, and how intelligible it is.

  ./dev bench jitter [TRACE.csv ...] [--json] [--speech WAV] [--wav FILE]

A trace is CSV with the header seq,send_us,arrival_us (empty arrival_us: lost), or a capture of `irisx call --capture`
(.pcapng), of which the received audio is taken. Without one all of tests/traces are replayed. docs/design/jitter.md
says what each figure means.
"""
import argparse
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEECH = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
RATE = 16000
WINDOW, HOP, REACH = RATE * 2 // 5, RATE // 10, RATE // 25  # of the alignment: 400 ms, each 100 ms, 40 ms around the last


# ---- captures ---------------------------------------------------------------------------------
def blocks(data):
    """(type, body) of each block of a pcapng file, little endian as it is written here."""
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if length < 12 or at + length > len(data):
            return
        yield kind, data[at + 8:at + length - 4]
        at += length


def options(body, at):
    while at + 4 <= len(body):
        code, length = struct.unpack_from("<HH", body, at)
        if code == 0:
            return
        yield code, body[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def rtp_of(packet):
    """(destination, RTP bytes) of a raw IPv4 or IPv6 packet with UDP."""
    if packet[:1] and packet[0] >> 4 == 4:
        head = (packet[0] & 15) * 4
        to = packet[16:20]
    else:
        head, to = 40, packet[24:40]
    udp = packet[head:]
    return (to, udp[2:4]), udp[8:]


def streams(path):
    """Audio packets of a capture by (destination, SSRC): (seq, timestamp, arrival)."""
    found = {}
    with open(path, "rb") as f:
        data = f.read()
    for kind, body in blocks(data):
        if kind != 6:
            continue
        _, high, low, length, _ = struct.unpack_from("<IIIII", body)
        to, rtp = rtp_of(body[20:20 + length])
        if len(rtp) < 13 or rtp[0] >> 6 != 2 or 64 <= rtp[1] & 127 < 96:
            continue
        seq, timestamp, ssrc = struct.unpack_from(">HII", rtp, 2)
        outgoing = any(code == 1 and b"sent" in text for code, text in options(body, 20 + (length + 3) // 4 * 4))
        found.setdefault((outgoing, to, ssrc, rtp[1] & 127), []).append((seq, timestamp, high << 32 | low))
    return found


def trace_of_capture(path, out):
    """The longest received stream of a capture as a trace."""
    received = {k: v for k, v in streams(path).items() if not k[0]}
    if not received:
        raise SystemExit("bench jitter: %s: no received RTP in it; capture a call with `irisx call --capture`" % path)
    (_, _, _, payload_type), packets = max(received.items(), key=lambda kv: len(kv[1]))
    clock = 8000 if payload_type in (0, 8) else 48000
    first_seq, first_ts, first_at = packets[0]
    seq, ts, rows = first_seq, first_ts, {}
    for s, t, at in packets:
        seq += (s - seq + 0x8000 & 0xffff) - 0x8000
        ts += (t - ts + 0x80000000 & 0xffffffff) - 0x80000000
        rows.setdefault(seq, ((ts - first_ts) * 1000000 // clock, at - first_at))
    start = min(rows)
    with open(out, "w") as f:
        f.write("seq,send_us,arrival_us\n")
        send = 0
        for s in range(start, max(rows) + 1):
            send, arrival = rows.get(s, (send + 20000, ""))
            f.write("%d,%d,%s\n" % (s - start, send, arrival))


# ---- sound ------------------------------------------------------------------------------------
def read_wav(path):
    import numpy
    with wave.open(path) as w:
        return numpy.frombuffer(w.readframes(w.getnframes()), dtype="<i2").astype(float)


def lag_at(clean, heard, at, low, high):
    """How far `heard` is behind `clean` around sample `at`: the lag in low..high with the highest correlation."""
    import numpy
    x = heard[at:at + WINDOW]
    y = numpy.zeros(len(x) + high - low)
    first, last = max(at - high, 0), min(at - low + len(x), len(clean))
    if last > first:
        y[first - (at - high):last - (at - high)] = clean[first:last]
    energy = numpy.concatenate(([0.0], numpy.cumsum(y * y)))
    energy = energy[len(x):] - energy[:-len(x)]
    n = 1 << (len(y) + len(x)).bit_length()
    cross = numpy.fft.irfft(numpy.fft.rfft(y, n) * numpy.conj(numpy.fft.rfft(x, n)), n)[:len(energy)]
    score = cross / numpy.sqrt(energy + 1e3 * len(x))
    best = int(numpy.argmax(score))
    return high - best, score[best] / (numpy.sqrt(numpy.dot(x, x)) + 1e-9)


def align(clean, heard):
    """`clean` as long as `heard`, each piece of it where its sound is heard: delays change, and are no distortion."""
    import numpy
    out = numpy.zeros(len(heard))
    lag, _ = lag_at(clean, heard, 0, -RATE // 10, RATE // 2)
    for at in range(0, len(heard) - WINDOW, HOP):
        near, likeness = lag_at(clean, heard, at, lag - REACH, lag + REACH)
        if likeness < 0.6:  # it may have moved further: a pause of the network
            far, better = lag_at(clean, heard, at, lag - 8 * REACH, lag + 8 * REACH)
            near = far if better > likeness + 0.15 else near if likeness > 0.3 else lag
        lag = near
        middle = at + (WINDOW - HOP) // 2 if at else 0
        index = numpy.arange(middle, len(heard)) - lag
        piece = numpy.zeros(len(index))
        inside = (index >= 0) & (index < len(clean))
        piece[inside] = clean[index[inside]]
        out[middle:] = piece
    return out


def stoi_of(clean_path, heard_path):
    """STOI (Taal 2011) of what was heard against the clean decode, aligned piece by piece, and with one delay alone."""
    try:
        import numpy
        from pystoi import stoi
    except ImportError:
        print("bench jitter: no STOI without numpy and pystoi (tools/requirements.txt)", file=sys.stderr)
        return {"stoi": None, "stoi_one_delay": None}
    clean, heard = read_wav(clean_path), read_wav(heard_path)
    if len(heard) < 2 * WINDOW:
        return {"stoi": None, "stoi_one_delay": None}
    n = 1 << (len(clean) + len(heard)).bit_length()
    cross = numpy.fft.irfft(numpy.fft.rfft(heard, n) * numpy.conj(numpy.fft.rfft(clean, n)), n)
    lag = int(numpy.argmax(cross[:RATE]))
    one = numpy.zeros(len(heard))
    part = clean[:max(len(heard) - lag, 0)]
    one[lag:lag + len(part)] = part
    return {"stoi": round(float(stoi(align(clean, heard), heard, RATE)), 4),
            "stoi_one_delay": round(float(stoi(one, heard, RATE)), 4)}


# ---- runs -------------------------------------------------------------------------------------
def replay(program, trace, args, folder, extra=()):
    heard, clean = os.path.join(folder, "heard.wav"), os.path.join(folder, "clean.wav")
    command = [program, "--speech", args.speech, "--heard", heard, "--clean", clean]
    if args.fec != "auto":
        command += ["--fec", "0" if args.fec == "off" else "10" if args.fec == "on" else args.fec]
    for name in ("min", "max", "target", "phase"):
        if getattr(args, name) is not None:
            command += ["--" + name, str(getattr(args, name))]
    done = subprocess.run(command + (["--fixed"] if args.fixed else []) + [*extra, trace], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or "bench jitter: %s failed with %d" % (program, done.returncode))
    result = {"trace": os.path.basename(trace), **json.loads(done.stdout)}
    if not args.no_stoi:
        result.update(stoi_of(clean, heard))
    return result, heard


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench jitter", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", nargs="*", metavar="TRACE", help="CSV, or a capture (.pcapng)")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout")
    parser.add_argument("--speech", default=SPEECH, metavar="WAV", help="what is said; repeated as often as needed")
    parser.add_argument("--wav", metavar="FILE", help="writes what is heard; of several traces FILE-NAME.wav each")
    parser.add_argument("--fec", default="auto", metavar="auto|on|off|PERCENT",
                        help="Opus redundancy for so much loss; auto: what the trace loses, as RTCP would tell")
    parser.add_argument("--min", type=int, metavar="MS", help="least delay")
    parser.add_argument("--max", type=int, metavar="MS", help="most delay")
    parser.add_argument("--target", type=int, metavar="MS", help="this delay instead of an adaptive one")
    parser.add_argument("--fixed", action="store_true", help="with --target: a plain buffer that neither stretches nor waits")
    parser.add_argument("--phase", type=int, metavar="US", help="how the ticks lie to the arrivals, 0..19999; default 7000")
    parser.add_argument("--no-stoi", action="store_true", help="faster")
    return parser.parse_args()


def show(r):
    stoi = "" if r.get("stoi") is None else "stoi %.3f" % r["stoi"]
    print("%-18s concealed %6.2f %%  stretched +%.2f -%.2f %%  delay %6.1f p95 %6.1f ms  gaps %3d  %s"
          % (r["trace"][:18], r["concealed_percent"], r["inserted_percent"], r["removed_percent"], r["delay_ms"],
             r["delay_ms_p95"], r["playout_gaps"], stoi))


def keep(heard, name, wanted, several):
    if wanted:
        stem, ext = os.path.splitext(wanted)
        os.replace(heard, "%s-%s%s" % (stem, os.path.splitext(name)[0], ext) if several else wanted)


def main():
    args = arguments()
    subprocess.run(["ninja", "-C", args.build, "tools/bench/jitter_replay"], check=True, stdout=subprocess.DEVNULL)
    program = os.path.join(args.build, "tools", "bench", "jitter_replay")
    folder = os.path.join(ROOT, "tests", "traces")
    traces = args.traces or sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".csv"))
    results = []
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(args.wav)) if args.wav else None) as tmp:
        for trace in traces:
            name = trace
            if trace.endswith((".pcapng", ".pcap")):
                trace = os.path.join(tmp, os.path.basename(name) + ".csv")
                trace_of_capture(name, trace)
            result, heard = replay(program, trace, args, tmp)
            result["trace"] = os.path.basename(name)
            keep(heard, os.path.basename(name), args.wav, len(traces) > 1)
            results.append(result)
            if not args.json:
                show(result)
    if args.json:
        print(json.dumps({"bench": "jitter", "rows": results}, separators=(",", ":")))


if __name__ == "__main__":
    main()
