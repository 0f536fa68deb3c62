#!/bin/sh
# Runs kolo's rows of the conformance suite, kolo's unit tests, and the demos on
# kolo's two executors, under AddressSanitizer (with LeakSanitizer) and
# ThreadSanitizer. Needs a nightly
# toolchain; what is missing is named, skipped, and no failure. Succeeds if no
# test failed and nothing was reported.
#
#   tests/sanitize.sh [address] [thread] [-- arguments of the suite]
#
# With arguments of the suite (its filter is one string, as '[kolo-current] p05'),
# the suite alone is run. A test that can't run where the sanitizer is must be named
# below, with the reason.
#
# ThreadSanitizer sees only what is compiled with it, and knows no fences. std
# comes ready-made. So kolo is built with `--cfg kolo_tsan`, which lets its locks
# be seen (runtime/src/loom/seen.rs), and is run twice:
#
#   as written   memory orders as they are in the source; what happens below the
#                drop of an Arc, which ends in a fence, is not looked at
#   as SeqCst    each atomic taken as SeqCst, so that no fence is needed; what
#                happens below the drop of an Arc is looked at
#
# Three races are planted in runtime/src/loom/seen_tests.rs: each pass must report
# those that are its to find, or all its silence says nothing.
#
# Each report is either real, or gets a line in tests/tsan.supp: a function's
# name, and the loom model that covers it or whose code it is. Reports are in full in the logs.
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
libraries=$(rustc +nightly --print sysroot)/lib/rustlib/$target/lib

# Suppressions go by a function's name, and names come from here.
symbolizer=
for found in llvm-symbolizer /usr/lib/llvm-*/bin/llvm-symbolizer; do
    if command -v "$found" >/dev/null 2>&1; then
        symbolizer=$(command -v "$found")
        break
    fi
done

# These leave their process short of what a sanitizer needs itself: addresses, and
# descriptors.
short_of='--skip block_in_place_says_so_if --skip hears_though_no_descriptor_is_left'

# A hang takes longer to tell from slowness here.
export KOLO_TESTS_GUARD_SECS="${KOLO_TESTS_GUARD_SECS:-300}"

top=${CARGO_TARGET_DIR:-target}
summary=
failed=0

# say LINE: prints it, and keeps it for the summary.
say() {
    echo "sanitize: $1"
    summary="$summary  $1
"
}

# build KIND FLAGS...: the tests of the suite and of the library.
build() {
    kind=$1
    shift
    flags="-Zsanitizer=$kind -Cunsafe-allow-abi-mismatch=sanitizer $*"
    logs=$top/sanitize-$kind
    mkdir -p "$logs"
    echo "sanitize: $kind, building"
    cargo_test suite --no-run && cargo_test unit --no-run
}

# demos NAME: each demo on kolo's executors, a short while; all must hold and report
# nothing.
demos() {
    log=$logs/$(echo "$1" | tr ' ,' '--').log
    : >"$log"
    RUSTFLAGS=$flags CARGO_TARGET_DIR=$logs cargo +nightly build --quiet --target "$target" -p kolo-demos >>"$log" 2>&1 || :
    program=$logs/$target/debug/demos
    played=0
    broken=
    for demo in $("$program" list --format json | sed -n '/"runtimes"/q; s/^ *"name": "\([a-z-]*\)".*/\1/p'); do
        echo "==== $demo" >>"$log"
        if "$program" run "$demo" --rt kolo-current,kolo-multi --time-scale 0.02 --items 5000 --seed 7 >>"$log" 2>&1 </dev/null; then
            played=$((played + 1))
        else
            broken="$broken $demo"
        fi
    done
    reports=$(reports_in "$log")
    if [ -z "$broken" ] && [ "$reports" = 0 ] && [ "$played" -gt 0 ]; then
        say "$1: $played played, nothing reported"
        return
    fi
    failed=1
    grep -e '^SUMMARY: ' "$log" | sort | uniq -c | sort -rn | head -n 40
    say "$1: FAILED (played: $played, failed:${broken:- none}, reports: $reports), see $log"
}

# How often a sanitizer spoke up.
reports_in() {
    grep -c -e '^WARNING: ThreadSanitizer' -e 'ERROR: [A-Z][a-z]*Sanitizer' "$1" || :
}

