#!/usr/bin/env bash
# Runs its arguments with Node 24 and the packages of package-lock.json, installing first whatever of them is missing.
#   scripts/with-node.sh FILE [ARG...]   (a file for node; ISTHMUS_RUNTIME_ONLY=1 leaves out what only development needs)
# npm under an older Node silently picks older packages, so Node comes first and npm runs under it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${ISTHMUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/isthmus}
node_version=24.21.0

say() { printf 'isthmus: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

find_node() {
  local candidate
  for candidate in "$cache/node-$node_version/node_modules/node/bin" "$(dirname "$(command -v node 2>/dev/null || echo /nowhere/node)")"; do
    if [ -x "$candidate/node" ] && [[ "$("$candidate/node" --version 2>/dev/null)" == v24.* ]]; then
      echo "$candidate"
      return
    fi
  done
}

install_node() {
  command -v npm >/dev/null || die "Node 24 is not installed and npm, which could fetch it, is not either. Install Node 24, or any Node with npm, and try again."
  say "fetching Node $node_version (once)"
  mkdir -p "$cache"
  local target="$cache/node-$node_version" fresh
  fresh=$(mktemp -d "$cache/.node-XXXXXX")
  # The package puts the program of this processor in place by an install script, which newer npm runs only if allowed.
  echo '{"private":true,"allowScripts":{"node":true}}' >"$fresh/package.json"
  (cd "$fresh" && npm install --no-audit --no-fund --loglevel=error "node@$node_version" >install.log 2>&1) ||
    { cat "$fresh/install.log" >&2; rm -rf "$fresh"; die "npm could not install the package node@$node_version; see above."; }
  rm -rf "$target" && mv "$fresh" "$target"
}

mode=all omit=()
[ "${ISTHMUS_RUNTIME_ONLY:-}" = 1 ] && mode=runtime omit=(--omit=dev)
stamp=$root/node_modules/.isthmus-installed
want=$(cksum <"$root/package-lock.json")
# Whoever develops here keeps what development needs, also when isthmus is started.
if [ "$mode" = runtime ] && [[ "$(cat "$stamp" 2>/dev/null)" == *" all" ]]; then mode=all omit=(); fi

# The stamp holds the lock file's checksum and how much was installed, so that a changed lock file installs again.
packages_are_there() {
  local have=""
  [ -f "$stamp" ] && have=$(cat "$stamp")
  [ "$have" = "$want all" ] || [ "$have" = "$want $mode" ]
}

install_packages() {
  packages_are_there && return
  [ -w "$root" ] || die "the packages of package-lock.json are not installed in $root, and you may not write there. Let its owner run this once."
  say "installing the packages of package-lock.json (once)"
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts "${omit[@]}" >&2) ||
    die "npm ci failed in $root; see above."
  echo "$want $mode" >"$stamp"
}

# Two runs at once wait for each other instead of installing over each other. Where flock is missing they are trusted to be one.
install_missing() {
  if command -v flock >/dev/null && mkdir -p "$cache" 2>/dev/null && { exec 9>"$cache/install.lock"; } 2>/dev/null; then
    flock 9
  fi
  bin=$(find_node)
  if [ -z "$bin" ]; then
    install_node
    bin=$(find_node)
    [ -n "$bin" ] || die "the package node@$node_version was installed but does not run on this machine."
  fi
  export PATH="$bin:$PATH"
  install_packages
  exec 9>&-
}

bin=$(find_node)
export PATH="${bin:+$bin:}$PATH"
if [ -z "$bin" ] || ! packages_are_there; then install_missing; fi
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$cache/compile-cache}"
exec node "$@"
