#!/bin/sh
# Pins what pyproject.toml asks for: constraints.txt (to use lookalike), constraints-serve.txt (to serve a shop, as the
# container does), constraints-dev.txt (to work on it), constraints-browser.txt (to test the page in a browser).
# Hashes are kept, addresses are not: whoever installs says where from.
set -eu
tools=$(mktemp -d)
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv
pin() {
    "$tools/bin/uv" pip compile "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --quiet --upgrade
}
pin pyproject.toml --group build --output-file constraints.txt
pin pyproject.toml --group build --extra serve --output-file constraints-serve.txt
pin pyproject.toml --group build --group dev --output-file constraints-dev.txt
pin --group browser --output-file constraints-browser.txt
rm -rf "$tools"
