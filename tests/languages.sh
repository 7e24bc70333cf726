# shellcheck shell=bash
# Sourced behind peers.sh: Python's `websockets` and Node's `ws`, installed as pinned, and driven as clients.
# Their programs are tests/interop/peer.py and peer.js.
venv=$target/interop/venv
node=$target/interop/node
declare -A peer

set_up_languages() {
    local pinned=$root/tests/interop
    mkdir -p "$venv" "$node"
    if ! cmp -s "$pinned/requirements.txt" "$venv/installed.txt"; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$pinned/requirements.txt"
        cp "$pinned/requirements.txt" "$venv/installed.txt"
    fi
    if ! cmp -s "$pinned/package-lock.json" "$node/package-lock.json" || [ ! -d "$node/node_modules/ws" ]; then
        cp "$pinned/package.json" "$pinned/package-lock.json" "$node"
        (cd "$node" && npm ci --silent --no-audit --no-fund)
    fi
    export NODE_PATH=$node/node_modules
    peer=(["python"]="$venv/bin/python $pinned/peer.py" ["node"]="node $pinned/peer.js")
}

# foreign_clients NAME URL CLOSER...   both languages as clients of a server that runs, for each side that closes
foreign_clients() {
    local name=$1 url=$2 language closer
    shift 2
    for language in python node; do
        for closer in "$@"; do
            # shellcheck disable=SC2086 # the program and its script
            check "$language client, $name, the $closer closes" timeout 120 ${peer[$language]} client "$url" "$closer"
        done
    done
}
