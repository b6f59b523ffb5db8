# SPDX-License-Identifier: MIT
"""A client of the library that a case drives line by line: rest_driver.c."""
import json
import os
import subprocess

from harness import PATIENCE, Process, Programs, check


def preload(module, **words):
    """the environment in which a program has the module's functions instead of the system's"""
    return dict(words, LD_PRELOAD=module, ASAN_OPTIONS="verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", ""))


class Driver:
    def __init__(self, case, url, environment=None, wrap=lambda argv: argv, **options):
        words = ["%s=%s" % (k, v) for k, v in options.items()]
        self.process = Process(case, wrap([Programs.driver, url] + words), env=environment, stdin=subprocess.PIPE, secret=False)
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.child.stdin.close()
        check(self.process.end() == 0, "the driver ended with", self.process.child.returncode, self.process.text())

    def send(self, line):
        self.process.child.stdin.write(line.encode() + b"\n")
        self.process.child.stdin.flush()

    def take(self, seconds=PATIENCE):
        """the next answer"""
        text = self.process.line(r"^\{", "out", seconds, self.at)
        self.at = self.process.at + 1
        return json.loads(text)

    def ask(self, line, code=None):
        self.send(line)
        answer = self.take()
        check(code is None or answer["code"] == code, line, "ended with", answer)
        return answer
