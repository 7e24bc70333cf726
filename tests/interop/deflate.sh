# shellcheck shell=bash
# Sourced by run.sh: 10,000 compressed messages each way with both peers, in both roles, with every kind of window.

# deflate_client LANGUAGE TAKEOVER BITS   our client at a server of the peer's; passes when both sides are content
deflate_client() {
    local status=0
    # shellcheck disable=SC2086 # the program and its script
    start_server timeout 120 ${deflate_peer[$1]} server "$2" "$3" || return
    timeout 120 "$peers/tokio/autobahn_client" "ws://$address" || status=$?
    if ((status != 0)); then
        stop_server
    else
        wait "$server" || status=$?
    fi
    tail -n 1 "$peers/server.log"
    return "$status"
}

declare -A deflate_peer=(["python"]="$venv/bin/python $here/deflate.py" ["node"]="node $here/deflate.js")
for language in python node; do
    for takeover in takeover fresh; do
        start_server "$peers/switchover" serve --listen 127.0.0.1:0
        for bits in 9 10 12 15; do
            # shellcheck disable=SC2086 # the program and its script
            check "$language client, deflate, $takeover, $bits bits" \
                timeout 120 ${deflate_peer[$language]} client "ws://$address/" "$takeover" "$bits"
        done
        stop_server
        for bits in 9 10 12 15; do
            check "$language server, deflate, $takeover, $bits bits" deflate_client "$language" "$takeover" "$bits"
        done
    done
done
