#!/bin/sh
# Installs what is missing and says what it does: Python packages into .venv, and with apt (as root, or by sudo where it
# asks for no password) the programs that cannot come from there. Where it may not install, it names the line that does.
#   setup.sh run     what the demo needs: Mosquitto
#   setup.sh test    that, and PostgreSQL, Chromium and pdftotext for the tests
#   setup.sh check   Python packages alone
set -eu
cd "$(dirname "$0")/../.."
purpose=${1:-run}
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() { # install PACKAGE…
    if ! command -v apt-get >/dev/null 2>&1 || ! as_root true 2>/dev/null; then
        stop "Missing: $*. Please install it and run this again:  sudo apt-get install $*"
    fi
    say "Installing $* …"
    [ -n "${apt_updated:-}" ] || as_root apt-get update -qq || say "apt-get update failed; trying with the lists at hand"
    apt_updated=yes
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        stop "Could not install $*. Please install it and run this again:  sudo apt-get install $*"
}

have "$python" || install python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "Python 3.11 or newer is needed; set PYTHON=…"
"$python" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv

case $purpose in
run) sets="agent server" ;;
test | check) sets="dev" ;;
*) stop "setup.sh run | test | check" ;;
esac

# The development set contains the other two: once it is there, they are.
files=""
for set in $sets; do files="$files requirements/$set.txt"; done
wanted=$(cat $files pyproject.toml | cksum)
if [ "$(cat .venv/prolab-dev 2>/dev/null || true)" = "$(cat requirements/dev.txt pyproject.toml | cksum)" ]; then
    :
elif [ "$(cat .venv/prolab-set 2>/dev/null || true)" != "$wanted" ]; then
    say "Installing Python packages into .venv …"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    arguments=""
    for file in $files; do arguments="$arguments -r $file"; done
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $arguments
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    if [ "$sets" = dev ]; then printf '%s\n' "$wanted" >.venv/prolab-dev; else printf '%s\n' "$wanted" >.venv/prolab-set; fi
fi

[ "$purpose" = check ] && exit 0
have mosquitto || install mosquitto
[ "$purpose" = test ] || exit 0
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || install postgresql
have chromium || install chromium
have pdftotext || install poppler-utils
have strace || install strace
