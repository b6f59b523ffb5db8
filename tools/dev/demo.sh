# SPDX-License-Identifier: MIT
# ./dev demo: release build into build/, then `irisx demo` in its place; stdout carries only what irisx prints.

dev_main() {
    build_release
    exec "$ROOT/build/src/cli/irisx" demo "$@"
}
