# shellcheck shell=bash
# Sourced by run.sh: what `switchover serve` answers to curl, and `switchover connect` to servers of both kinds.

# A field of 20 MB is more than curl puts into a request, so its telnet sends the bytes as they are.
huge_head() {
    local before after response
    before=$(memory_peak)
    response=$({ printf 'GET / HTTP/1.1\r\nHost: %s\r\nX: ' "$address"; head -c 20000000 /dev/zero | tr '\0' a; } |
        curl --silent --max-time 20 "telnet://$address" | tr -d '\r') || true
    after=$(memory_peak)
    printf '%s\n' "$response" | head -c 500
    grep -q '^HTTP/1.1 431 ' <<<"$response" && ((after - before < 4096)) && echo "431, $((after - before)) kB"
}

# The most memory the server has held so far, in kB.
memory_peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$server/status"; }

start_server "$peers/switchover" serve --listen 127.0.0.1:0
check "curl, GET / is the page" answers 200 WebSocket "http://$address/"
check "curl, an Upgrade with version 12" upgrade 426 'Sec-WebSocket-Version: 13' 12 "http://$address/"
check "curl, POST" answers 405 'Allow: GET' --data x "http://$address/"
check "curl, Host twice" answers 400 'Host' --header $'X: y\r\nHost: example.com' "http://$address/"
check "curl, a head of 20 MB" huge_head
check "connect, lines both ways" connect_pipes_lines "ws://$address/"
stop_server
# shellcheck disable=SC2086 # the program and its script
start_server ${peer[python]} refuse
check "connect, a refusal is shown" connect_is_refused "ws://$address/" 401 Unauthorized "members only"
stop_server
