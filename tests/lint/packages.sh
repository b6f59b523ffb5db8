#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/dev/packages.sh with a Debian made of fakes: what is asked of apt, as whom, and what is said without root. TAP.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
number=0

fake() { printf '#!/bin/sh\n%s\n' "$2" >"$WORK/bin/$1" && chmod +x "$WORK/bin/$1"; }

# case_of UID INSTALLED SUDO APT_INSTALL_STATUS: runs packages_need product in that world; $out, $status, $WORK/calls
case_of() {
    rm -rf "$WORK/bin" "$WORK/calls" && mkdir -p "$WORK/bin" "$WORK/root/tools" && : >"$WORK/calls"
    printf '# comment\n[product]   # why\nalpha\nbeta   sh   # sh is always there\ngamma\n[test]\ndelta\n' >"$WORK/root/tools/packages.txt"
    fake id "echo $1"
    fake dpkg-query "for p in $2; do echo \"installed \$p\"; done; echo 'config-files gamma'"
    fake apt-get "echo \"apt-get \$DEBIAN_FRONTEND \$*\" >>$WORK/calls
case \"\$*\" in *' install '*) exit \$(cat $WORK/apt-status 2>/dev/null || echo 0);; *update*) echo 0 >$WORK/apt-status;; esac"
    echo "$4" >"$WORK/apt-status"
    # shellcheck disable=SC2016
    case $3 in
    yes) fake sudo "echo \"sudo \$*\" >>$WORK/calls"$'\n[ "$1" = -n ] && shift; exec "$@"' ;;
    no) fake sudo 'exit 1' ;;
    esac
    [ "$3" = none ] && hidden=sudo || hidden=
    out=$(ROOT="$WORK/root" bash -c '. "$1/tools/dev/common.sh"; . "$1/tools/dev/packages.sh"; PATH="$2/bin:$PATH"
        hidden=$3; command() { [ "$2" = "$hidden" ] && return 1; builtin command "$@"; }
        set -euo pipefail; packages_need product' _ "$ROOT" "$WORK" "$hidden" 2>&1 </dev/null)
    status=$?
    calls=$(cat "$WORK/calls")
}

check() { # check NAME CONDITION...
    local name=$1
    shift
    number=$((number + 1))
    if "$@"; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        printf '%s\n' "status $status" "said: $out" "calls: $calls" | sed 's/^/# /'
        failed=1
    fi
}
has() { case $1 in *"$2"*) true ;; *) false ;; esac }

failed=0
echo 1..8
case_of 0 'alpha gamma' none 0
check 'nothing missing: apt is not called' test "$status/$calls" = 0/

case_of 0 'alpha' none 0
check 'root installs what is missing, without questions and without recommends' \
    has "$calls" 'apt-get noninteractive -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install -y --no-install-recommends gamma'
check 'a command that is there stands for its package' test "$status" = 0 -a "$(has "$calls" beta; echo $?)" = 1

case_of 0 'alpha' none 100
check 'stale package lists are updated once' has "$calls" ' update
apt-get noninteractive -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install'

case_of 1000 'alpha' yes 0
check 'a user with sudo runs apt-get through it, and nothing else' \
    test "$(grep -v -e '^sudo -n \(true\|env DEBIAN_FRONTEND=noninteractive apt-get\|apt-get\)' -e ^apt-get "$WORK/calls")" = ''
check 'and gets the package' has "$calls" 'sudo -n env DEBIAN_FRONTEND=noninteractive apt-get'

case_of 1000 '' no 0
check 'a user without root reads the one line that is missing' \
    has "$out" 'apt-get update && apt-get install -y --no-install-recommends alpha gamma'
check 'and the command fails without calling apt' test "$status/$(has "$calls" apt-get; echo $?)" = 1/1
exit $failed
