# SPDX-License-Identifier: MIT
# ./dev size: what the stripped release library weighs, and the share of each folder of src/.

dev_main() {
    build_release
    local lib
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    lib=$(ls "$ROOT"/build/libirisx-client.so.*.*.*[0-9] | tail -n 1)
    strip --strip-unneeded -o "$work/lib.so" "$lib"
    printf '%-28s %9s\n' 'libirisx-client.so, stripped' "$(stat -c '%s' "$work/lib.so") B"
    size -A "$work/lib.so" | awk '$1 ~ /^\.(text|rodata|data\.rel\.ro|data|bss|eh_frame|rela\.dyn)$/ { printf "  %-26s %9d B\n", $1, $2 }'
    for program in "$ROOT/build/src/cli/irisx" "$ROOT/build/src/sandbox/irisx-sandbox"; do
        [ -f "$program" ] || continue
        strip --strip-unneeded -o "$work/program" "$program"
        printf '%-28s %9s\n' "$(basename "$program"), stripped" "$(stat -c '%s' "$work/program") B"
    done
    echo 'code and data by folder (before the linker drops what is unused):'
    for archive in "$ROOT"/build/src/*/libix_*.a; do
        size -t "$archive" | awk -v name="$(basename "$archive" .a)" \
            'END { printf "  %-26s %9d B\n", substr(name, 4), $1 + $2 }'
    done | sort -k 2 -n -r
}
