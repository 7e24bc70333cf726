#!/usr/bin/env bash
# The two adapters and the command against Python's `websockets`, Node's `ws` and curl, over loopback.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
here=$root/tests/interop
venv=$target/interop/venv
node=$target/interop/node

set_up() {
    mkdir -p "$venv" "$node"
    if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/installed.txt"
    fi
    if ! cmp -s "$here/package-lock.json" "$node/package-lock.json" || [ ! -d "$node/node_modules/ws" ]; then
        cp "$here/package.json" "$here/package-lock.json" "$node"
        (cd "$node" && npm ci --silent --no-audit --no-fund)
    fi
    export NODE_PATH=$node/node_modules
    peer=(["python"]="$venv/bin/python $here/peer.py" ["node"]="node $here/peer.js")
}

# as_server NAME COMMAND... -- CLOSER...   both peers as clients of COMMAND, for each side that closes
as_server() {
    local name=$1 command=() language closer
    shift
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    start_server "${command[@]}"
    for language in python node; do
        for closer in "$@"; do
            # shellcheck disable=SC2086 # the program and its script
            check "$language client, $name, the $closer closes" \
                timeout 120 ${peer[$language]} client "ws://$address/" "$closer"
        done
    done
    stop_server
}

# as_client ADAPTER   both peers as servers of its `exchange`, for each side that closes
as_client() {
    local language
    for language in python node; do
        check "$1 exchange, $language server, the client closes" exchange "$1" "$language" client self
        check "$1 exchange, $language server, the server closes" exchange "$1" "$language" server peer
    done
}

# exchange ADAPTER LANGUAGE CLOSER CLOSE   passes when both sides are content
exchange() {
    local status=0
    # shellcheck disable=SC2086 # the program and its script
    start_server timeout 120 ${peer[$2]} server "$3" || return
    timeout 120 "$peers/$1/exchange" "ws://$address/" --close "$4" || status=$?
    if ((status != 0)); then
        stop_server
    else
        wait "$server" || status=$?
    fi
    tail -n 1 "$peers/server.log"
    return "$status"
}

declare -A peer
set_up
build_peers
as_server "switchover serve" "$peers/switchover" serve --listen 127.0.0.1:0 -- client
for adapter in tokio blocking; do
    as_server "$adapter echo_server" "$peers/$adapter/echo_server" 127.0.0.1:0 -- client server
    as_client "$adapter"
done
. "$here/curl.sh"
echo "interop: $passed passed, $failed failed"
((passed > 0 && failed == 0))
