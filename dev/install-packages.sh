#!/bin/sh
# usage (as root): dev/install-packages.sh PACKAGE...
# Installs Debian packages without starting, stopping or restarting any service, and mends what an
# interrupted earlier run left half done.
set -eu
began=$(date +%s)
say() { printf '%5ds  %s\n' "$(($(date +%s) - began))" "$*"; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin; export PATH

# While we install, nothing is started: Debian asks this file before it starts a service.
policy=/usr/sbin/policy-rc.d
kept=$policy.before-rushes
mark='# written by Rushes while it installs packages'
restore() {
  if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi
  if [ -e "$kept" ]; then mv -f "$kept" "$policy"; fi
}
restore
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ -e "$policy" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
chmod 755 "$policy"

wait_apt='-o DPkg::Lock::Timeout=900'
if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
  say "mending an interrupted installation"
  dpkg --configure -a --force-confdef --force-confold || true
  apt-get $wait_apt -y -q --fix-broken install
fi
[ $# -gt 0 ] || exit 0

enabled_before=$(systemctl list-unit-files --state=enabled --no-legend 2>/dev/null | cut -d' ' -f1 || true)

say "[system 1/2] reading the package lists"
tries=0
until apt-get $wait_apt update -q >/tmp/rushes-apt-update.$$ 2>&1; do
  tries=$((tries + 1))
  # The lists have a lock of their own that no option waits for.
  if [ $tries -ge 60 ] || ! grep -q 'Could not get lock' /tmp/rushes-apt-update.$$; then
    cat /tmp/rushes-apt-update.$$ >&2; say "the lists could not be refreshed; trying with those that are here"; break
  fi
  [ $tries -gt 1 ] || say "another apt holds the lists, waiting"
  sleep 5
done
rm -f /tmp/rushes-apt-update.$$

say "[system 2/2] installing: $*"
log=$(mktemp)
failed=$(mktemp -u)
# apt reports on descriptor 3; every tenth of the way becomes a line.
{ apt-get $wait_apt install -y -q --no-install-recommends -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o APT::Status-Fd=3 "$@" 3>&1 >"$log" 2>&1 </dev/null || : >"$failed"; } |
  awk -F: -v t="$began" '
    $1 == "dlstatus" || $1 == "pmstatus" {
      what = $1 == "dlstatus" ? "downloaded" : "unpacked and set up"
      step = int($3 / 10) * 10
      if (step != last[what]) { last[what] = step; "date +%s" | getline now; close("date +%s")
        printf "%5ds  [system 2/2] %s %d %%\n", now - t, what, step; fflush() }
    }'
if [ -e "$failed" ]; then rm -f "$failed"; tail -25 "$log" >&2; rm -f "$log"; exit 1; fi
rm -f "$log"

# What came with these packages must not start at the next boot either: it was not asked for.
if [ -d /run/systemd/system ]; then
  systemctl list-unit-files --state=enabled --no-legend 2>/dev/null | cut -d' ' -f1 | while read -r unit; do
    case "$unit" in
      postgresql*|redis*|nginx*|ceph*|rbdmap*|clamav*)
        printf '%s\n' "$enabled_before" | grep -qxF "$unit" || systemctl disable -q "$unit" 2>/dev/null || true ;;
    esac
  done
fi
say "[system 2/2] done"
