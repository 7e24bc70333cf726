#!/usr/bin/env bash
# client.sh PORT [CASE...] -- COMMAND...   the suite's fuzzing server on ws://127.0.0.1:PORT; COMMAND is the client
#
# The client asks /getCaseCount (one text message, a number), then for each N from 1 to that number it opens
# /runCase?case=N&agent=NAME and echoes until the connection ends.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../peers.sh"
"$root/tests/autobahn/setup.sh" "$target/autobahn"
exec "$target/autobahn/bin/python" "$root/tests/autobahn/suite.py" server "$target/autobahn-client" "$@"
