# SPDX-License-Identifier: MIT
"""A terminal for the command and for shells: a pseudo-terminal that is read all the time, typed into, waited for."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from harness import PATIENCE, Programs, check

ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78MD])")


class Terminal:
    def __init__(self, case, argv, columns=80, lines=24, env=None, term="xterm-256color"):
        self.case, self.data, self.changed = case, b"", threading.Condition(threading.RLock())
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.attributes = termios.tcgetattr(slave)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("IRISX_") and k not in ("COLUMNS", "LINES", "NO_COLOR")}
        environment.update(TERM=term, HOME=case.folder, IRISX_CONFIG=os.path.join(case.folder, "config.json"),
                           PATH=case.folder + ":" + os.environ["PATH"], **(env or {}))
        self.slave = slave
        self.child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=case.folder,
                                      start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            with self.changed:
                self.data += data
                self.changed.notify_all()

    def raw(self):
        with self.changed:
            return self.data.decode("utf-8", "replace")

    def text(self):
        """Without escape sequences; what begins a line anew is a line"""
        return re.sub(r"\r\n?", "\n", ESCAPES.sub("", self.raw()))

    def wait(self, pattern, start=0, seconds=PATIENCE):
        """The match of a pattern in what came, without escape sequences"""
        deadline = time.monotonic() + seconds
        while True:
            with self.changed:
                found = re.compile(pattern, re.M).search(self.text(), start)
                if found:
                    return found
                check(time.monotonic() < deadline, "no", repr(pattern), "on the terminal, which shows:\n" + repr(self.data[-3000:]))
                self.changed.wait(0.2)

    def type(self, text):
        os.write(self.master, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self, status=None, seconds=PATIENCE):
        try:
            got = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            check(False, "it does not end; the terminal shows:\n" + repr(self.data[-3000:]))
        os.close(self.slave)
        self.reader.join(10)
        os.close(self.master)
        check("AddressSanitizer" not in self.text() and "runtime error" not in self.text(), self.text())
        check(status is None or got == status, "exit status", got, "instead of", status, "; the terminal shows:\n" + self.text())
        return self

    def stop(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def on_terminal(case, *words, **more):
    """`irisx` on a terminal"""
    return Terminal(case, [Programs.irisx] + [str(w) for w in words], **more)
