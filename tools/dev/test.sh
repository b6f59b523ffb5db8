# SPDX-License-Identifier: MIT
# ./dev test [suite ...]: sanitized builds, then the suites in order; tools/dev/suites.py runs and counts them.

all_suites=(lint unit sim fuzz abi threads integration bindings interop)

# On kernels with more than 28 bits of address randomisation the sanitizers of this gcc do not find room for their
# shadow memory; without randomisation they do.
fixed_addresses() {
    local bits
    bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
    if [ "$bits" -gt 28 ] && setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

run_suites() {
    local -a suites=() plan=()
    local suite asan= tsan=
    if [ $# -gt 0 ]; then
        for suite in "$@"; do
            [ -f "$ROOT/tests/$suite/meson.build" ] || die "no suite '$suite' (there are: ${all_suites[*]})"
            suites+=("$suite")
        done
    else
        for suite in "${all_suites[@]}"; do
            if [ -f "$ROOT/tests/$suite/meson.build" ]; then suites+=("$suite"); fi
        done
    fi
    for suite in "${suites[@]}"; do
        case $suite in
        threads) plan+=("$suite=build-tsan") tsan=1 ;;
        *) plan+=("$suite=build-asan") asan=1 ;;
        esac
        case $suite in
        unit | bindings) python_venv ;;
        interop) npm_tools ;;
        esac
    done
    [ -z "$asan" ] || build_setup build-asan -Dwerror=true -Db_sanitize=address,undefined
    [ -z "$tsan" ] || build_setup build-tsan -Dwerror=true -Db_sanitize=thread
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
    export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
    fixed_addresses python3 "$ROOT/tools/dev/suites.py" "$ROOT" "${plan[@]}"
}

dev_main() { run_suites "$@"; }
