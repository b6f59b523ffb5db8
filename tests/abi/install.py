#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs the build into a temporary folder and uses it as a stranger would: headers, SONAME, pkg-config (shared and
static), CMake, the program of the README. usage: install.py BUILD_DIR SANITIZERS    (TAP on stdout)"""
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import lib  # noqa: E402

PROGRAM = """#include <irisx/irisx.h>
#include <stdio.h>
int main(void)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    printf("%s %s\\n", irisx_version(), options.struct_size > 0 ? irisx_error_name(IRISX_E_TIMEOUT) : "");
    return 0;
}
"""
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(stranger C)
find_package(irisx-client %s REQUIRED CONFIG)
add_executable(shared a.c)
target_link_libraries(shared irisx-client::irisx-client)
add_executable(static a.c)
target_link_libraries(static irisx-client::static)
"""


class Failed(Exception):
    pass


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise Failed("%s: status %d\n%s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done.stdout


class Installation:
    """The installed tree and how to build against it."""

    def __init__(self, build, sanitizers, work):
        self.work, self.tree = work, build
        self.flags = [] if sanitizers in ("", "none") else ["-fsanitize=" + sanitizers]
        installed = json.loads(run("meson", "introspect", build, "--installed"))
        built = [os.path.relpath(f, build) for f in installed if f.startswith(build + os.sep)]
        run("ninja", "-C", build, *[f for f in built if not re.search(r"\.(pc|cmake)$|^libirisx-client\.so(\.0)?$", f)])
        run("meson", "install", "-C", build, "--no-rebuild", "--destdir", work)
        self.pc_dir = self.find("pkgconfig")
        self.libdir = os.path.dirname(self.pc_dir)
        pc = open(os.path.join(self.pc_dir, "irisx-client.pc")).read()
        self.prefix = work + re.search(r"^prefix=(.*)$", pc, re.M).group(1)

    def find(self, name):
        for folder, subs, files in os.walk(self.work):
            if name in subs + files:
                return os.path.join(folder, name)
        raise Failed("%s is not installed" % name)

    def pkg_config(self, *options):
        env = dict(os.environ, PKG_CONFIG_PATH=self.pc_dir)
        return run("pkg-config", "--define-variable=prefix=" + self.prefix, *options, env=env).split()

    def build(self, name, flags, text=PROGRAM):
        source = os.path.join(self.work, name + ".c")
        with open(source, "w") as f:
            f.write(text)
        program = os.path.join(self.work, name)
        run("cc", "-Wall", "-Werror", *self.flags, source, "-o", program, *flags)
        return program

    def run(self, program):
        return run(program, env=dict(os.environ, LD_LIBRARY_PATH=self.libdir))


def headers_below(top):
    return sorted(os.path.relpath(os.path.join(at, f), top) for at, _, files in os.walk(top) for f in files
                  if f.endswith(".h"))


def every_public_header_is_installed(at):
    want = sorted(headers_below(os.path.join(ROOT, "include/irisx")) +
                  headers_below(os.path.join(at.tree, "include/irisx")))  # the generated ones
    got = headers_below(os.path.join(at.prefix, "include/irisx"))
    if want != got:
        raise Failed("in the tree %s, installed %s" % (want, got))


def the_shared_object_carries_its_soname(at):
    out = run("objdump", "-p", os.path.join(at.libdir, "libirisx-client.so"))
    if not re.search(r"SONAME\s+libirisx-client\.so\.0$", out, re.M):
        raise Failed(out)


def expect_version(at, text):
    version = at.pkg_config("--modversion", "irisx-client")[0]
    if text != "%s IRISX_E_TIMEOUT\n" % version:
        raise Failed("the program says %r, pkg-config says %s" % (text, version))


def a_program_links_shared_through_pkg_config(at):
    program = at.build("shared", at.pkg_config("--cflags", "--libs", "irisx-client"))
    expect_version(at, at.run(program))
    if "libirisx-client.so.0" not in run("objdump", "-p", program):
        raise Failed("the program does not need libirisx-client.so.0")


def a_program_links_the_archive_through_pkg_config(at):
    program = at.build("static", at.pkg_config("--cflags", "--libs", "irisx-client-static"))
    expect_version(at, at.run(program))
    if "libirisx-client.so" in run("objdump", "-p", program):
        raise Failed("the program needs the shared library all the same")


def static_linking_is_described_to_the_end(at):
    words = at.pkg_config("--print-requires-private", "irisx-client")
    for need in ("libuv", "libcurl", "libwebsockets", "libsrtp2", "opus", "jansson", "speexdsp", "sqlite3", "expat"):
        if need not in words:
            raise Failed("Requires.private lacks " + need)
    pc = open(os.path.join(at.pc_dir, "irisx-client.pc")).read()
    if not re.search(r"^Libs\.private:.*-lmbedtls -lmbedx509 -lmbedcrypto", pc, re.M):
        raise Failed("Libs.private lacks mbedtls")


def a_cmake_project_links_both_ways(at):
    project = os.path.join(at.work, "project")
    os.makedirs(project)
    version = at.pkg_config("--modversion", "irisx-client")[0]
    for name, text in (("CMakeLists.txt", CMAKE % version), ("a.c", PROGRAM)):
        with open(os.path.join(project, name), "w") as f:
            f.write(text)
    flags = " ".join(at.flags)
    run("cmake", "-G", "Ninja", "-S", project, "-B", project + "/build", "-DCMAKE_PREFIX_PATH=" + at.prefix, "-DCMAKE_C_FLAGS=" + flags)
    run("cmake", "--build", project + "/build")
    for name in ("shared", "static"):
        expect_version(at, at.run(os.path.join(project, "build", name)))


def cmake_refuses_a_version_that_is_not_there(at):
    project = os.path.join(at.work, "newer")
    os.makedirs(project)
    with open(os.path.join(project, "CMakeLists.txt"), "w") as f:
        f.write(CMAKE % "99.0")
    done = subprocess.run(["cmake", "-G", "Ninja", "-S", project, "-B", project + "/build", "-DCMAKE_PREFIX_PATH=" + at.prefix],
                          capture_output=True, text=True)
    if done.returncode == 0 or "99.0" not in done.stderr:
        raise Failed("version 99.0 was found:\n" + done.stdout + done.stderr)


def the_program_of_the_readme_places_a_call(at):
    text = re.search(r"^```c\n(.*?)^```$", open(os.path.join(ROOT, "README.md")).read(), re.M | re.S).group(1)
    program = at.build("readme", at.pkg_config("--cflags", "--libs", "irisx-client"), text)
    with lib.Sandbox(at.tree) as sandbox:
        agent = sandbox.info["agents"][0]
        env = dict(os.environ, LD_LIBRARY_PATH=at.libdir, IRISX_PASSWORD=agent["password"])
        run(program, sandbox.info["ws_url"], agent["extension"], "9196", env=env, timeout=60)
        busy = subprocess.run([program, sandbox.info["ws_url"], agent["extension"], "9486"], env=env,
                              capture_output=True, text=True, timeout=60)
    if busy.returncode != 1:
        raise Failed("a call to a busy line ended with status %d:\n%s" % (busy.returncode, busy.stderr))


CASES = [every_public_header_is_installed, the_shared_object_carries_its_soname,
         a_program_links_shared_through_pkg_config, a_program_links_the_archive_through_pkg_config,
         static_linking_is_described_to_the_end, a_cmake_project_links_both_ways,
         cmake_refuses_a_version_that_is_not_there, the_program_of_the_readme_places_a_call]


def main():
    failed = 0
    print("1..%d" % len(CASES))
    with tempfile.TemporaryDirectory() as work:
        at = Installation(os.path.abspath(sys.argv[1]), sys.argv[2], work)
        for case in CASES:
            words = case.__name__.replace("_", " ")
            try:
                case(at)
                print("ok - " + words, flush=True)
            except Failed as why:
                failed += 1
                print("not ok - " + words)
                print("\n".join("# " + line for line in str(why).splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
