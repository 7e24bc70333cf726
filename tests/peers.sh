# shellcheck shell=bash
# Sourced by the runners in this folder: builds what they drive, starts servers on free ports, counts results.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
peers=$target/peers
passed=0
failed=0
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# The command, and the examples of both adapters.
build_peers() {
    local adapter example
    (cd "$root" && cargo build --quiet --locked --release --package switchover-cli)
    install -D "$target/release/switchover" "$peers/switchover"
    for adapter in tokio blocking; do
        (cd "$root" && cargo build --quiet --locked --release --package "switchover-$adapter" --examples)
        for example in echo_server autobahn_client exchange; do
            install -D "$target/release/examples/${adapter}_$example" "$peers/$adapter/$example"
        done
    done
}

# start_server COMMAND...   sets $server to its process id and $address to the 127.0.0.1:PORT it prints
start_server() {
    local log=$target/peers/server.log
    : >"$log" # before the server starts: no address of an earlier one may be read
    "$@" >>"$log" 2>&1 &
    server=$!
    for _ in {1..100}; do
        address=$(sed -nE 's|.*ws://(127\.0\.0\.1:[0-9]+).*|\1|p' "$log")
        [ -z "$address" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo "no address was printed by: $*" >&2
    cat "$log" >&2
    return 1
}

# stop_server [PROCESS]   by default the one started last
stop_server() {
    kill "${1:-$server}"
    wait "${1:-$server}" 2>/dev/null || true
}

# check NAME COMMAND...   runs COMMAND for at most two minutes; its output is shown when it fails
check() {
    local name=$1 output started=$SECONDS
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        printf 'ok      %s (%s s) %s\n' "$name" "$((SECONDS - started))" "$(tail -n 1 <<<"$output")"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n%s\n' "$name" "$(tail -n 20 <<<"$output")"
    fi
}

# connect_pipes_lines URL [OPTION...]   `switchover connect` to an echo gives back what it was given
connect_pipes_lines() {
    local lines=$'one\ntwo é 😀\n\nfour'
    [ "$(printf '%s\n' "$lines" | timeout 20 "$peers/switchover" connect "$@")" = "$lines" ]
}

# connect_is_refused URL TEXT...   `switchover connect` fails, and shows each TEXT of the refusal
connect_is_refused() { is_refused timeout 20 "$peers/switchover" connect "$1" -- "${@:2}"; }

# is_refused COMMAND... -- TEXT...   COMMAND fails by itself, and what it says has each TEXT
is_refused() {
    local command=() output status=0 text
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    output=$("${command[@]}" 2>&1 </dev/null) || status=$?
    printf '%s\n' "$output"
    ((status != 0 && status != 124)) || return 1
    for text in "$@"; do
        grep -qF -- "$text" <<<"$output" || return 1
    done
    echo "$*"
}
