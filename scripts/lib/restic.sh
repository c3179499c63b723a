# shellcheck shell=sh
# Part of scripts/setup: a restic that is new enough, the machine's own or one in .tools/bin.

lowest_restic=0.17 # exit codes 10/11/12, --stdin-from-command, --retry-lock
wanted_restic=0.18.0
restic_page=https://github.com/restic/restic/releases

restic_is_usable() { [ -x "$tools/bin/restic" ] || is_restic_at_least "$lowest_restic" restic; }

# is_restic_at_least 0.17 PROGRAM
is_restic_at_least() {
  version=$(restic_version "$2")
  [ -n "$version" ] || return 1
  [ "$(printf '%s\n%s\n' "$1" "$version" | sort -V | head -n 1)" = "$1" ]
}

restic_version() { "$1" version 2>/dev/null </dev/null | sed -n '1s/^restic \([0-9][0-9.]*\).*/\1/p'; }

install_restic() {
  found=$(restic_version restic || true)
  say "restic is ${found:-missing}: fetching a newer one from the Debian archive into .tools/bin"
  if debian_tool restic 'trixie forky sid' restic; then
    is_restic_at_least "$wanted_restic" "$tools/bin/restic" && say "restic $(restic_version "$tools/bin/restic") is in .tools/bin" &&
      return 0
    rm -f "$tools/bin/restic"
  fi
  fail "restic $wanted_restic or newer is needed; here it is ${found:-missing}, and the Debian archive could not provide it" \
    "download restic $wanted_restic or newer from $restic_page, unpack it, and put it on your PATH as 'restic'"
}
