# SPDX-License-Identifier: MIT
# ./dev lint: clang-format (check only), clang-tidy, cppcheck, then the lint suite; says all it finds before it fails.
. "$ROOT/tools/dev/test.sh"

c_files() { (cd "$ROOT" && git -c safe.directory='*' ls-files -co --exclude-standard -- "$@"); }

lint_format() {
    say "== clang-format"
    c_files '*.c' '*.h' | (cd "$ROOT" && xargs clang-format --dry-run -Werror >&2)
}

lint_tidy() {
    say "== clang-tidy (.clang-tidy)"
    c_files 'src/*.c' | (cd "$ROOT" && xargs -P "$(nproc)" -n 8 clang-tidy -p build-asan --quiet --warnings-as-errors='*' \
        --extra-arg=-Wno-unknown-warning-option >&2 2>/dev/null)
}

lint_cppcheck() {
    say "== cppcheck"
    (cd "$ROOT" && mkdir -p build-asan/cppcheck && cppcheck --quiet -j "$(nproc)" --std=c11 --inline-suppr \
        --enable=warning,performance,portability --error-exitcode=1 --cppcheck-build-dir=build-asan/cppcheck \
        --suppressions-list=tests/lint/cppcheck.txt -D_GNU_SOURCE -I include -I src src >&2)
}

lint_exports() {
    build_targets build-asan
    (cd "$ROOT/build-asan" && python3 ../tests/lint/names.py libirisx-client.so libirisx-client.a ../tests/abi/exports.txt --update)
    say "tests/abi/exports.txt is rewritten; put its changes under the ABI heading of CHANGELOG.md"
}

dev_main() {
    local failed=()
    build_setup build-asan -Dwerror=true -Db_sanitize=address,undefined
    if [ "${1:-}" = --update-exports ]; then
        lint_exports
        return
    fi
    lint_format || failed+=(clang-format)
    build_targets build-asan # clang-tidy wants the generated headers
    lint_tidy || failed+=(clang-tidy)
    lint_cppcheck || failed+=(cppcheck)
    run_suites lint || failed+=("lint suite")
    [ ${#failed[@]} = 0 ] || die "lint found something: ${failed[*]}"
    say "lint: clean"
}
