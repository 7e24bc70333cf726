#!/usr/bin/env bash
# The engine inside of hyper, axum and h2, behind nginx and HAProxy, and with a protocol of its own, over loopback.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
. "$root/tests/languages.sh"
. "$root/tests/curl.sh"
here=$root/tests/parties
parties=$peers/parties

build_parties() {
    local file
    (cd "$root" && cargo build --quiet --locked --release --package switchover-parties)
    for file in "$here"/src/bin/*.rs; do
        install -D "$target/release/$(basename "$file" .rs)" "$parties/$(basename "$file" .rs)"
    done
}

set_up_languages
build_peers
build_parties
. "$here/embedded.sh"
. "$here/upgrade.sh"
. "$here/http2.sh"
. "$here/proxies.sh"
. "$here/browser.sh"
echo "parties: $passed passed, $failed failed"
((passed > 0 && failed == 0))
