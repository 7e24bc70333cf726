# shellcheck shell=bash
# Sourced by run.sh: hyper and axum as servers, hyper as a client.

# embedded NAME URL   what clients say to an echo on URL
embedded() {
    local adapter closer
    foreign_clients "$1" "$2" client server
    for adapter in tokio blocking; do
        for closer in self peer; do
            check "$adapter exchange, $1, closed by: $closer" \
                timeout 120 "$peers/$adapter/exchange" "$2" --close "$closer"
        done
    done
    check "hyper client, $1" timeout 60 "$parties/hyper_client" "$2"
    check "curl, $1, WebSocket's version 12" upgrade 426 'Sec-WebSocket-Version: 13' 12 "http:${2#ws:}"
}

start_server "$parties/hyper_server"
embedded "hyper server" "ws://$address/"
check "curl, hyper server, no Upgrade" answers 200 HTTP "http://$address/"
check "curl, hyper server, an Upgrade with content" upgrade 400 'content' 13 "http://$address/" --request GET --data x
stop_server

start_server "$parties/axum_server"
embedded "axum server" "ws://$address/echo"
check "curl, axum server, a page" answers 200 WebSocket "http://$address/"
check "curl, axum server, no Upgrade" answers 426 'Upgrade: websocket' "http://$address/echo"
check "curl, axum server, POST" answers 405 'Allow: GET' --data x "http://$address/echo"
check "connect, axum server, a path that it does not have" connect_is_refused "ws://$address/nothing" 404
stop_server

start_server "$peers/switchover" serve --listen 127.0.0.1:0
check "hyper client, switchover serve" timeout 60 "$parties/hyper_client" "ws://$address/"
stop_server
# shellcheck disable=SC2086 # the program and its script
start_server ${peer[python]} refuse
check "hyper client, a refusal with its body" is_refused timeout 60 "$parties/hyper_client" "ws://$address/" -- 401 'members only'
stop_server
