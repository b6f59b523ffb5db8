# SPDX-License-Identifier: MIT
# Installs what is missing of tools/packages.txt. Only apt-get itself ever runs as root.

# packages_listed SECTION...: one line "package [command]" each.
packages_listed() {
    local wanted=" $* " section='' line
    while read -r line; do
        read -r line <<<"${line%%#*}" # without comment and blanks around
        case $line in
        '') ;;
        '['*']') section=${line#[} section=${section%]} ;;
        *) case $wanted in *" $section "*) printf '%s\n' "$line" ;; esac ;;
        esac
    done <"$ROOT/tools/packages.txt"
    return 0
}

# packages_missing SECTION...: names of packages that are not installed and whose command is not there either.
packages_missing() {
    local installed package command
    installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')"
    packages_listed "$@" | sort -u | while read -r package command; do
        case $installed in *" $package "*) continue ;; esac
        [ -n "$command" ] && command -v "$command" >/dev/null && continue
        printf '%s\n' "$package"
    done
}

apt_install() {
    local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    local -a install=("${apt[@]}" install -y --no-install-recommends "$@")
    # Without package lists (a fresh container) or with stale ones the first attempt fails: update once, try again.
    if "${as_root[@]}" apt-get -qq --no-install-recommends --simulate install "$@" >/dev/null 2>&1 &&
        "${as_root[@]}" "${install[@]}" >&2; then
        return 0
    fi
    "${as_root[@]}" "${apt[@]}" update >&2 || return 1
    "${as_root[@]}" "${install[@]}" >&2
}

packages_need() {
    local -a missing as_root=()
    if ! command -v dpkg-query >/dev/null; then
        say "dev: this is not Debian; tools/packages.txt says what has to be there"
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
            say "dev: Debian packages are missing and there is no root here to install them. Run:"
            say "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
            exit 1
        fi
        as_root=(sudo -n)
    fi
    say "== install ${#missing[@]} Debian packages: ${missing[*]}"
    apt_install "${missing[@]}" </dev/null || die "apt-get could not install: ${missing[*]}"
}
