# SPDX-License-Identifier: MIT
# Shared by the commands of ./dev: messages, building, dropping root. Everything said here goes to stderr.

say() { printf '%s\n' "$*" >&2; }
die() {
    say "dev: $*"
    exit 1
}

# `sudo ./dev ...`: packages were installed as root; everything else runs as the user who called, so that nothing
# owned by root stays in the tree.
leave_root() {
    [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] || return 0
    local home
    home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
    exec runuser -u "$SUDO_USER" -- env -u SUDO_USER -u SUDO_UID -u SUDO_GID -u SUDO_COMMAND \
        HOME="$home" USER="$SUDO_USER" LOGNAME="$SUDO_USER" IRISX_DEV_PACKAGES_DONE=1 "$ROOT/dev" "$@"
}

# Debian's own tools first: a pyenv or a foreign pkg-config in PATH must not change what is built.
export PATH="/usr/bin:/bin:/usr/sbin:/sbin:$PATH"

# build_setup DIR OPTION...: configures DIR; again when the options differ from the last time, or when a folder got
# or lost its meson.build (meson looks for them but does not watch for new ones).
build_setup() {
    local dir=$1 stamp="$ROOT/$1/.dev-options" mode=() wanted
    shift
    wanted="$* CC=${CC:-}
$(cd "$ROOT" && find src tests examples bindings pkgconfig tools -name meson.build -not -path '*/node_modules/*' 2>/dev/null | sort || true)"
    if [ -f "$ROOT/$dir/build.ninja" ] && [ -f "$stamp" ]; then
        [ "$(cat "$stamp")" = "$wanted" ] && return 0
        [ "$(head -n 1 "$stamp")" = "$(head -n 1 <<<"$wanted")" ] && mode=(--reconfigure)
    fi
    say "== configure $dir ($*)"
    [ ${#mode[@]} -gt 0 ] || rm -rf "${ROOT:?}/$dir"
    mkdir -p "$ROOT/$dir"
    if ! meson setup "${mode[@]}" "$ROOT/$dir" "$ROOT" "$@" >"$ROOT/$dir/dev-setup.log" 2>&1; then
        tail -n 40 "$ROOT/$dir/dev-setup.log" >&2
        die "configuring $dir failed (whole log: $dir/dev-setup.log)"
    fi
    printf '%s\n' "$wanted" >"$stamp"
}

# build_targets DIR [TARGET...]: ninja, progress to stderr.
build_targets() {
    local dir=$1
    shift
    ninja -C "$ROOT/$dir" "$@" >&2 || die "building $dir failed (the compiler's words are above)"
}

# The product as it is shipped, in build/: small; meson.build names the folders that are made for speed.
build_release() {
    build_setup build -Doptimization=s -Ddebug=false -Dtests=false
    build_targets build "$@"
}

# One pinned virtual environment for the Python tools of the tests and benches; made on first need.
python_venv() {
    local venv="$ROOT/.venv" list="$ROOT/tools/requirements.txt"
    if ! cmp -s "$list" "$venv/.installed"; then
        say "== python tools into .venv (tools/requirements.txt)"
        rm -rf "$venv"
        if ! { python3 -m venv "$venv" && "$venv/bin/pip" --disable-pip-version-check install --quiet \
            --requirement "$list"; } >&2; then
            say "dev: pip could not install tools/requirements.txt; what needs it will fail"
            return 0
        fi
        cp "$list" "$venv/.installed"
    fi
    export PATH="$venv/bin:$PATH"
}

# The npm tools of tests/interop, as its lock file says; made on first need.
npm_tools() {
    local dir="$ROOT/tests/interop"
    [ -f "$dir/package-lock.json" ] || return 0
    if ! cmp -s "$dir/package-lock.json" "$dir/node_modules/.installed"; then
        say "== npm tools into tests/interop/node_modules (package-lock.json)"
        if ! (cd "$dir" && npm ci --no-audit --no-fund --ignore-scripts >&2); then
            say "dev: npm ci in tests/interop failed; what needs it will fail"
            return 0
        fi
        cp "$dir/package-lock.json" "$dir/node_modules/.installed"
    fi
}
