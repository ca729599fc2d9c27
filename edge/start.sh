#!/bin/sh
# Starts one edge in the foreground: checks the environment, renders nginx.conf into EDGE_RUN_PATH, runs nginx
# and tends it. TERM and INT stop at once, QUIT lets downloads finish (60 s), HUP reads the certificate again.
set -u
umask 027
export TZ=UTC LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
EDGE_HOME=$(cd "$(dirname "$0")" && pwd)
. "$EDGE_HOME/check-env.sh"
. "$EDGE_HOME/render.sh"
. "$EDGE_HOME/tend.sh"

RUN=$EDGE_RUN_PATH
# Is the process of that file still what it was? Pids are used again.
is_ours() { # file word
  [ -s "$1" ] && tr '\0' ' ' <"/proc/$(cat "$1")/cmdline" 2>/dev/null | grep -qF "$2"
}
# In a container that is started again our own number is the old one.
if [ "$(cat "$RUN/start.pid" 2>/dev/null)" != $$ ] && is_ours "$RUN/start.pid" start.sh; then
  echo "edge: EDGE_RUN_PATH belongs to an edge that runs" >&2
  exit 65
fi
# Its start.sh was killed, nginx goes on without it: nobody would tend it.
if is_ours "$RUN/nginx.pid" "$RUN/nginx.conf"; then
  kill -TERM "$(cat "$RUN/nginx.pid")"
  tries=0
  while is_ours "$RUN/nginx.pid" "$RUN/nginx.conf" && [ "$tries" -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
fi
rm -f "$RUN/signer.sock" "$RUN/current" "$RUN"/ended.* "$RUN/full" "$RUN/nginx.pid"
echo $$ >"$RUN/start.pid"
mkdir -p "$RUN/conf" "$RUN/logs" "$RUN/temp" "$RUN/tending" "$RUN/empty"
own "$RUN" "$RUN/logs" "$RUN/temp" "$CACHE_PATH"
chmod 700 "$RUN"
[ -e "$EDGE_STATE_PATH/versions/.here" ] || make_state
make_objects
# What an edge that was killed had not yet looked at.
for left in "$RUN"/logs/storage.log*; do [ ! -s "$left" ] || note_fills "$left"; done
rm -f "$RUN"/logs/*
: >"$RUN/metrics.state"

addresses=$(storage_addresses) dns_at=0
if [ -z "$addresses" ]; then
  echo "edge: the host of WASABI_ENDPOINT cannot be resolved" >&2
  exit 66
fi
render
render_upstreams "$addresses"
export EDGE_SIGNING_KEY EDGE_SIGNING_KEY_PREVIOUS EDGE_TOKEN_MAX_SECONDS EDGE_PURGE_KEY EDGE_AWAIT_PURGES
export EDGE_RUN_PATH EDGE_STATE_PATH S3_EDGE_ACCESS_KEY_ID S3_EDGE_SECRET_ACCESS_KEY WASABI_REGION
"$EDGE_NGINX" -t -q -p "$RUN" -e "$RUN/logs/error.log" -c "$RUN/nginx.conf" || exit 67

# How nginx ended, in a file of this start: one that was taken over may still write its own.
ended=$RUN/ended.$$
group=
stop_with() {
  stopping=1
  tries=0
  # A signal may come before nginx has written its number.
  while [ -n "$group" ] && [ ! -s "$RUN/nginx.pid" ] && [ ! -e "$ended" ] && [ "$tries" -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  [ ! -s "$RUN/nginx.pid" ] || kill "-$1" "$(cat "$RUN/nginx.pid")"
}
stopping=0
trap 'stop_with TERM' TERM INT
trap 'stop_with QUIT' QUIT
trap '[ ! -s "$RUN/nginx.pid" ] || kill -HUP "$(cat "$RUN/nginx.pid")"' HUP

{
  "$EDGE_NGINX" -p "$RUN" -e "$RUN/logs/error.log" -c "$RUN/nginx.conf"
  echo $? >"$ended"
} &
group=$!
while [ "$stopping" = 0 ] && [ ! -e "$ended" ]; do
  sleep "$EDGE_TEND_SECONDS" &
  pause=$!
  wait "$pause"
  [ "$stopping" = 1 ] || tend
done
[ -z "${pause:-}" ] || kill "$pause" 2>/dev/null
while [ ! -e "$ended" ] && kill -0 "$group" 2>/dev/null; do wait "$group"; done
tend_logs
status=$(cat "$ended" 2>/dev/null || echo 1)
rm -f "$RUN/start.pid" "$ended"
exit "$status"
