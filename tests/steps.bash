# Steps with a name, a log, a time and an outcome; and the table at the end. Sourced by tests/run and .ci/run.
# shellcheck shell=bash
#
#   steps_begin FOLDER      where the logs go
#   step NAME COMMAND…      runs a command, or a function of the caller, in a subshell, its output in a log
#   steps_end               prints the table and the closing line; returns 1 if anything failed
#
# A step passes with 0, is SKIPPED with 77, and fails with anything else. Inside it:
#   note TEXT               what the table says beside the outcome
#   skip REASON             ends the step as SKIPPED
#   count P F S             tests of its own, which then stand in the sum in place of the step
#   left_out NAME: REASON   a test that could not run, listed under the table
#   install_packages NAME…  installs Debian packages, if this user may

readonly SKIPPED=77
names=() outcomes=() times=() notes=()
passed=0 failed=0 skipped=0
logs='' log=''

steps_begin() {
    logs=$1
    rm -rf "$logs"
    mkdir -p "$logs"
    : >"$logs/left-out"
    SECONDS=0
}

step() {
    local name=$1 started=$SECONDS status=0 ticker
    shift
    log=$logs/${name//[ \/]/-}.log
    ticking "$name" "$log" &
    ticker=$!
    ("$@") >"$log" 2>&1 </dev/null || status=$?
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null
    [[ -t 1 ]] && printf '\r\033[K'
    record "$name" "$status" "$started"
    row "$name" "${outcomes[-1]}" "${times[-1]}" "${notes[-1]}"
    if [[ ${outcomes[-1]} == FAILED ]]; then
        show_failure
    fi
}

# Takes a step that has ended into the table and the sum.
record() {
    local name=$1 status=$2 started=$3 outcome
    case $status in
        0) outcome=passed ;;
        "$SKIPPED") outcome=SKIPPED && left_out "$name: $(cat "$log.note")" ;;
        *) outcome=FAILED ;;
    esac
    add_up "$outcome"
    names+=("$name") outcomes+=("$outcome")
    times+=("$(clock $((SECONDS - started)))") notes+=("$(cat "$log.note" 2>/dev/null)")
}

note() { echo "$1" >"$log.note"; }
skip() { note "$1" && exit "$SKIPPED"; }
count() { echo "$1 $2 $3" >"$log.counts"; }
left_out() { echo "SKIPPED $1" >>"$logs/left-out"; }

# A step counts for one, or for the tests it ran. It can fail without a failing test: a test program that dies, or does
# not compile.
add_up() {
    local p=0 f=0 s=0
    [[ -f $log.counts ]] && read -r p f s <"$log.counts"
    if [[ $1 == FAILED && $f -eq 0 ]]; then
        f=1
    elif [[ $((p + f + s)) -eq 0 ]]; then
        case $1 in
            passed) p=1 ;;
            SKIPPED) s=1 ;;
        esac
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

show_failure() {
    local panics
    panics=$(grep -A 6 -E '^---- .* ----$' "$log" | head -n 120)
    echo "  its log is $log; the end of it:"
    { [[ -z $panics ]] || printf '%s\n…\n' "$panics"; tail -n 40 "$log"; } | sed 's/^/  | /'
}

# Installs Debian packages as root, or with a sudo that asks no password; else fails.
install_packages() {
    local as=()
    command -v apt-get || return 1
    if [[ $EUID -ne 0 ]]; then
        sudo -n true || return 1
        as=(sudo -n)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as[@]}" apt-get update && "${as[@]}" apt-get install --yes --no-install-recommends "$@"
}

# What is going on: on a terminal every second in place, elsewhere a line a minute.
ticking() {
    local name=$1 file=$2 began=$SECONDS last
    while sleep 1 >/dev/null 2>&1; do
        last=$(tail -n 1 "$file" 2>/dev/null | tr -d '\r' | cut -c 1-70)
        if [[ -t 1 ]]; then
            printf '\r\033[K'
            row "$name" … "$(clock $((SECONDS - began)))" "$last" | tr -d '\n'
        elif (((SECONDS - began) % 60 == 0)); then
            row "$name" … "$(clock $((SECONDS - began)))" "$last"
        fi
    done
}

row() { printf '%-20s %-8s %6s  %s\n' "$@"; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

steps_end() {
    local i
    echo
    row step outcome time ''
    for i in "${!names[@]}"; do
        row "${names[i]}" "${outcomes[i]}" "${times[i]}" "${notes[i]}"
    done
    echo
    if [[ -s $logs/left-out ]]; then
        cat "$logs/left-out"
        echo
    fi
    printf 'wall time %s, logs in %s\n' "$(clock $SECONDS)" "$logs"
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [[ $failed -eq 0 ]]
}
