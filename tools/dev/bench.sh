# SPDX-License-Identifier: MIT
# ./dev bench [name] [--json]: runs tools/bench/NAME.py (all of them without a name) on the release build. With --json
# each prints one line {"bench":NAME,"rows":[...]} on stdout; the status is 1 if a row misses its limit.

dev_main() {
    local names=() json='' argument name failed=0
    for argument in "$@"; do
        case $argument in
        --json) json=--json ;;
        -*) die "usage: ./dev bench [name] [--json]" ;;
        *) names+=("$argument") ;;
        esac
    done
    if [ ${#names[@]} = 0 ]; then
        mapfile -t names < <(cd "$ROOT/tools/bench" && find . -maxdepth 1 -name '[a-z]*.py' -not -name 'lib*.py' -printf '%f\n' | sed 's/\.py$//' | sort)
    fi
    [ ${#names[@]} -gt 0 ] || die "there is no benchmark in tools/bench"
    for name in "${names[@]}"; do
        [ -f "$ROOT/tools/bench/$name.py" ] || die "no benchmark '$name' in tools/bench"
    done
    build_release
    for name in "${names[@]}"; do
        say "== bench $name"
        python3 "$ROOT/tools/bench/$name.py" --build "$ROOT/build" $json || failed=1
    done
    return $failed
}
