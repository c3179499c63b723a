# shellcheck shell=sh
# Part of scripts/setup: takes programs out of Debian packages into .tools/bin without installing anything. apt runs with a
# configuration, state and cache of its own; the host's apt is only asked which archive it uses. Signatures are checked
# against the host's Debian keyring.

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

have_tool() { [ -x "$tools/bin/$1" ] || command -v "$1" >/dev/null 2>&1; }

running_suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null; }

# debian_tool PACKAGE 'SUITE...' BINARY...: the programs, from the first suite and archive that has the package and whose
# programs start here. Returns 1, with a line of explanation, when there is none.
debian_tool() {
  package=$1 suites=$2
  shift 2
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || {
    say "there is no apt on this machine to fetch '$package' with"
    return 1
  }
  [ -r "$debian_keyring" ] || {
    say "$debian_keyring is missing, so a package '$package' could not be trusted"
    return 1
  }
  mkdir -p "$tools/bin"
  work=$(mktemp -d "$tools/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  taken=false
  for suite in $suites; do
    for archive in $(debian_archives); do
      if fetch_package "$package" "$suite" "$archive" >>"$work/log" 2>&1 && take_programs "$@"; then
        say "took $* from the package $package of Debian $suite"
        taken=true
        break 2
      fi
    done
  done
  $taken || grep -v -e '^Get:' -e '^Ign:' -e '^Hit:' -e '^Reading' "$work/log" 2>/dev/null | tail -n 8 | sed 's/^/setup:   /' >&2 || :
  rm -rf "$work"
  trap - EXIT INT TERM
  $taken
}

# The archives that the machine's own sources use for its own suite, in whichever format they are written: apt reads them.
# Others may publish under the same suite name; the signature tells Debian's.
debian_archives() {
  apt-get update --print-uris 2>/dev/null |
    sed -n "s|^'\(.*\)/dists/\([^/']*\)/InRelease' .*|\2 \1|p" |
    awk -v running="$(running_suite)" '
      $1 == running || $1 ~ /^(oldoldstable|oldstable|stable|testing|unstable|sid)$/ { if (!seen[$2]++) print $2 }'
}

fetch_package() (
  rm -rf "$work/apt" "$work/tree"
  mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/download"
  printf 'deb [signed-by=%s arch=%s target=Packages lang=none] %s %s main\n' \
    "$debian_keyring" "$(dpkg --print-architecture)" "$3" "$2" >"$work/apt/sources.list"
  # The host's clean-up hooks would run on the host's cache: they are cleared.
  cat >"$work/apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Dir::Etc::SourceParts;
Dir::Etc::SourceList "$work/apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State "$work/apt/state";
Dir::State::lists "$work/apt/state/lists";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "";
APT::Get::List-Cleanup "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
CONF
  cd "$work/download" &&
    rm -f -- *.deb &&
    apt-get -q -c "$work/apt/apt.conf" update &&
    apt-get -q -c "$work/apt/apt.conf" download "$1" &&
    dpkg-deb -x ./*.deb "$work/tree"
)

# Each program must start before any of them is moved into place; a rename replaces it whole.
take_programs() {
  for program in "$@"; do
    extracted=$(find "$work/tree/bin" "$work/tree/sbin" "$work/tree/usr/bin" "$work/tree/usr/sbin" -name "$program" 2>/dev/null | head -n 1)
    [ -n "$extracted" ] || return 1
    "$extracted" --help >/dev/null 2>>"$work/log" </dev/null || return 1
    mv -f "$extracted" "$work/$program"
  done
  for program in "$@"; do mv -f "$work/$program" "$tools/bin/$program"; done
}
