#!/usr/bin/env bash
# run.sh [CASE...]   the suite against both adapters, each as server and as client
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
here=$root/tests/autobahn

# suite NAME COMMAND...   runs one side, shows its table and adds its counts
suite() {
    local name=$1 output status=0 good=0 bad=0
    shift
    echo "== $name"
    output=$("$@" 2>&1) || status=$?
    printf '%s\n\n' "$output"
    read -r _ good _ bad _ < <(grep -E '^autobahn: [0-9]+ passed, [0-9]+ failed$' <<<"$output") || true
    ((status == 0 || bad > 0)) || bad=1
    passed=$((passed + good)) failed=$((failed + bad))
}

"$here/setup.sh" "$target/autobahn"
build_peers
for adapter in tokio blocking; do
    start_server "$peers/$adapter/echo_server" 127.0.0.1:0
    suite "$adapter server" "$here/server.sh" "ws://$address" "$@"
    stop_server
done
for adapter in tokio blocking; do
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    suite "$adapter client" "$here/client.sh" "$port" "$@" -- "$peers/$adapter/autobahn_client" "ws://127.0.0.1:$port"
done
echo "autobahn: $passed passed, $failed failed"
((passed > 0 && failed == 0))
