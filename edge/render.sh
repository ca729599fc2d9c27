# Sourced by start.sh after check-env.sh: writes nginx.conf and its parts to the run folder. No secret among them.

newer_than_1_25() {
  major=${NGINX_VERSION%%.*}
  minor=${NGINX_VERSION#*.}
  patch=${minor#*.}
  minor=${minor%%.*}
  [ "$major" -gt 1 ] || [ "$minor" -gt 25 ] || { [ "$minor" -eq 25 ] && [ "${patch%%.*}" -ge 1 ]; }
}

# The storage's addresses, one per line, sorted; nginx itself would resolve only once.
storage_addresses() {
  host=${ORIGIN_HOST%:*}
  [ "$host" != "$ORIGIN_HOST" ] || host=$ORIGIN_HOST
  case $host in
    *[!0-9.]*) getent ahostsv4 "$host" | awk '{print $1}' | sort -u ;;
    *) echo "$host" ;;
  esac
}

render_one() { # template
  awk '{
    line = $0
    done = ""
    while (match(line, /\$\{[A-Z_]+\}/)) {
      name = substr(line, RSTART + 2, RLENGTH - 3)
      done = done substr(line, 1, RSTART - 1) ENVIRON[name]
      line = substr(line, RSTART + RLENGTH)
    }
    print done line
  }' "$EDGE_HOME/templates/$1"
}

render_upstreams() { # addresses
  case $ORIGIN_HOST in
    *:*) port=${ORIGIN_HOST##*:} ;;
    *) [ "$ORIGIN_SCHEME" = https ] && port=443 || port=80 ;;
  esac
  ORIGIN_SERVERS=$(for one in $1; do echo "  server $one:$port max_fails=3 fail_timeout=2s;"; done)
  export ORIGIN_SERVERS
  render_one upstreams.conf >"$RUN/conf/upstreams.conf"
}

render() {
  export RUN=$EDGE_RUN_PATH EDGE_HOME CACHE_PATH EDGE_STATE_PATH CACHE_MAX_BYTES CACHE_TTL_DAYS EDGE_WORKERS
  export BUCKET_PREVIEWS ORIGIN_SCHEME ORIGIN_HOST EDGE_ORIGIN_TIMEOUT_SECONDS
  export NJS_MODULE=$EDGE_NJS_MODULE
  export CACHE_TTL_SECONDS=$((CACHE_TTL_DAYS * 86400))
  export CACHE_MIN_FREE=${CACHE_MIN_FREE_BYTES:-$((CACHE_MAX_BYTES / 20))}
  # About 8,000 keys fit in a megabyte; 128 KB is a small average object.
  zone=$((CACHE_MAX_BYTES / 131072 / 8000 + 16))
  [ "$zone" -le 512 ] || zone=512
  export KEYS_ZONE=${zone}m
  # What workers may raise themselves to, not what this shell happens to have.
  files=$(ulimit -Hn)
  case $files in '' | *[!0-9]*) files=65536 ;; esac
  [ "$files" -le 65536 ] || files=65536
  export NOFILE=$files CONNECTIONS=$((files / 4)) OPEN_FILES=$((files / 8))
  export SIGNED_PATH='^/v/(?<edge_token>(?<edge_kid>[a-z0-9]{1,16})\.(?<edge_exp>[0-9]{10})\.(?<edge_mac>[A-Za-z0-9_-]{43}))(?<edge_path>/assets/(?<edge_version>[a-z0-9][a-z0-9_]{0,63})/(?<edge_rest>(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*))\z'
  # Remembered tokens are this start's own: a key taken out of the environment takes them along.
  export BOOT=$$.$(date +%s)
  export EDGE_LISTEN=${EDGE_ADDRESS:+$EDGE_ADDRESS:}$EDGE_PORT
  export EDGE_PURGE_LISTEN=$EDGE_PURGE_ADDRESS:$EDGE_PURGE_PORT
  USER_LINE=
  [ "$(id -u)" != 0 ] || USER_LINE="user $EDGE_USER;"
  export USER_LINE

  LISTEN_TLS='' TLS=''
  if [ -n "$EDGE_TLS_CERT" ]; then
    LISTEN_TLS=' ssl'
    TLS="  ssl_certificate $EDGE_TLS_CERT;
  ssl_certificate_key $EDGE_TLS_KEY;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:viewers:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;"
    if newer_than_1_25; then
      TLS="$TLS
  http2 on;"
    else
      LISTEN_TLS=' ssl http2'
    fi
  fi
  export LISTEN_TLS TLS

  ORIGIN_TLS=''
  if [ "$ORIGIN_SCHEME" = https ]; then
    ORIGIN_TLS="    proxy_ssl_server_name on;
    proxy_ssl_name ${ORIGIN_HOST%%:*};
    proxy_ssl_verify on;
    proxy_ssl_verify_depth 4;
    proxy_ssl_trusted_certificate $EDGE_ORIGIN_CA;
    proxy_ssl_protocols TLSv1.2 TLSv1.3;"
  fi
  export ORIGIN_TLS

  if [ "$EDGE_ALLOWED_ORIGINS" = "*" ]; then
    ORIGINS='  default "*";' VARY_ORIGIN='' VARY_ORIGIN_ALWAYS=''
  else
    ORIGINS='  default "";'
    for one in $(echo "$EDGE_ALLOWED_ORIGINS" | tr ',' ' '); do
      ORIGINS="$ORIGINS
  \"$one\" \"$one\";"
    done
    VARY_ORIGIN='add_header Vary Origin;' VARY_ORIGIN_ALWAYS='add_header Vary Origin always;'
  fi
  export ORIGINS VARY_ORIGIN VARY_ORIGIN_ALWAYS

  for part in variables logs public gate object slice hop answer refusal signer control; do
    render_one "$part.conf" >"$RUN/conf/$part.conf"
  done
  render_one nginx.conf >"$RUN/nginx.conf"
}
