# SPDX-License-Identifier: MIT
# ./dev format [file ...]: clang-format in place; without names, the C files that differ from main or are new.

dev_main() {
    local files=("$@")
    if [ ${#files[@]} = 0 ]; then
        mapfile -t files < <(cd "$ROOT" && { git diff --name-only --diff-filter=d main -- '*.c' '*.h' 2>/dev/null
            git ls-files -o --exclude-standard -- '*.c' '*.h'; } | sort -u)
        cd "$ROOT"
    fi
    [ ${#files[@]} -gt 0 ] || { say "nothing to format" && return; }
    clang-format -i "${files[@]}"
    say "formatted ${#files[@]} files"
}
