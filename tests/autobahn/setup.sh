#!/usr/bin/env bash
# Installs the Autobahn TestSuite, as requirements.txt pins it, into the virtual environment VENV; free when it is there.
# The suite is Python 2 code: PYTHON27 names an interpreter, else the PATH and pyenv are searched.
set -euo pipefail
venv=${1:?usage: setup.sh VENV}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cmp -s "$here/requirements.txt" "$venv/installed.txt" && exit

for python27 in "${PYTHON27:-}" python2.7 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python2.7 missing; do
    "${python27:-missing}" -c 'import ssl, sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null && break
done
if [ "$python27" = missing ]; then
    echo "autobahn: the suite needs Python 2.7 with ssl, and there is none here; name one in PYTHON27" >&2
    exit 1
fi

rm -rf "$venv"
# The last virtualenv that makes environments for Python 2.7. It is needed once.
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$venv.virtualenv" \
    virtualenv==20.21.1 distlib==0.3.9 filelock==3.16.1 platformdirs==3.11.0
PYTHONPATH=$venv.virtualenv python3 -m virtualenv --quiet --no-download --python "$(command -v "$python27")" "$venv"
rm -rf "$venv.virtualenv"
PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --no-python-version-warning --no-deps \
    --requirement "$here/requirements.txt"
cp "$here/requirements.txt" "$venv/installed.txt"
