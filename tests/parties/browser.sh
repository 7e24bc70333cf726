# shellcheck shell=bash
# Sourced by run.sh: headless Chromium and every kind of window of permessage-deflate.

browser_exchange() {
    local profile status=0
    profile=$(mktemp -d)
    start_server timeout 110 "$parties/browser_server" || return
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$profile" "http://$address/" >"$peers/chromium.log" 2>&1 &
    local browser=$!
    wait "$server" || status=$?
    kill "$browser" 2>/dev/null
    wait "$browser" 2>/dev/null
    rm -rf "$profile"
    tail -n 1 "$peers/server.log"
    return "$status"
}

check "chromium, permessage-deflate" browser_exchange