# cargo_test suite|unit ...: runs cargo for what `build` was last called for.
cargo_test() {
    case $1 in
        suite) what="-p kolo-tests --test conformance" ;;
        unit) what="-p kolo --lib" ;;
    esac
    shift
    # shellcheck disable=SC2086 # several words
    RUSTFLAGS=$flags CARGO_TARGET_DIR=$logs cargo +nightly test --quiet --target "$target" $what "$@"
}

# run NAME suite|unit ...: one run, which must pass and report nothing.
run() {
    name=$1
    log=$logs/$(echo "$name" | tr ' ,' '--').log
    shift
    status=0
    cargo_test "$@" >"$log" 2>&1 || status=$?
    passed=$(sed -n 's/^test result: .* \([0-9]* passed\).*/\1/p' "$log")
    reports=$(reports_in "$log")
    if [ "$status" = 0 ] && [ "$reports" = 0 ] && [ -n "$passed" ]; then
        say "$name: $passed, nothing reported"
        return
    fi
    failed=1
    grep -e '^SUMMARY: ' -e 'FAILED' -e '^error' "$log" | sort | uniq -c | sort -rn | head -n 40
    say "$name: FAILED (${passed:-nothing passed}, reports: $reports), see $log"
}

# finds NAME TEST: one run of a planted race, which must be reported.
finds() {
    log=$logs/planted.log
    if cargo_test unit -- --ignored --exact --test-threads=1 "loom::seen::tests::$2" >"$log" 2>&1; then
        failed=1
        say "$1: FAILED, $2 is not reported"
    elif grep -q '^SUMMARY: ThreadSanitizer: data race' "$log" && grep -q '1 passed' "$log"; then
        say "$1: $2 is reported, as it must be"
    else
        failed=1
        tail -n 20 "$log"
        say "$1: FAILED, $2 did not run"
    fi
}

address() {
    if ! [ -e "$libraries/librustc-nightly_rt.asan.a" ]; then
        say "address: skipped, nightly has no AddressSanitizer"
        return
    fi
    export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp print_suppressions=0"
    export ASAN_OPTIONS="detect_leaks=1"
    [ -z "$symbolizer" ] || export ASAN_SYMBOLIZER_PATH="$symbolizer"
    build address
    run "address, suite" suite -- "${@:-[kolo-}"
    [ $# -gt 0 ] || {
        # shellcheck disable=SC2086 # several words
        run "address, unit tests" unit -- $short_of
        demos "address, demos"
    }
}

thread() {
    if ! [ -e "$libraries/librustc-nightly_rt.tsan.a" ]; then
        say "thread: skipped, nightly has no ThreadSanitizer"
        return
    fi
    if [ -z "$symbolizer" ]; then
        say "thread: skipped, no llvm-symbolizer (Debian's package llvm)"
        return
    fi
    build thread --cfg kolo_tsan
    cat tests/tsan.supp tests/tsan-arc.supp >"$logs/as-written.supp"
    for pass in written SeqCst; do
        case $pass in
            written)
                suppressions=$(cd "$logs" && pwd)/as-written.supp
                seq_cst=0
                hidden=planted_behind_a_relaxed_flag
                ;;
            SeqCst)
                suppressions=$PWD/tests/tsan.supp
                seq_cst=1
                hidden=planted_below_the_drop_of_an_arc
                ;;
        esac
        export TSAN_OPTIONS="suppressions=$suppressions force_seq_cst_atomics=$seq_cst \
history_size=4 exitcode=66 external_symbolizer_path=$symbolizer"
        # One test at a time: how libtest ends its threads is not seen.
        run "thread, as $pass, suite" suite -- --test-threads=1 "${@:-[kolo-}"
        if [ $# = 0 ]; then
            # ThreadSanitizer puts a signal's handler off until the thread that got the
            # signal calls something it intercepts. One that waits in std's futex never
            # does, and signals_from_other_threads_at_any_moment waits for ever.
            # shellcheck disable=SC2086
            run "thread, as $pass, unit tests" unit -- --test-threads=1 $short_of \
                --skip signals_from_other_threads_at_any_moment
            finds "thread, as $pass" planted_in_the_open
            finds "thread, as $pass" "$hidden"
            demos "thread, as $pass, demos"
        fi
    done
}

for kind in ${kinds:-address thread}; do
    "$kind" "$@"
done
printf 'sanitize: summary\n%s' "$summary"
exit $failed
