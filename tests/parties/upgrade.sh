# shellcheck shell=bash
# Sourced by run.sh: a protocol of its own on connections that were HTTP/1.1, by us, by Node's `http` and by curl.

# lines STATUS TEXT CURL_ARGUMENT...   the answer to a request to switch; behind a 101, curl waits for more
lines() {
    answers "$1" "$2" --max-time 2 --header 'Connection: Upgrade' --header 'Upgrade: h2c, lines/1' "${@:3}"
}

# 100 (Continue) comes first, then the 101, and behind that the content, of which curl has waited to send the first byte.
lines_after_continue() {
    local response
    response=$(lines 101 "$1" --header 'Expect: 100-continue' --expect100-timeout 60 --data "$1" "http://$address/") ||
        { printf '%s\n' "$response"; return 1; }
    grep -E '^HTTP/1.1 1' <<<"$response" | tr '\n' ' '
    [ "$(grep -cE '^HTTP/1.1 1' <<<"$response")" = 2 ] && grep -qxF 'HTTP/1.1 100 Continue' <<<"$response"
}

# speaks_lines NAME   what is said to a server that runs
speaks_lines() {
    local text='a first line'
    check "upgrade client, $1" timeout 60 "$parties/upgrade_client" "$address"
    check "upgrade client, $1, content" timeout 60 "$parties/upgrade_client" "$address" "$text"
    check "node client, $1" timeout 60 node "$here/upgrade.js" client "$address"
    check "node client, $1, content" timeout 60 node "$here/upgrade.js" client "$address" "$text"
    check "curl, $1, lines/1" lines 101 'Upgrade: lines/1' "http://$address/"
    check "curl, $1, content" lines 101 "$text" --data "$text" "http://$address/"
    check "curl, $1, content in chunks" \
        lines 101 "$text" --header 'Transfer-Encoding: chunked' --data "$text" "http://$address/"
    check "curl, $1, content after 100 (Continue)" lines_after_continue "$text"
    check "curl, $1, too much content" lines 413 413 --data "$(printf '%2000s')" "http://$address/"
    check "curl, $1, another method" lines 405 'Allow: GET, POST' --request PUT "http://$address/"
    check "curl, $1, no Upgrade" answers 426 'Upgrade: lines/1' "http://$address/"
    check "curl, $1, h2c alone" answers 426 'Upgrade: lines/1' --http2 "http://$address/"
}

for name in upgrade_server hyper_upgrade_server; do
    start_server "$parties/$name"
    speaks_lines "$name"
    stop_server
done

start_server node "$here/upgrade.js" server
check "upgrade client, node server" timeout 60 "$parties/upgrade_client" "$address"
stop_server

start_server "$peers/switchover" serve --listen 127.0.0.1:0
check "curl, switchover serve, h2c is ignored" answers 200 WebSocket --http2 "http://$address/"
check "upgrade client, switchover serve does not speak it" \
    is_refused timeout 60 "$parties/upgrade_client" "$address" 'content' -- 405
stop_server
