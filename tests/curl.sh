# shellcheck shell=bash
# Sourced behind peers.sh: what a server answers to curl.

# answers STATUS TEXT CURL_ARGUMENT...   the response has the status, and TEXT in a field or the body
answers() {
    local status=$1 text=$2 response
    shift 2
    response=$(curl --silent --show-error --include --max-time 10 "$@" | tr -d '\r')
    printf '%s\n' "$response"
    grep -qE "^HTTP/(1\.1|2) $status( |$)" <<<"$response" && grep -qiF -- "$text" <<<"$response" && echo "$status, $text"
}

# upgrade STATUS TEXT VERSION URL [CURL_ARGUMENT...]   the answer to an opening handshake of this version of WebSocket
upgrade() {
    answers "$1" "$2" --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
        --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' --header "Sec-WebSocket-Version: $3" "${@:4}"
}
