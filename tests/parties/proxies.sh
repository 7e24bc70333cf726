# shellcheck shell=bash
# Sourced by run.sh: nginx and HAProxy in front of `switchover serve`, and proxies that make tunnels to it.

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# configure FILE NAME=NUMBER...   sets $configuration to a copy of FILE with its numbers, and $port to where it listens
configure() {
    local name numbers
    port=$(free_port)
    nobody=$(free_port)
    numbers=(-e "s/@PORT@/$port/" -e "s/@NOBODY@/$nobody/")
    for name in "${@:2}"; do
        numbers+=(-e "s/@${name%=*}@/${name#*=}/")
    done
    configuration=$parties/$1
    sed "${numbers[@]}" "$here/$1" >"$configuration"
}

# start_proxy COMMAND...   sets $proxy to its process id, and waits until it listens on $port
start_proxy() {
    "$@" >"$peers/proxy.log" 2>&1 &
    proxy=$!
    for _ in {1..100}; do
        ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
        kill -0 "$proxy" 2>/dev/null || break
        sleep 0.1
    done
    echo "nobody listens on $port: $*" >&2
    cat "$peers/proxy.log" >&2
    return 1
}

stop_proxy() {
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
}

# through NAME   what a proxy on $port in front of `switchover serve` has to let through
through() {
    local url=ws://127.0.0.1:$port/ adapter
    foreign_clients "through $1" "$url" client
    for adapter in tokio blocking; do
        check "$adapter exchange through $1" timeout 120 "$peers/$adapter/exchange" "$url"
    done
    check "hyper client through $1" timeout 60 "$parties/hyper_client" "$url"
    check "connect through $1" connect_pipes_lines "$url"
    check "connect through $1, from a page of the same origin" \
        connect_pipes_lines "$url" --origin "http://127.0.0.1:$port"
    check "connect through $1, from a page of another" \
        is_refused timeout 20 "$peers/switchover" connect "$url" --origin http://example.com -- 403 Origin
    check "curl through $1, WebSocket's version 12" upgrade 426 "Sec-WebSocket-Version: 13" 12 "http://127.0.0.1:$port/"
    check "curl through $1, no Upgrade" answers 200 WebSocket "http://127.0.0.1:$port/"
}

start_server "$peers/switchover" serve --listen 127.0.0.1:0
configure nginx.conf BACKEND="${address#*:}"
mkdir -p "$parties/nginx"
start_proxy nginx -e stderr -p "$parties/nginx" -c "$configuration"
through nginx
check "connect, a 403 of nginx" connect_is_refused "ws://127.0.0.1:$port/members" 403 '<title>403 Forbidden</title>'
check "connect, a 404 of nginx" connect_is_refused "ws://127.0.0.1:$port/nothing" 404 '<title>404 Not Found</title>'
check "connect, a 502 of nginx" connect_is_refused "ws://127.0.0.1:$port/down" 502 '<title>502 Bad Gateway</title>'
check "connect, nginx without its Upgrade" connect_is_refused "ws://127.0.0.1:$port/forgotten" 426 Upgrade
stop_proxy

plain=$server
backend=${address#*:}
start_server "$parties/h2_server"
configure haproxy.cfg BACKEND="$backend" HTTP2="${address#*:}"
start_proxy haproxy -f "$configuration"
through HAProxy
check "connect, a 403 of HAProxy" connect_is_refused "ws://127.0.0.1:$port/members" 403 'Request forbidden'
check "connect, a 503 of HAProxy" connect_is_refused "ws://127.0.0.1:$port/down" 503 'No server is available'
# HAProxy turns extended CONNECT into Upgrade and back.
# shellcheck disable=SC2086 # the program and its script
check "node client over HTTP/2, HAProxy, switchover serve" \
    timeout 120 ${peer[node]} client-h2 "ws://127.0.0.1:$port/" client
check "h2 client, HAProxy, switchover serve" timeout 60 "$parties/h2_client" "ws://127.0.0.1:$port/"
check "h2 client, HAProxy, h2 server" timeout 60 "$parties/h2_client" "ws://127.0.0.1:$port/http2"
check "h2 client, a 403 of HAProxy" \
    is_refused timeout 60 "$parties/h2_client" "ws://127.0.0.1:$port/members" -- 403 'Request forbidden'
foreign_clients "HAProxy, h2 server" "ws://127.0.0.1:$port/http2" client server
check "tokio exchange, HAProxy, h2 server" timeout 120 "$peers/tokio/exchange" "ws://127.0.0.1:$port/http2"
check "connect, HAProxy, h2 server, from a page of another origin" \
    is_refused timeout 20 "$peers/switchover" connect "ws://127.0.0.1:$port/http2" --origin http://example.com \
    -- 403 Origin
stop_proxy
stop_server

# A proxy that makes tunnels.
url=ws://127.0.0.1:$backend/
configure tinyproxy.conf
start_proxy tinyproxy -d -c "$configuration"
tunnels=http://127.0.0.1:$port
check "connect, tinyproxy" connect_pipes_lines "$url" --proxy "$tunnels" --proxy-user Aladdin:sesame
check "tokio client, tinyproxy" timeout 60 "$parties/proxy_client" "$tunnels" "$url" Aladdin:sesame
check "connect, tinyproxy, no password" \
    is_refused timeout 20 "$peers/switchover" connect "$url" --proxy "$tunnels" -- proxy 407 'Proxy Authentication Required'
check "connect, tinyproxy, a wrong password" \
    is_refused timeout 20 "$peers/switchover" connect "$url" --proxy "$tunnels" --proxy-user Aladdin:open -- proxy 40
check "tokio client, tinyproxy, no password" \
    is_refused timeout 60 "$parties/proxy_client" "$tunnels" "$url" -- 407 '<title>407'
check "connect, tinyproxy, a refusal from behind it" \
    is_refused timeout 20 "$peers/switchover" connect "$url" --origin http://example.com \
    --proxy "$tunnels" --proxy-user Aladdin:sesame -- server 403 Origin
stop_proxy
configure tinyproxy.conf
sed -i '/^BasicAuth/d' "$configuration"
start_proxy tinyproxy -d -c "$configuration"
check "connect, tinyproxy for all" connect_pipes_lines "$url" --proxy "http://127.0.0.1:$port"
check "connect, tinyproxy to nobody" \
    is_refused timeout 20 "$peers/switchover" connect "ws://127.0.0.1:$nobody/" --proxy "http://127.0.0.1:$port" -- proxy 50
stop_proxy

# And one of ours.
start_server "$parties/tunnel_server"
tunnels=http://$address
check "tokio client, tunnel server" timeout 60 "$parties/proxy_client" "$tunnels" "$url"
check "curl through a tunnel of ours" \
    answers 200 WebSocket --proxytunnel --proxy "$tunnels" --suppress-connect-headers "http://127.0.0.1:$backend/"
check "curl, a tunnel to a place that is not let in" answers 403 Forbidden --proxytunnel --proxy "$tunnels" http://127.0.0.2:80/
check "curl, a tunnel to nobody" answers 502 'Bad Gateway' --proxytunnel --proxy "$tunnels" "http://127.0.0.1:$nobody/"
check "curl, no tunnel" answers 404 'Not Found' "$tunnels/"
stop_server
stop_server "$plain"
