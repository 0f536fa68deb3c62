#!/bin/sh
# Runs kolo's rows of the conformance suite under AddressSanitizer and
# ThreadSanitizer. Needs a nightly toolchain; where there is none it says so and
# succeeds.
#
#   tests/sanitize.sh [address] [thread] [-- arguments of the suite]
#
# ThreadSanitizer sees only what is compiled with it. std comes ready-made and is
# not: the slow path of its Mutex and the fence in the drop of its Arc are then
# invisible, and what they order is reported as a race: hundreds of reports in one
# run, in which a real one drowns. So this step rebuilds std, which needs the
# component rust-src; without it the step is skipped, by name. To look at the
# reports all the same: KOLO_TSAN_WITHOUT_STD=1.
#
# Each report is either real, or gets a line in tests/tsan.supp: a function's
# name, and the loom model that covers it.
set -eu
cd "$(dirname "$0")/.."

kinds=
while [ $# -gt 0 ]; do
    case "$1" in
        thread | address) kinds="$kinds $1"; shift ;;
        --) shift; break ;;
        *) echo "usage: tests/sanitize.sh [address] [thread] [-- arguments of the suite]" >&2; exit 2 ;;
    esac
done

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "sanitize: skipped, no nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
target=$(cargo +nightly -vV | sed -n 's/^host: //p')
case "$target" in
    x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu) ;;
    *) echo "sanitize: skipped, no sanitizers for $target"; exit 0 ;;
esac
src="$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock"

# A hang takes longer to tell from slowness here.
export KOLO_TESTS_GUARD_SECS="${KOLO_TESTS_GUARD_SECS:-300}"
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp history_size=4 ${TSAN_OPTIONS:-}"

for kind in ${kinds:-address thread}; do
    std=
    if [ "$kind" = thread ]; then
        if [ -f "$src" ]; then
            std=-Zbuild-std
        elif [ -z "${KOLO_TSAN_WITHOUT_STD:-}" ]; then
            echo "sanitize: thread skipped, no source of std (rustup component add rust-src --toolchain nightly)"
            continue
        fi
    fi
    echo "sanitize: $kind"
    # shellcheck disable=SC2086 # $std is one word or none
    RUSTFLAGS="-Zsanitizer=$kind -Cunsafe-allow-abi-mismatch=sanitizer" \
        CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize-$kind" \
        cargo +nightly test $std --target "$target" -p kolo-tests --test conformance -- '[kolo-' "$@"
done
