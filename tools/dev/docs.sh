# SPDX-License-Identifier: MIT
# ./dev docs: the API documentation of include/irisx into build/docs/html; an undocumented public name is an error.

dev_main() {
    local out="$ROOT/build/docs" version
    version=$(sed -n "s/^ *version: '\(.*\)'.*/\1/p;s/.*version: '\([0-9.]*\)', license.*/\1/p" "$ROOT/meson.build" | head -n 1)
    build_release include/irisx/api/common.h # and the other generated headers with it
    rm -rf "$out" && mkdir -p "$out"
    (cd "$ROOT" && { cat docs/Doxyfile && printf 'PROJECT_NUMBER=%s\nOUTPUT_DIRECTORY=%s\nWARN_LOGFILE=%s\nINPUT+=%s\n' \
        "$version" "$out" "$out/warnings.txt" "$ROOT/build/include/irisx"; } | doxygen - >"$out/doxygen.log" 2>&1) || die "doxygen failed: build/docs/doxygen.log"
    # A field may speak for itself; a function, a type or a macro may not. What is generated speaks through openapi/.
    if grep -v -e '/build/include/' -e '(variable) of struct .* is not documented' -e '(enumvalue)' -e '_INIT (macro definition)' \
        "$out/warnings.txt" >&2; then
        die "public names without documentation, or comments that doxygen cannot read (above)"
    fi
    say "build/docs/html/index.html"
}
