# Sourced by start.sh: what nginx does not do itself. One pass every EDGE_TEND_SECONDS. Nothing here is on a
# viewer's path: if a pass fails, logs, metrics and erasing come later and playback goes on.

LOG_KEEP_BYTES=33554432
ERASE_MINUTES=2 # longer than the longest fetch
viewer_at=0 storage_at=0 error_at=0
ticks=0
GENTLY=$(command -v nice || true)

# Writes the part of a log that is new since the last pass to $RUN/tending/<log>. A log that has grown long is
# renamed, and forgotten one pass later, when every worker has opened the new one.
new_lines() { # log offset -> sets $next
  log=$RUN/logs/$1.log
  if [ -e "$log.old" ]; then
    tail -c "+$(($2 + 1))" "$log.old" >"$RUN/tending/$1"
    rm -f "$log.old"
    next=0
    return
  fi
  size=$(wc -c <"$log" 2>/dev/null || echo 0)
  next=$size
  if [ "$size" -le "$2" ]; then
    : >"$RUN/tending/$1"
    return
  fi
  tail -c "+$(($2 + 1))" "$log" | head -c "$((size - $2))" >"$RUN/tending/$1"
  if [ "$size" -gt "$LOG_KEEP_BYTES" ]; then
    mv "$log" "$log.old"
    kill -USR1 "$(cat "$RUN/nginx.pid")"
  fi
}

# Lines of nginx's error log quote requests. No signature, key or credential leaves with them.
redact() {
  sed -e 's#/v/[A-Za-z0-9_.-]*#/v/-#g' -e 's#[A-Za-z0-9_-]\{40,\}#-#g' -e 's#Bearer [^ ",]*#Bearer -#g' \
    -e 's#Credential=[^,"]*#Credential=-#g' -e '/unlink() .*objects.* failed (2:/d'
}

# Which cache file belongs to which version, for the eraser: "generation file", one list per version.
note_fills() { # lines of storage.log
  awk -v folder="$EDGE_STATE_PATH/filled" '$1 < 300 {
    split($5, key, "|")
    if (key[1] ~ /^[a-z0-9][a-z0-9_]*$/) { list = folder "/" key[1]; print key[2], $6 >>list; close(list) }
  }' "$1"
}

tend_logs() {
  new_lines viewer "$viewer_at" && viewer_at=$next
  new_lines storage "$storage_at" && storage_at=$next
  new_lines error "$error_at" && error_at=$next
  cat "$RUN/tending/viewer"
  redact <"$RUN/tending/error" >&2
  note_fills "$RUN/tending/storage"
  if [ -s "$RUN/tending/viewer" ] || [ -s "$RUN/tending/storage" ] || [ ! -e "$RUN/metrics.prom" ]; then
    touch "$RUN/metrics.state"
    awk -f "$EDGE_HOME/metrics.awk" -v out="$RUN/metrics.draft" \
      "$RUN/metrics.state" "$RUN/tending/viewer" "$RUN/tending/storage" >"$RUN/metrics.state.draft" &&
      mv "$RUN/metrics.state.draft" "$RUN/metrics.state" && own "$RUN/metrics.draft" && mv "$RUN/metrics.draft" "$RUN/metrics.prom"
  fi
}

# With no room left the signer says no-store: viewers go through to the storage instead of failing.
tend_room() {
  free=$(df -Pk "$CACHE_PATH" | awk 'NR == 2 { printf "%d", $4 }')
  echo "$((free * 1024))" >"$RUN/free"
  [ "$ticks" != 0 ] || own "$RUN/free"
  if [ "$((free * 1024))" -lt "$CACHE_MIN_FREE" ]; then
    [ -e "$RUN/full" ] || echo "edge: CACHE_PATH has no room, passing through" >&2
    : >"$RUN/full"
    own "$RUN/full"
  else
    [ ! -e "$RUN/full" ] || echo "edge: CACHE_PATH has room again" >&2
    rm -f "$RUN/full"
    [ -e "$EDGE_STATE_PATH/ballast" ] || make_ballast
  fi
}

make_ballast() {
  head -c 262144 /dev/zero >"$EDGE_STATE_PATH/ballast" 2>/dev/null || rm -f "$EDGE_STATE_PATH/ballast"
  own "$EDGE_STATE_PATH/ballast"
}

own() {
  [ "$(id -u)" != 0 ] || chown "$EDGE_USER" "$@" 2>/dev/null || true
}

