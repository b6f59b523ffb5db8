# SPDX-License-Identifier: MIT
# ./dev fuzz SECONDS [target]: every fuzz target under libFuzzer for SECONDS, as many at once as there are cores. What
# is found new goes to build-fuzz/corpus/TARGET, a crash to build-fuzz/crashes/TARGET-*.

fuzz_one() {
    local target=$1 seconds=$2 out="$ROOT/build-fuzz"
    mkdir -p "$out/corpus/$target" "$out/crashes"
    if "$out/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="$out/crashes/$target-" \
        "$out/corpus/$target" "$ROOT/tests/fuzz/corpus/$target" >"$out/$target.log" 2>&1; then
        printf '%-16s ok      %s runs, coverage %s\n' "$target" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log")" \
            "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$out/$target.log" | tail -n 1)"
    else
        printf '%-16s FAILED  (build-fuzz/%s.log)\n' "$target" "$target"
        tail -n 40 "$out/$target.log"
        return 1
    fi
}

dev_main() {
    local seconds=${1:-} only=${2:-} failed=0 target targets=()
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "usage: ./dev fuzz SECONDS [target]"
    CC=clang build_setup build-fuzz -Dfuzzers=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dbuildtype=debugoptimized
    for target in $(sed -n "/^fuzz_targets/,/^\]/s/^ *'\(.*\)',.*/\1/p" "$ROOT/tests/fuzz/meson.build"); do
        if [ -z "$only" ] || [ "$only" = "$target" ]; then targets+=("$target"); fi
    done
    [ ${#targets[@]} -gt 0 ] || die "no fuzz target '$only' (see tests/fuzz/meson.build)"
    build_targets build-fuzz fuzzers
    say "== ${#targets[@]} targets, $seconds s each"
    export -f fuzz_one
    export ROOT UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$1" "$2"' _ {} "$seconds" || failed=1
    [ $failed = 0 ] || die "a fuzz target failed; the inputs are in build-fuzz/crashes"
}
