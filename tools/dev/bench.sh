# SPDX-License-Identifier: MIT
# ./dev bench [name [arguments]] [--json]: runs tools/bench/NAME.py (all of them without a name) on the release build;
# what follows the name is the script's (`./dev bench jitter --help`). With --json each prints one line
# {"bench":NAME,"rows":[...]} on stdout; the status is 1 if a row misses its limit.

dev_main() {
    local names=() passed=() name failed=0
    case ${1:-} in
    '' | --json)
        passed=("$@")
        mapfile -t names < <(cd "$ROOT/tools/bench" && grep -l '^if __name__' [a-z]*.py | grep -v -e '^lib' -e _ | sed 's/\.py$//' | sort)
        ;;
    -*) die "usage: ./dev bench [name [arguments]] [--json]" ;;
    *)
        names=("$1")
        passed=("${@:2}")
        ;;
    esac
    [ ${#names[@]} -gt 0 ] || die "there is no benchmark in tools/bench"
    for name in "${names[@]}"; do
        [ -f "$ROOT/tools/bench/$name.py" ] || die "no benchmark '$name' in tools/bench"
    done
    build_release
    for name in "${names[@]}"; do
        say "== bench $name"
        [ "$name" != jitter ] || python_venv
        [ "$name" != phone ] || npm_tools
        python3 "$ROOT/tools/bench/$name.py" --build "$ROOT/build" "${passed[@]}" || failed=1
    done
    return $failed
}