# Removes the cached bytes of one version's earlier generations, all of them when it is denied. What a list names
# is removed in two passes: a fetch is written down a moment before nginx gives its file the final name.
erase_version() { # version
  list=$EDGE_STATE_PATH/filled/$1
  again=$EDGE_STATE_PATH/erased/$1.again
  [ -e "$list" ] || [ -e "$again" ] || return 0
  read -r number _ word <"$EDGE_STATE_PATH/versions/$1/generation" || return 0
  [ "$word" = open ] || number=none
  touch "$list" "$again"
  awk -v keep="$number" '$1 != keep { print $2 }' "$list" >"$again.new"
  cat "$again" "$again.new" | (cd "$CACHE_PATH/objects" && $GENTLY xargs -r rm -f)
  mv "$again.new" "$again"
  [ -s "$again" ] || rm -f "$again"
  awk -v keep="$number" '$1 == keep' "$list" >"$list.draft" && mv "$list.draft" "$list"
  [ -s "$list" ] || rm -f "$list"
}

# A purge asks by a file in erase/. It is followed for minutes: what was in flight is erased when it has arrived.
tend_purged() {
  for one in "$EDGE_STATE_PATH"/erase/*; do
    [ -e "$one" ] || break
    mv "$one" "$EDGE_STATE_PATH/erased/"
  done
  for one in "$EDGE_STATE_PATH"/erased/*; do
    case $one in *.again | *'*') continue ;; esac
    erase_version "${one##*/}"
  done
  rm -rf "$EDGE_STATE_PATH"/trash/*
  [ "$((ticks % 10))" != 9 ] || find "$EDGE_STATE_PATH/erased" -type f -mmin "+$ERASE_MINUTES" -delete
}

# Remembered tokens of slots that are over, and lists of versions nobody watched for as long as the cache keeps.
tend_leftovers() {
  [ "$((ticks % 100))" = 99 ] || return 0
  $GENTLY find "$EDGE_STATE_PATH/versions" -path '*/seen/*' -type f -mmin +4 -delete 2>/dev/null
  $GENTLY find "$EDGE_STATE_PATH/versions" -mindepth 1 -type d -empty -mmin +10 -delete 2>/dev/null
  $GENTLY find "$EDGE_STATE_PATH/filled" -type f -mtime "+$((CACHE_TTL_DAYS * 2))" -delete
  # What was evicted and fetched again is listed again.
  $GENTLY find "$EDGE_STATE_PATH/filled" -type f -size +1024k | while read -r one; do
    sort -u "$one" >"$one.draft" && mv "$one.draft" "$one"
  done
  $GENTLY find "$EDGE_STATE_PATH/drafts" -type f -mmin +10 -delete
}

# Without its state an edge cannot know what was taken down, nor which cached bytes are of which generation:
# it forgets the cached bytes and starts again, waiting for the log where it was told to.
tend_state() {
  if [ ! -e "$EDGE_STATE_PATH/versions/.here" ]; then
    echo "edge: the state is gone, starting with an empty cache" >&2
    rm -f "$RUN/current"
    make_state
  fi
  [ -d "$CACHE_PATH/objects" ] || make_objects
}

make_objects() {
  mkdir -p "$CACHE_PATH/objects" && own "$CACHE_PATH/objects" && chmod 700 "$CACHE_PATH/objects"
}

make_state() {
  rm -f "$EDGE_STATE_PATH/sequence"
  if [ -d "$CACHE_PATH/objects" ]; then
    find "$CACHE_PATH/objects" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  fi
  make_objects
  for one in versions filled erase erased trash drafts; do
    mkdir -p "$EDGE_STATE_PATH/$one"
    own "$EDGE_STATE_PATH" "$EDGE_STATE_PATH/$one"
  done
  make_ballast
  : >"$EDGE_STATE_PATH/versions/.here"
  own "$EDGE_STATE_PATH/versions/.here"
}

# A storage whose name now means other addresses is followed by a reload: at once when none of the old ones is
# left, otherwise at most every five minutes (large storages rotate what they answer).
tend_dns() {
  case ${ORIGIN_HOST%:*} in *[!0-9.]*) ;; *) return 0 ;; esac
  [ "$((ticks * EDGE_TEND_SECONDS % EDGE_DNS_SECONDS))" -lt "$EDGE_TEND_SECONDS" ] || return 0
  found=$(storage_addresses)
  if [ -z "$found" ] || [ "$found" = "$addresses" ]; then return 0; fi
  common=$(echo "$found" | grep -cxF "$addresses")
  if [ "$common" = 0 ] || [ "$((ticks * EDGE_TEND_SECONDS - dns_at))" -gt 300 ]; then
    dns_at=$((ticks * EDGE_TEND_SECONDS))
    addresses=$found
    render_upstreams "$addresses"
    echo "edge: the storage has new addresses, reloading" >&2
    kill -HUP "$(cat "$RUN/nginx.pid")"
  fi
}

tend() {
  tend_state
  tend_logs
  tend_room
  tend_purged
  tend_leftovers
  tend_dns
  ticks=$((ticks + 1))
}
