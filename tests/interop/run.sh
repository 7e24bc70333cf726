#!/usr/bin/env bash
# The two adapters and the command against Python's `websockets`, Node's `ws` and curl, over loopback.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
. "$root/tests/languages.sh"
. "$root/tests/curl.sh"
here=$root/tests/interop

# as_server NAME COMMAND... -- CLOSER...   both peers as clients of COMMAND, for each side that closes
as_server() {
    local name=$1 command=()
    shift
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    start_server "${command[@]}"
    foreign_clients "$name" "ws://$address/" "$@"
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

set_up_languages
build_peers
as_server "switchover serve" "$peers/switchover" serve --listen 127.0.0.1:0 -- client
for adapter in tokio blocking; do
    as_server "$adapter echo_server" "$peers/$adapter/echo_server" 127.0.0.1:0 -- client server
    as_client "$adapter"
done
. "$here/deflate.sh"
. "$here/curl.sh"
echo "interop: $passed passed, $failed failed"
((passed > 0 && failed == 0))
