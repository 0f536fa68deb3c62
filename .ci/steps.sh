# What .ci/run and .ci/full share. Sourced by them, from the top of the clone.

set -Eeuo pipefail
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
# Nothing is compiled twice here, so there is nothing to keep for a second time.
export CARGO_INCREMENTAL=0

began=$SECONDS
now_at="the start"
mkdir -p target/ci
trap 'echo "ci: FAILED at: $now_at (after $((SECONDS - began)) s)" >&2' ERR

# step HEADING COMMAND...: runs it under a heading, and says how long it took.
step() {
    now_at=$1
    shift
    printf '\n==== %s\n' "$now_at"
    local start=$SECONDS
    "$@"
    printf '==== %s: %d s\n' "$now_at" $((SECONDS - start))
}

say() { printf 'ci: %s\n' "$*"; }

# valgrind counts instructions for `compare`, strace system calls, and wrk asks
# hyper; python3-venv makes the venv, and cc links. Without all but the last, rows
# are skipped, and say so.
debian_packages() {
    local packages=()
    local tool
    for tool in valgrind strace wrk; do
        command -v "$tool" >/dev/null || packages+=("$tool")
    done
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
    command -v cc >/dev/null || packages+=(gcc libc6-dev)
    if [ ${#packages[@]} = 0 ]; then
        say "all there"
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get -q update &&
            DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${packages[@]}"; } \
            >target/ci/apt.log 2>&1 || say "not installed: ${packages[*]} (see target/ci/apt.log)"
    else
        say "not installed, for want of root and apt-get: ${packages[*]}"
    fi
}

# uvloop, for the rows of `loop` that Python plays. `python` is what --python gets.
python=python3
venv_with_uvloop() {
    if [ ! -x target/ci/venv/bin/python ]; then
        python3 -m venv target/ci/venv || { say "no venv: the demos go on without uvloop"; return 0; }
    fi
    python=$PWD/target/ci/venv/bin/python
    "$python" -c 'import uvloop' 2>/dev/null ||
        "$python" -m pip install --quiet --disable-pip-version-check uvloop ||
        say "no uvloop from PyPI: the demos go on without it"
    # The commands that name no Python find it too.
    export PATH="$PWD/target/ci/venv/bin:$PATH"
}

# conclude LOG...: ends with the time, and the sum of what the tests in LOGs said.
conclude() {
    local sum
    sum=$(cat "$@" | awk '
        /^test result: / { passed += $4; failed += $6; ignored += $8 }
        END { printf "test result: %s. %d passed; %d failed; %d ignored", (failed ? "FAILED" : "ok"), passed, failed, ignored }')
    printf '\nci: every step passed, in %d s; of all tests together:\n%s\n' $((SECONDS - began)) "$sum"
}
