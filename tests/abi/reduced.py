#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds that leave operations out: a few groups without the admin's, then none. The library is made, its headers are those of
the groups, and a program is told the difference between "left out of this build" and "no such operation".

usage: reduced.py SOURCE BUILD     the builds are kept in BUILD/reduced, so that the next run is short
"""
import os
import subprocess
import sys

SOURCE, BUILD = (os.path.abspath(a) for a in sys.argv[1:3])
FOLDER = os.path.join(BUILD, "reduced")
FEW = "auth,webrtc,calls,sms,messages,phone-numbers,webhooks,call-quality"
PROGRAM = r"""
#include <irisx/api.h>
#include <irisx/irisx.h>
#include <stdio.h>
#ifdef FEW
#include <irisx/api/calls.h>
#include <irisx/api/webrtc.h>
#endif

static int is(const char *what, int have, int want)
{
    if (have != want)
        printf("%s: %s, not %s\n", what, irisx_error_name((irisx_error_t) have), irisx_error_name((irisx_error_t) want));
    return have != want;
}

int main(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *c = NULL;
    irisx_value_t *v = NULL, *all = irisx_api_operations();
    int bad = 0;

    o.api_url = "http://127.0.0.1:1";
    o.zero_thread = 1;
    bad += is("client", irisx_client_new(&o, &c), IRISX_OK);
    bad += is("left out", irisx_api_describe("contacts.list", &v), IRISX_E_UNSUPPORTED);
    bad += is("admin's", irisx_api_describe("admin.tenants.get", &v), IRISX_E_UNSUPPORTED);
    bad += is("never heard of", irisx_api_describe("contacts.dance", &v), IRISX_E_INVALID);
    bad += is("call of one left out", irisx_api_call(c, "contacts.list", NULL, NULL, NULL), IRISX_E_UNSUPPORTED);
    bad += is("pager of one left out", irisx_pager_call(c, "contacts.list", NULL, NULL, NULL), IRISX_E_INVALID);
    bad += is("number never given", irisx_api_submit(c, 60000, NULL, 0, NULL, NULL), IRISX_E_INVALID);
#ifdef FEW
    bad += is("kept", irisx_api_describe("calls.create", &v), IRISX_OK);
    bad += irisx_value_get_int(v, "number", 0) != IRISX_API_CALLS_CREATE || irisx_value_count(all) < 40;
    irisx_value_free(v);
#else
    bad += is("all left out", irisx_api_describe("calls.create", &v), IRISX_E_UNSUPPORTED);
    bad += is("its number", irisx_api_submit(c, 9, NULL, 0, NULL, NULL), IRISX_E_UNSUPPORTED);
    bad += is("one that the library itself would use", irisx_sms_send(c, "a", "b", "c", NULL), IRISX_E_UNSUPPORTED);
    bad += irisx_value_count(all) != 0;
#endif
    printf("%zu operations\n", irisx_value_count(all));
    irisx_value_free(all);
    (void) irisx_client_close(c, 0);
    irisx_client_unref(c);
    return bad != 0;
}
"""


def run(*command, **kw):
    done = subprocess.run(command, capture_output=True, text=True, **kw)
    if done.returncode:
        sys.exit("%s\n%s\n%s" % (" ".join(command), done.stdout[-4000:], done.stderr[-4000:]))
    return done.stdout


def build(api):
    options = ["-Dapi=" + api, "-Dapi_admin=false", "-Dtests=false", "-Dsandbox=false", "-Dcli=false"]
    if os.path.exists(os.path.join(FOLDER, "build.ninja")):
        run("meson", "configure", FOLDER, *options)
    else:
        run("meson", "setup", FOLDER, SOURCE, *options)
    run("ninja", "-C", FOLDER, "-j2", "libirisx-client.so.0.1.0")


def ask(*defines):
    program = os.path.join(FOLDER, "ask")
    includes = ["-I", os.path.join(SOURCE, "include"), "-I", os.path.join(FOLDER, "include")]
    library = os.path.join(FOLDER, "libirisx-client.so.0.1.0")
    run("cc", "-std=c99", "-Wall", "-Werror", *defines, *includes, "-x", "c", "-", "-o", program, "-x", "none", library,
        "-Wl,-rpath," + FOLDER, input=PROGRAM)
    link = os.path.join(FOLDER, "libirisx-client.so.0")
    if not os.path.lexists(link):
        os.symlink("libirisx-client.so.0.1.0", link)
    return run(program, env={k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}).strip()


def made():
    """Headers that the present configuration makes; older ones may lie beside them."""
    text = run("ninja", "-C", FOLDER, "-t", "targets", "all")
    return {line.split(":")[0].rsplit("/", 1)[1] for line in text.splitlines() if line.startswith("include/irisx/api/") and
            line.split(":")[0].endswith(".h")}


def main():
    build(FEW)
    want = {g + ".h" for g in FEW.split(",")} | {"common.h"}
    assert made() == want, made() ^ want
    some = ask("-DFEW")
    build("none")
    assert made() == {"common.h"}, made()
    none = ask()
    refused = subprocess.run(["meson", "setup", os.path.join(FOLDER, "wrong"), SOURCE, "-Dapi=cals", "-Dtests=false",
                              "-Dsandbox=false"], capture_output=True, text=True)
    assert refused.returncode and "no group or family of operations is called cals" in refused.stdout + refused.stderr, \
        refused.stdout
    print("with %s: %s; with none: %s" % (FEW, some, none))


main()
