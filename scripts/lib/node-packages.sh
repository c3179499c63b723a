# shellcheck shell=sh
# Part of scripts/setup: node_modules as package-lock.json has it, and in it a Node.js that runs TypeScript.

lowest_node=24

node_packages_are_current() { cmp -s "$root/package-lock.json" "$stamp" && [ -x "$root/node_modules/.bin/node" ]; }

# Prints the major version of a node program, or nothing when it does not run.
node_major() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'; }

install_node_packages() {
  # The machine's own node and npm: those of node_modules are about to be replaced.
  PATH=$(path_without_node_modules)
  command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 ||
    fail 'Node.js 20 or newer and npm are needed' 'on Debian: apt install nodejs npm, or any other way that gives node >= 20'
  own=$(node_major node)
  [ "${own:-0}" -ge 20 ] || fail "Node.js $(node --version) is too old" 'install Node.js 20 or newer; only the set-up runs on it'

  # `npm install` by hand leaves the right tree without our stamp: then there is nothing to download.
  if node "$root/scripts/lib/tree-matches-lock.mjs" "$root" 2>/dev/null; then
    say 'node_modules matches package-lock.json'
  else
    say 'installing the locked npm packages (npm ci)'
    rm -f "$stamp"
    mkdir -p "$tools"
    log=$tools/npm-ci.$$.log
    run_npm_ci >"$log" 2>&1 || {
      cat "$log" >&2
      rm -f "$log"
      fail 'npm ci failed; its output is above' 'the set-up needs the npm registry once; behind a proxy set HTTPS_PROXY'
    }
    rm -f "$log"
  fi
  provide_node
  # The whole lock file is the stamp: comparing is cheaper than a checksum. Written last and by rename: an interrupted
  # set-up is repeated.
  cp "$root/package-lock.json" "$stamp.$$" && mv -f "$stamp.$$" "$stamp"
}

# Inside an npm script npm's own settings are in the environment; those that describe the outer call must not steer this
# one. Settings of the user (registry, cache, proxy, certificates) stay.
run_npm_ci() (
  for name in local_prefix prefix global location omit include only optional production dry_run package_lock \
    package_lock_only workspace workspaces include_workspace_root json parseable long; do
    unset "npm_config_$name" "NPM_CONFIG_$(printf %s "$name" | tr '[:lower:]' '[:upper:]')"
  done
  unset npm_command npm_lifecycle_event npm_lifecycle_script npm_package_json npm_execpath npm_node_execpath NODE_OPTIONS
  cd "$root"
  npm ci --include=dev --include=optional --no-progress --loglevel=error --no-audit --no-fund </dev/null
)

path_without_node_modules() {
  printf '%s' "$PATH" | tr ':' '\n' | grep -v -e '/node_modules/\.bin/*$' -e '/node-gyp-bin/*$' | paste -s -d ':' -
}

# The locked packages bring Node.js for x64 and arm64 with the GNU C library. Elsewhere the machine's own takes its place.
provide_node() {
  packaged=$root/node_modules/.bin/node
  version=$(node_major "$packaged")
  [ "${version:-0}" -lt "$lowest_node" ] || return 0
  if [ "$own" -ge "$lowest_node" ]; then
    say "using this machine's Node.js $(node --version): the packaged one does not run here"
    mkdir -p "$root/node_modules/.bin"
    ln -sfn "$(command -v node)" "$packaged"
    return 0
  fi
  fail "the packaged Node.js 26 is not available for $(uname -s) $(uname -m), and this machine has $(node --version)" \
    "install Node.js $lowest_node or newer and run this again"
}
