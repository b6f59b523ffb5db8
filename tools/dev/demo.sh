# SPDX-License-Identifier: MIT
# ./dev demo: release build into build/, then `irisx demo` in its place; stdout carries only what irisx prints.

dev_main() {
    build_setup build --buildtype=release -Dtests=false
    build_targets build
    exec "$ROOT/build/src/cli/irisx" demo "$@"
}
