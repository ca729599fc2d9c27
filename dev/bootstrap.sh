#!/bin/sh
# Brings a machine to the point where the local stack can run: Debian packages, Bun, npm packages.
# usage: dev/bootstrap.sh dev|test|tools    (test adds the browser; tools is Bun and npm packages alone)
# Repeating it is cheap, interrupting it is harmless, two at once take turns.
set -eu
want=${1:-dev}
cd "$(dirname "$0")/.."
root=$(pwd)
bun_version=1.4.5
tools=$root/.rushes/tools
bun=$tools/node_modules/.bin/bun
began=$(date +%s)
say() { printf '%5ds  %s\n' "$(($(date +%s) - began))" "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# --- what is missing -------------------------------------------------------------------------------------
has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }
packages=''
programs=''
# need PROGRAM PACKAGE...: the packages that bring a program that is not there
need() {
  program=$1; shift
  has "$program" && return 0
  programs="$programs $program"
  packages="$packages $*"
}
if [ "$want" != tools ]; then
  if [ -z "${POSTGRES_URL:-}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    programs="$programs postgres"; packages="$packages postgresql"
  fi
  [ -n "${REDIS_URL:-}" ] || need redis-server redis-server
  if [ -z "${WASABI_ENDPOINT:-}" ]; then
    need ceph-mon ceph-mon; need ceph-osd ceph-osd; need ceph ceph-common; need radosgw radosgw
  fi
  need nginx nginx
  [ -e /usr/lib/nginx/modules/ngx_http_js_module.so ] || packages="$packages libnginx-mod-http-js"
  need ffmpeg ffmpeg
  [ -e /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf ] || packages="$packages fonts-dejavu-core"
  [ "$(id -u)" != 0 ] || need setpriv util-linux
  if [ "$want" = test ]; then
    has google-chrome || need chromium chromium
    need clamd clamav-daemon
    need faketime faketime
  fi
fi
# Ideographs in printed lists: wished for where packages can be installed, needed by the tests alone.
if [ "$want" = test ] || { [ "$want" = dev ] && { [ -n "$packages" ] || { has dpkg && [ "$(id -u)" = 0 ]; }; }; }; then
  [ -e /usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf ] || packages="$packages fonts-droid-fallback"
fi
bun_is_right() { [ -x "$bun" ] && [ "$("$bun" --version 2>/dev/null)" = "$bun_version" ]; }
bun_is_right || need npm npm

# --- the system's packages -------------------------------------------------------------------------------
packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ')
packages=${packages% }
half=''
if has dpkg; then half=$(dpkg --audit 2>/dev/null | head -1); fi

if [ -n "$packages" ]; then
  [ "$(uname -s)" = Linux ] && has apt-get && has dpkg || fail "Rushes' local stack installs itself on Debian 12. This is $(uname -s)$(. /etc/os-release 2>/dev/null && printf ' (%s)' "${PRETTY_NAME:-}").
Missing programs:$programs
Get the packages named like this with your system's package manager:
  $packages
or use servers of your own: set POSTGRES_URL, REDIS_URL and WASABI_ENDPOINT (with its buckets and keys, see
.env.example), then only nginx with its njs module, ffmpeg and npm are needed (macOS: brew install nginx ffmpeg node).
Or run the commands in a Debian 12 container or virtual machine."
  if [ "$(id -u)" = 0 ]; then as_root=''
  elif has sudo && sudo -n true 2>/dev/null; then as_root='sudo -n'
  elif has sudo && [ -t 0 ] && [ -t 1 ]; then
    say "these packages are missing, sudo may ask for your password: $packages"
    sudo -v || fail "sudo did not let you in. Ask an administrator for: apt-get install --no-install-recommends $packages"
    as_root=sudo
  else
    fail "Some packages are missing, and you are neither root nor allowed to use sudo without a terminal.
Missing programs:$programs
Ask an administrator to run this once, then repeat your command (the rest needs no rights):
  apt-get update && apt-get install --no-install-recommends $packages"
  fi
fi

mkdir -p "$root/.rushes"
install_tools() {
  if ! bun_is_right; then
    say "[tools 1/2] installing bun $bun_version"
    mkdir -p "$tools"
    [ -e "$tools/package.json" ] || printf '{"private":true}\n' >"$tools/package.json"
    # A home that cannot be written (CI, scratch users) must not stop npm from caching.
    [ -w "${HOME:-/nonexistent}" ] || export npm_config_cache="$tools/.npm"
    rm -rf "$tools/node_modules/bun" "$tools/node_modules/.bin/bun"
    npm install --prefix "$tools" --ignore-scripts=false --no-audit --no-fund --no-update-notifier --loglevel=error \
      "bun@$bun_version" >"$root/.rushes/tools.log" 2>&1 || { tail -15 "$root/.rushes/tools.log" >&2; return 1; }
    bun_is_right || { echo "npm installed bun, but $bun does not run (platform $(uname -m))" >&2; return 1; }
  fi
  stamp=$(cat bun.lock package.json dev/patches/* | cksum)
  if [ ! -d node_modules ] || [ "$(cat .rushes/packages.stamp 2>/dev/null || true)" != "$stamp" ]; then
    say "[tools 2/2] installing npm packages"
    rm -f .rushes/packages.stamp
    [ -w "${HOME:-/nonexistent}" ] || export BUN_INSTALL_CACHE_DIR="$tools/.bun"
    # Installed beside and then exchanged: an interrupted install is never in use, and nothing of an older
    # lock file stays behind, which an install into the old folder would leave.
    stage=$root/.rushes/packages
    rm -rf "$stage" && mkdir -p "$stage/dev"
    cp package.json bun.lock "$stage/" && cp -R dev/patches "$stage/dev/"
    "$bun" install --frozen-lockfile --cwd "$stage" >"$root/.rushes/packages.log" 2>&1 || { tail -15 "$root/.rushes/packages.log" >&2; return 1; }
    if [ -e node_modules ]; then mv node_modules "$stage/before"; fi
    mv "$stage/node_modules" node_modules && rm -rf "$stage"
    printf '%s' "$stamp" >.rushes/packages.stamp
  fi
}

if has flock; then
  exec 9>"$root/.rushes/bootstrap.lock"
  flock -n 9 || { say "another make is installing here, waiting for it"; flock 9; }
fi

tools_status=0
if [ -n "$packages" ] || [ -n "$half" ]; then
  # npm may be among the packages; otherwise both installs run side by side.
  waiting=''
  if has npm; then install_tools & waiting=$!; fi
  if [ -n "$packages" ] || [ "$(id -u)" = 0 ]; then
    ${as_root:-} sh "$root/dev/install-packages.sh" $packages || {
      [ -z "$waiting" ] || wait "$waiting" || true
      fail "The packages could not be installed; the lines above and /var/log/apt/term.log say why. Repeat the command when mended."
    }
  fi
  if [ -n "$waiting" ]; then wait "$waiting" || tools_status=$?; else install_tools || tools_status=$?; fi
else
  install_tools || tools_status=$?
fi
[ "$tools_status" = 0 ] || fail "Bun or the npm packages could not be installed: the lines above say why (npm reads your ordinary npm configuration)."
exec 9>&- || true
