#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completion in the shells themselves: bash, zsh and fish on a terminal, keys typed, the line that results.
usage: shells.py IRISX SANDBOX    (TAP on stdout)"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import OK, Programs, Suite, arguments, check  # noqa: E402
from terminal import Terminal  # noqa: E402

suite = Suite()
BEGIN = "\x01"  # Ctrl-A: to the beginning of the line

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ["bind 'set enable-bracketed-paste off'", "source <(irisx completion bash)"]),
    "zsh": (["zsh", "-f", "-i"], ["bindkey -e", "autoload -U compinit", "compinit -u -D", "source <(irisx completion zsh)"]),
    "fish": (["fish", "--no-config", "-i"], ["irisx completion fish | source"]),
}
# what is typed (the tabulator completes), and the words that must stand there in the end
LINES = [
    ("irisx conf\t", ["irisx", "config"]),
    ("irisx api sms.send_b\t", ["irisx", "api", "sms.send_bulk"]),
    ("irisx api sms.list dir\tin\t", ["irisx", "api", "sms.list", "direction=inbound"]),
    ("irisx api sms.send mess\t@tex\t", ["irisx", "api", "sms.send", "message=@text.txt"]),
    ("irisx api contacts.import contacts[].fi\tAnn", ["irisx", "api", "contacts.import", "contacts[].first_name=Ann"]),
    ("irisx api sms.send --dry\t", ["irisx", "api", "sms.send", "--dry-run"]),
    ("irisx calls li\t--sta\tcomp\t", ["irisx", "calls", "list", "--status", "completed"]),
    ("irisx api sms.send --data @tex\t", ["irisx", "api", "sms.send", "--data", "@text.txt"]),
]


def plain(words):
    """As shells print them: some put a backslash before brackets"""
    return [w.replace("\\", "") for w in words]


def complete(t, shell, typed, wanted):
    argv, opening = SHELLS[shell]
    t.write("text.txt", "x")
    tty = Terminal(t, argv, columns=200, term="dumb" if shell == "bash" else "xterm",
                   env={"PS1": "ready> ", "PROMPT": "ready> ", "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": t.folder,
                        "XDG_CONFIG_HOME": t.folder, "INPUTRC": "/dev/null"})
    for line in opening:
        tty.type(line + "\n")
    tty.type("echo op''ened\n")
    tty.wait("^opened")
    for i, piece in enumerate(typed.split("\t")):
        if i:
            before = len(tty.raw())
            tty.type("\t")
            # the shell has answered when what follows the tabulator stands on the screen
            with tty.changed:
                tty.changed.wait_for(lambda: len(tty.data.decode("utf-8", "replace")) > before, 20)
        tty.type(piece)
    quote = "'" if shell == "fish" else ""
    tty.type(BEGIN + "echo %sREAD: %s" % (quote, quote) + "\n")
    read = tty.wait(r"READ: +(irisx.*)$", tty.wait("^opened").end())
    # the line as it was edited has the word too: the last one is what echo printed
    tty.type("exit\n")
    tty.end()
    words = [m.split() for m in re.findall(r"^READ: +(irisx.*)$", tty.text(), re.M)]
    check(words and plain(words[-1]) == wanted, "the line is", words, "instead of", wanted, "; the terminal shows:\n" + tty.text())
    del read


def present(shell):
    return shutil.which(SHELLS[shell][0][0])


for name in SHELLS:
    for keys, line in LINES:
        def one(t, shell=name, typed=keys, wanted=line):
            check(present(shell), shell, "is not installed (tools/packages.txt)")
            os.symlink(Programs.irisx, t.path("irisx"))
            complete(t, shell, typed, wanted)
        suite.case("%s completes %s" % (name, keys.replace("\t", "<TAB>")))(one)


@suite.case("the scripts are free of errors by the shells' own check")
def _(t):
    for shell in SHELLS:
        script = t.write(shell + ".sh", t.irisx("completion", shell).expect(OK).out + "\n")
        done = subprocess.run([SHELLS[shell][0][0], "-n", script], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0 and not done.stderr, shell, done.stderr)


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run(threads=3)
