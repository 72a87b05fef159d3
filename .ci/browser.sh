#!/usr/bin/env bash
# What the page is clicked through with, where it can be had: playwright, a Chromium that starts, axe-core. Into
# .venv/browser.mk goes what was found; tests say why they are skipped without the rest. It never fails.
set -uo pipefail
cd "$(dirname "$0")/.."
found=.venv/browser.mk
axe=axe-core-4.14.1 axe_sha256=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
: > "$found"

missing() { echo "page tests: $1" >&2; }

starts() { timeout 60 "$1" --headless --no-sandbox --disable-gpu --dump-dom about:blank > /dev/null 2>&1; }

a_chromium() {
    for name in "${LOOKALIKE_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        path=$(command -v "${name:-nothing}") && starts "$path" && echo "$path" && return
    done
    return 1
}

.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r constraints-browser.txt || { missing "playwright cannot be installed"; exit 0; }

if ! path=$(a_chromium); then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        { timeout 60 apt-get update -qq && timeout 240 apt-get install -y -qq --no-install-recommends chromium; } \
            > /dev/null 2>&1
    fi
    path=$(a_chromium) || { missing "there is no Chromium that starts"; exit 0; }
fi
echo "export LOOKALIKE_CHROMIUM := $path" >> "$found"

# MPL-2.0: fetched for the check, and no part of this repository
kept=.venv/axe
if [ ! -f "$kept/package/axe.min.js" ]; then
    rm -rf "$kept" && mkdir -p "$kept"
    (cd "$kept" && timeout 120 npm pack --silent "axe-core@${axe#axe-core-}" && sha256sum --quiet -c <<< "$axe_sha256  $axe.tgz" \
        && tar -xzf "$axe.tgz" package/axe.min.js) > /dev/null 2>&1 \
        || { rm -rf "$kept"; missing "npm does not give $axe: accessibility is not checked"; exit 0; }
fi
echo "export LOOKALIKE_AXE := $PWD/$kept/package/axe.min.js" >> "$found"
