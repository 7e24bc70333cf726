# shellcheck shell=bash
# Sourced by run.sh: WebSocket by extended CONNECT, with crate `h2`, with axum and with Node's HTTP/2.

# Both clients of an echo over HTTP/2, and what it says no to.
http2_server() {
    local name=$1 url=$2 closer
    for closer in client server; do
        # shellcheck disable=SC2086 # the program and its script
        check "node client over HTTP/2, $name, the $closer closes" timeout 120 ${peer[node]} client-h2 "$url" "$closer"
    done
    check "h2 client, $name" timeout 60 "$parties/h2_client" "$url"
    # shellcheck disable=SC2086 # the program and its script
    check "node client over HTTP/2, $name, another protocol" \
        is_refused timeout 60 ${peer[node]} refused-h2 "$url" :protocol connect-udp -- 501
    # shellcheck disable=SC2086 # the program and its script
    check "node client over HTTP/2, $name, a page of another origin" \
        is_refused timeout 60 ${peer[node]} refused-h2 "$url" origin http://example.com -- 403 Origin
}

# Passes when both sides are content.
h2_client_of_node() {
    local status=0
    # shellcheck disable=SC2086 # the program and its script
    start_server timeout 60 ${peer[node]} server-h2 client 18 || return
    timeout 60 "$parties/h2_client" "ws://$address/" || status=$?
    if ((status != 0)); then
        stop_server
    else
        wait "$server" || status=$?
    fi
    tail -n 1 "$peers/server.log"
    return "$status"
}

start_server "$parties/h2_server"
http2_server "h2 server" "ws://$address/"
stop_server

start_server "$parties/axum_server"
http2_server "axum server" "ws://$address/echo"
check "h2 client, axum server, a path that it does not have" \
    is_refused timeout 60 "$parties/h2_client" "ws://$address/nothing" -- 404
check "curl over HTTP/2, axum server, no extended CONNECT" \
    answers 400 'Upgrade' --http2-prior-knowledge "http://$address/echo"
stop_server

check "h2 client, node server" h2_client_of_node
# shellcheck disable=SC2086 # the program and its script
start_server ${peer[node]} server-h2 client 18
check "h2 client, node server, a refusal" \
    is_refused timeout 60 "$parties/h2_client" "ws://$address/members" -- 401 'members only'
stop_server
