#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `irisx call --play` does with files of every kind: what can be played is heard back from the echo, what cannot is
told before anything is dialled. usage: wav.py IRISX SANDBOX SIMILARITY    (TAP on stdout)"""
import os
import struct
import threading

from harness import FAILED, NOT_FOUND, OK, SPEECH, Suite, arguments, check, resample, similarity, speech, undisturbed, write_wav

suite = Suite()
extensions, taking = iter(range(1000, 1010)), threading.Lock()
LIKE = 0.9
DISTURBED = 0.5  # one late tick moves what follows by a frame: half of a second is unlike; other speech has 0.07


def heard_back(t, path, seconds=3):
    """The echo of the file resembles the speech it was made of"""
    with taking:
        extension = str(next(extensions))
    rate, samples = speech(seconds)
    original = write_wav(t.path("original.wav"), rate, samples)
    record = t.path("heard.wav")

    def attempt(_):
        p = t.call(suite.sandbox(), "9196", "--play", path, "--record", record, "--duration", str(seconds + 0.5), "--json", extension=extension)
        p.expect(OK)
        return p.json()["call"], seconds
    call, in_peace = undisturbed(attempt)
    check(call["recording"] == record, "another recording")
    check(os.stat(record).st_mode & 0o77 == 0, "others can read the recording")
    score = similarity(original, record, seconds * 1000)
    check(score >= (LIKE if in_peace else DISTURBED), "similarity", score, call)


def refused(t, path, status, code, *patterns):
    p = t.call(suite.sandbox(), "9196", "--play", path, "--json")
    p.expect(status, *patterns)
    check(p.error()["code"] == code, p.error())
    check(not p.count("dialing|answered"), "it was dialled all the same")


@suite.case("16-bit mono at 8 kHz is heard back")
def plain(t):
    heard_back(t, SPEECH)


@suite.case("24-bit at 48 kHz is heard back")
def bits_24(t):
    rate, samples = speech(3)
    heard_back(t, write_wav(t.path("24.wav"), 48000, resample(samples, rate, 48000), bits=24))


@suite.case("stereo is heard back")
def stereo(t):
    rate, samples = speech(3)
    heard_back(t, write_wav(t.path("stereo.wav"), rate, samples, channels=2))


@suite.case("11025 Hz is heard back")
def odd_rate(t):
    rate, samples = speech(3)
    heard_back(t, write_wav(t.path("11025.wav"), 11025, resample(samples, rate, 11025)))


@suite.case("an empty file is refused before anything is dialled")
def empty(t):
    refused(t, t.write("empty.wav", b""), FAILED, "IRISX_E_FORMAT", "(?i)empty|WAV")


@suite.case("files that are no WAV, or end in their header, are refused")
def not_wav(t):
    good = open(SPEECH, "rb").read(4096)
    for data in b"hello\n" * 100, b"\0" * 64, b"ID3\4" + b"\xff" * 500, good[:3], good[:20], good[:43], b"RIFF\xff\xff\xff\xffWAVE" + b"\xff" * 200:
        refused(t, t.write("not.wav", data), FAILED, "IRISX_E_FORMAT", "(?i)WAV")


@suite.case("formats that cannot be played are refused with what can")
def other_formats(t):
    head = lambda tag, channels, rate, bits: (b"RIFF" + struct.pack("<I", 1036) + b"WAVEfmt " + struct.pack(  # noqa: E731
        "<IHHIIHH", 16, tag, channels, rate, rate * 2 & 0xFFFFFFFF, 2, bits) + b"data" + struct.pack("<I", 1000) + b"\0" * 1000)
    for data in head(0x55, 1, 8000, 16), head(1, 0, 8000, 16), head(1, 1, 0, 16), head(1, 1, 8000, 7), head(1, 1, 0x7FFFFFFF, 16):
        refused(t, t.write("odd.wav", data), FAILED, "IRISX_E_FORMAT")


@suite.case("a header that promises more than the file holds plays what is there")
def short_file(t):
    data = open(SPEECH, "rb").read(16000 * 3 + 44)
    heard_back(t, t.write("short.wav", data), seconds=3)


@suite.case("a file that is missing, a folder, or secret is named")
def missing(t):
    refused(t, t.path("missing.wav"), NOT_FOUND, "IRISX_E_NOT_FOUND", "missing.wav|file")
    p = t.call(suite.sandbox(), "9196", "--play", t.folder, "--json")
    check(p.end() in (FAILED, NOT_FOUND), p.text())
    check(p.error()["message"], p.text())


@suite.case("a recording that cannot be written is told before anything is dialled")
def unwritable(t):
    p = t.call(suite.sandbox(), "9196", "--record", "/nonexistent/heard.wav", "--json")
    check(p.end() in (FAILED, NOT_FOUND), p.text())
    check(not p.count("dialing|answered"), "it was dialled all the same")
    check(p.error()["message"], p.text())


@suite.case("a disk that fills up under a recording is told, and the call goes on to its end")
def disk_full(t):
    import resource
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (32768, 32768))  # noqa: E731
    p = t.call(suite.sandbox(), "9197", "--record", t.path("heard.wav"), "--duration", "3", "--json", extension="1009", prepare=limit)
    p.expect(FAILED, "space|record_failed")
    check(p.count("call 1: ended") == 1, p.text())
    check(os.path.getsize(t.path("heard.wav")) <= 32768, "the limit did not hold")


if __name__ == "__main__":
    arguments("irisx", "sandbox", "similarity")
    suite.run(2)
