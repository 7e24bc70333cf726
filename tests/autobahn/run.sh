#!/usr/bin/env bash
# run.sh [CASE...]   the suite against both adapters, each as server and as client
#
# Without a CASE all 517, but compression (groups 12 and 13), which takes ten minutes and more, for one server and one client.
# WHOLE=1 has all of it for all four.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
here=$root/tests/autobahn

WITHOUT_COMPRESSION=('1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*')

# count OUTPUT STATUS   shows the table of one side and adds its counts
count() {
    local good=0 bad=0
    cat "$1"
    echo
    read -r _ good _ bad _ < <(grep -E '^autobahn: [0-9]+ passed, [0-9]+ failed$' "$1") || true
    (($2 == 0 || bad > 0)) || bad=1
    passed=$((passed + good)) failed=$((failed + bad))
}

# both SERVER CLIENT [CASE...]   the server of one adapter and the client of another, side by side
both() {
    local as_server=$1 as_client=$2 port logs=$target/autobahn suite status=0
    shift 2
    start_server "$peers/$as_server/echo_server" 127.0.0.1:0
    (echo "== $as_server server" && "$here/server.sh" "ws://$address" "$@") >"$logs/server.log" 2>&1 &
    suite=$!
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (echo "== $as_client client" &&
        "$here/client.sh" "$port" "$@" -- "$peers/$as_client/autobahn_client" "ws://127.0.0.1:$port") \
        >"$logs/client.log" 2>&1 || status=$?
    count "$logs/client.log" "$status"
    status=0
    wait "$suite" || status=$?
    count "$logs/server.log" "$status"
    stop_server
}

"$here/setup.sh" "$target/autobahn"
build_peers
if (($# > 0)); then
    both tokio blocking "$@"
    both blocking tokio "$@"
else
    both tokio blocking '*'
    if [ -n "${WHOLE:-}" ]; then
        both blocking tokio '*'
    else
        both blocking tokio "${WITHOUT_COMPRESSION[@]}"
    fi
fi
echo "autobahn: $passed passed, $failed failed"
((passed > 0 && failed == 0))
