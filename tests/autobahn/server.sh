#!/usr/bin/env bash
# server.sh URL [CASE...]   the suite's fuzzing client against a server that echoes
# CASE is an id or a pattern such as '6.4.*' (all by default); suite.py says what fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
"$root/tests/autobahn/setup.sh" "$target/autobahn"
exec "$target/autobahn/bin/python" "$root/tests/autobahn/suite.py" client "$target/autobahn-server" "$@"
