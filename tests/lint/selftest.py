#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Feeds each lint check something bad in a temporary folder and expects it to be found, and something good and
expects silence: a check that cannot fail checks nothing."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class LintCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = self.folder.name

    def put(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def lint(self, script, *args):
        done = subprocess.run([sys.executable, os.path.join(HERE, script), *args], capture_output=True, text=True)
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, done.stdout + done.stderr

    def refused(self, words, script, *args):
        status, text = self.lint(script, *args)
        self.assertEqual(status, 1, text)
        self.assertIn(words, text)

    def accepted(self, script, *args):
        status, text = self.lint(script, *args)
        self.assertEqual(status, 0, text)


class Layers(LintCase):
    def test_sibling_is_refused(self):
        self.put("src/sip/a.c", '#include "sip/sip.h"\n#include "ice/ice.h"\n')
        self.refused("src/sip/a.c:2: #include ice/ice.h: src/sip may not look into src/ice", "layers.py", self.root)

    def test_upward_include_is_refused(self):
        self.put("src/core/a.c", '#include "json/json.h"\n')
        self.refused("may not look into src/json", "layers.py", self.root)

    def test_system_header_in_a_pure_folder_is_refused(self):
        self.put("src/sip/a.c", "#include <sys/socket.h>\n")
        self.refused("system header in a pure folder", "layers.py", self.root)

    def test_third_party_header_is_for_c_files_of_its_folder(self):
        self.put("src/dtls/dtls.h", "#include <mbedtls/ssl.h>\n")
        self.refused("third-party header in a header that other folders see", "layers.py", self.root)
        self.put("src/dtls/dtls.h", "\n")
        self.put("src/client/a.c", "#include <uv.h>\n")
        self.refused("third-party header not for this folder", "layers.py", self.root)

    def test_private_header_of_another_folder_is_refused(self):
        self.put("src/call/a.c", '#include "sip/stack.h"\n')
        self.put("src/sip/stack.h", "\n")
        self.refused("a header of src/sip's own", "layers.py", self.root)

    def test_command_line_sees_public_headers_only(self):
        self.put("src/cli/main.c", '#include <irisx/error.h>\n#include "core/core.h"\n')
        self.refused("src/cli may not look into src/core", "layers.py", self.root)

    def test_unknown_folder_is_refused(self):
        self.put("src/misc/a.c", "\n")
        self.refused("not in layers.toml", "layers.py", self.root)

    def test_allowed_includes_pass(self):
        self.put("src/call/a.c", '#include "call/call.h"\n#include "sip/sip.h"\n#include <string.h>\n')
        self.put("src/io/a.c", '#include "http/http.h"\n#include <uv.h>\n#include <sys/socket.h>\n')
        self.accepted("layers.py", self.root)


class Purity(LintCase):
    def archive(self, folder, text):
        source = self.put("a.c", text)
        obj = os.path.join(self.root, "a.o")
        out = os.path.join(self.root, "libix_%s.a" % folder)
        subprocess.run(["cc", "-O1", "-fdata-sections", "-c", source, "-o", obj], check=True)
        subprocess.run(["ar", "rcs", out, obj], check=True)
        return out

    def test_clock_allocation_and_printing_are_refused(self):
        for call, name in (("time(0)", "time"), ("*(long *) malloc(9)", "malloc"), ("printf(\"%d\", 3)", "printf"),
                           ("mbedtls_net_connect()", "mbedtls_net_connect"),
                           ("opus_encoder_create()", "opus_encoder_create")):
            lib = self.archive("sip", "#include <stdio.h>\n#include <stdlib.h>\n#include <time.h>\n"
                               "long mbedtls_net_connect(void), opus_encoder_create(void);\n"
                               "long f(void) { return %s; }\n" % call)
            self.refused("calls " + name, "purity.py", lib)

    def test_writable_static_data_is_refused(self):
        for text in ("static int count; int f(void) { return ++count; }", "int state = 4; int f(void) { return state; }"):
            self.refused("keeps writable static data", "purity.py", self.archive("ice", text))

    def test_constants_and_pure_calls_pass(self):
        lib = self.archive("sip", "#include <string.h>\nstatic const char *const names[] = {\"a\", \"b\"};\n"
                           "unsigned long f(int i) { return strlen(names[i]); }\n")
        self.accepted("purity.py", lib)

    def test_impure_folder_is_passed_over_but_not_alone(self):
        lib = self.archive("io", "#include <time.h>\nlong f(void) { return time(0); }\n")
        self.refused("no archive of a pure folder", "purity.py", lib)


class Spdx(LintCase):
    def test_file_without_the_tag_is_refused(self):
        self.put("src/core/a.c", "int x;\n")
        self.refused("src/core/a.c: no SPDX", "spdx.py", self.root)

    def test_tag_and_empty_file_pass(self):
        self.put("src/core/a.c", "/* SPDX-License-Identifier: MIT */\nint x;\n")
        self.put("tools/x/__init__.py", "")
        self.accepted("spdx.py", self.root)


class Banned(LintCase):
    def test_unsafe_call_is_refused_even_in_io(self):
        self.put("src/io/a.c", "void f(char *a) {\n    strcpy(a, \"x\");\n}\n")
        self.refused("src/io/a.c:2: strcpy() is banned here", "banned.py", self.root)

    def test_allocation_outside_the_shell_is_refused(self):
        self.put("src/sip/a.c", "void *f(void) { return malloc(3); }\n")
        self.refused("malloc() is banned here", "banned.py", self.root)

    def test_words_in_comments_strings_members_and_longer_names_pass(self):
        self.put("src/sip/a.c", "/* malloc(3) */\nstruct s { void (*free)(void *p); };\n"
                 "void f(struct s *s) { s->free(\"time(0)\"); ix_free(s); snprintf(0, 0, \"x\"); }\n")
        self.put("src/io/a.c", "void *f(void) { return malloc(3); }\n")
        self.accepted("banned.py", self.root)


class Sizes(LintCase):
    def test_long_function_is_refused(self):
        self.put("src/sip/a.c", "int f(int a)\n{\n" + "    a++;\n" * 100 + "    return a;\n}\n")
        self.refused("f() has 104 lines", "sizes.py", self.root)

    def test_long_file_and_wide_line_are_refused(self):
        self.put("src/sip/a.c", "int a;\n" * 1001)
        self.put("src/sip/b.c", "/* " + "x" * 120 + " */\n")
        self.refused("a.c: 1001 lines", "sizes.py", self.root)
        self.refused("b.c:1: 126 columns", "sizes.py", self.root)

    def test_small_function_passes(self):
        self.put("src/sip/a.c", "int f(int a)\n{\n    return a;\n}\n")
        self.accepted("sizes.py", self.root)


class Headers(LintCase):
    def test_header_that_needs_another_is_refused(self):
        self.put("irisx/a.h", "uint32_t f(void);\n")
        self.refused("irisx/a.h as -std=c99", "headers.py", self.root)

    def test_c11_and_words_of_cpp_are_refused(self):
        self.put("irisx/a.h", "#ifndef A\n#define A\nstruct a { int new; };\n#endif\n")
        self.refused("irisx/a.h as -std=c++11", "headers.py", self.root)
        self.put("irisx/a.h", "#ifndef A\n#define A\nstruct a { union { int x; long y; }; };\n#endif\n")
        self.refused("irisx/a.h as -std=c99", "headers.py", self.root)

    def test_good_header_passes(self):
        self.put("irisx/a.h", "#ifndef A\n#define A\n#include <stdint.h>\nuint32_t irisx_a(void);\n#endif\n")
        self.accepted("headers.py", self.root)


class Links(LintCase):
    def test_dead_link_is_refused_and_live_ones_pass(self):
        self.put("docs/a.md", "[b](b.md#x) [web](https://example.org/)\n```\n[no](link)\n```\n")
        self.refused("docs/a.md:1: b.md is not there", "links.py", self.root)
        self.put("docs/b.md", "[a](../docs/a.md)\n")
        self.accepted("links.py", self.root)


class Names(LintCase):
    def library(self, text):
        source, shared, obj = self.put("a.c", text), os.path.join(self.root, "a.so"), os.path.join(self.root, "a.o")
        subprocess.run(["cc", "-shared", "-fPIC", source, "-o", shared], check=True)
        subprocess.run(["cc", "-c", source, "-o", obj], check=True)
        return shared, obj

    def test_foreign_name_is_refused(self):
        shared, obj = self.library("void irisx_a(void) {}\nvoid helper(void) {}\n")
        self.refused("exports helper", "names.py", shared, obj, self.put("list", "irisx_a\nhelper\n"))
        self.refused("global symbol helper", "names.py", shared, obj, self.put("list", "irisx_a\nhelper\n"))

    def test_symbol_that_came_or_went_is_refused(self):
        shared, obj = self.library("void irisx_a(void) {}\nvoid irisx_b(void) {}\n")
        self.refused("irisx_b is new", "names.py", shared, obj, self.put("list", "irisx_a\n"))
        self.refused("irisx_c is gone", "names.py", shared, obj, self.put("list", "irisx_a\nirisx_b\nirisx_c\n"))

    def test_update_writes_the_list(self):
        shared, obj = self.library("void irisx_a(void) {}\n")
        listed = self.put("list", "")
        self.accepted("names.py", shared, obj, listed, "--update")
        self.accepted("names.py", shared, obj, listed)


class Counting(unittest.TestCase):
    """tools/dev/suites.py: what `./dev test` counts."""

    def setUp(self):
        sys.path.insert(0, os.path.join(HERE, "..", "..", "tools", "dev"))
        import suites
        self.suites = suites

    def result(self, text, result="OK", protocol="tap"):
        return self.suites.count({"result": result, "stdout": text, "returncode": 0}, protocol)[:2]

    def test_each_case_of_tap_counts(self):
        self.assertEqual(self.result("TAP version 13\n1..3\nok - a\nnot ok - b\nok 3 - c\n", "FAIL"), (2, 1))

    def test_skipped_and_missing_cases_have_failed(self):
        self.assertEqual(self.result("1..3\nok - a\nok - b # SKIP not here\n"), (1, 2))

    def test_a_program_without_cases_and_a_crash_have_failed(self):
        self.assertEqual(self.result("1..0\n", "SKIP"), (0, 1))
        self.assertEqual(self.result("1..1\nok - a\n", "FAIL"), (1, 1))

    def test_other_programs_count_as_one(self):
        self.assertEqual(self.result("", "OK", "exitcode"), (1, 0))
        self.assertEqual(self.result("", "TIMEOUT", "exitcode"), (0, 1))
        self.assertEqual(self.result("", "SKIP", "exitcode"), (0, 1))
        self.assertEqual(self.result("", "EXPECTEDFAIL", "exitcode"), (1, 0))


if __name__ == "__main__":
    unittest.main()
