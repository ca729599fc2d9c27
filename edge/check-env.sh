#!/bin/sh
# Reads the edge's environment once, sets defaults, and lists every fault by name (never a value).
# Run by itself it only checks; start.sh sources it.

faults=0
fault() {
  echo "edge: $1" >&2
  faults=$((faults + 1))
}
is_number() {
  case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac
  [ "${#1}" -le 16 ]
}
need_number() { # name value low high
  if ! is_number "$2" || [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
    fault "$1 must be a whole number from $3 to $4"
  fi
}
need_name() { # name value pattern-of-forbidden-characters what
  if [ -z "$2" ]; then
    fault "$1 is missing"
  elif [ "${2#*[$3]}" != "$2" ]; then
    fault "$1 must be $4"
  fi
}
need_signing_key() { # name value
  case ${2%%:*} in '' | *[!a-z0-9]* | ?????????*) fault "$1 must be kid:secret, the kid 1 to 8 lower-case letters or digits" && return ;; esac
  case $2 in *:*) ;; *) fault "$1 must be kid:secret" && return ;; esac
  secret=${2#*:}
  [ "${#secret}" -ge 32 ] || fault "$1 has a secret under 32 characters"
  case $secret in *[[:space:]]*) fault "$1 has white space in its secret" ;; esac
}
need_folder() { # name path
  case $2 in /*) ;; *) fault "$1 must be an absolute path" && return ;; esac
  case $2 in *[!A-Za-z0-9._/@+-]*) fault "$1 may hold letters, digits and . _ / @ + - only" && return ;; esac
  (umask 022 && mkdir -p "$2" 2>/dev/null) || { fault "$1 cannot be made" && return; }
  [ -w "$2" ] || fault "$1 cannot be written"
}

: "${EDGE_HOME:=$(cd "$(dirname "$0")" && pwd)}"
: "${EDGE_PORT:=8080}" "${EDGE_ADDRESS:=}"
: "${EDGE_PURGE_PORT:=8081}" "${EDGE_PURGE_ADDRESS:=127.0.0.1}"
: "${CACHE_TTL_DAYS:=30}" "${CACHE_MAX_BYTES:=}" "${CACHE_MIN_FREE_BYTES:=}"
: "${EDGE_STATE_PATH:=${CACHE_PATH:-}/state}" "${EDGE_RUN_PATH:=${TMPDIR:-/tmp}/rushes-edge}"
: "${EDGE_SIGNING_KEY_PREVIOUS:=}" "${EDGE_TOKEN_MAX_SECONDS:=86400}"
: "${EDGE_ALLOWED_ORIGINS:=*}" "${EDGE_AWAIT_PURGES:=0}"
: "${EDGE_TLS_CERT:=}" "${EDGE_TLS_KEY:=}" "${EDGE_ORIGIN_CA:=/etc/ssl/certs/ca-certificates.crt}"
: "${EDGE_WORKERS:=auto}" "${EDGE_ORIGIN_TIMEOUT_SECONDS:=30}" "${EDGE_TEND_SECONDS:=2}" "${EDGE_DNS_SECONDS:=30}"
: "${EDGE_USER:=}" "${EDGE_NJS_MODULE:=}" "${EDGE_NGINX:=nginx}"

# ---- keys
if [ -z "${EDGE_SIGNING_KEY:-}" ]; then
  fault "EDGE_SIGNING_KEY is missing"
else
  need_signing_key EDGE_SIGNING_KEY "$EDGE_SIGNING_KEY"
fi
if [ -n "$EDGE_SIGNING_KEY_PREVIOUS" ]; then
  need_signing_key EDGE_SIGNING_KEY_PREVIOUS "$EDGE_SIGNING_KEY_PREVIOUS"
  if [ "${EDGE_SIGNING_KEY_PREVIOUS%%:*}" = "${EDGE_SIGNING_KEY%%:*}" ]; then
    fault "EDGE_SIGNING_KEY_PREVIOUS must have another kid than EDGE_SIGNING_KEY"
  fi
fi
if [ -z "${EDGE_PURGE_KEY:-}" ]; then
  fault "EDGE_PURGE_KEY is missing"
else
  [ "${#EDGE_PURGE_KEY}" -ge 16 ] || fault "EDGE_PURGE_KEY must have at least 16 characters"
fi

# ---- the cache
if [ -z "${CACHE_PATH:-}" ]; then
  fault "CACHE_PATH is missing"
else
  need_folder CACHE_PATH "$CACHE_PATH"
  need_folder EDGE_STATE_PATH "$EDGE_STATE_PATH"
  case $EDGE_STATE_PATH/ in
    "$CACHE_PATH/objects/"*) fault "EDGE_STATE_PATH must not lie in CACHE_PATH/objects: the cache loader deletes what it does not know" ;;
  esac
fi
need_folder EDGE_RUN_PATH "$EDGE_RUN_PATH"
[ "${#EDGE_RUN_PATH}" -le 90 ] || fault "EDGE_RUN_PATH is too long for a unix socket (90 characters)"
if [ -z "$CACHE_MAX_BYTES" ]; then
  fault "CACHE_MAX_BYTES is missing"
else
  need_number CACHE_MAX_BYTES "$CACHE_MAX_BYTES" 1000000 1000000000000000
fi
need_number CACHE_TTL_DAYS "$CACHE_TTL_DAYS" 1 3650
[ -z "$CACHE_MIN_FREE_BYTES" ] || need_number CACHE_MIN_FREE_BYTES "$CACHE_MIN_FREE_BYTES" 1000000 1000000000000000

# ---- the storage
need_name WASABI_REGION "${WASABI_REGION:-}" '!a-z0-9-' "a region name"
need_name BUCKET_PREVIEWS "${BUCKET_PREVIEWS:-}" '!a-z0-9.-' "a bucket name"
need_name S3_EDGE_ACCESS_KEY_ID "${S3_EDGE_ACCESS_KEY_ID:-}" '!A-Za-z0-9._-' "an access key id"
[ -n "${S3_EDGE_SECRET_ACCESS_KEY:-}" ] || fault "S3_EDGE_SECRET_ACCESS_KEY is missing"
origin_rest=${WASABI_ENDPOINT:-}
case $origin_rest in
  http://* | https://*)
    ORIGIN_SCHEME=${origin_rest%%://*}
    ORIGIN_HOST=${origin_rest#*://}
    ORIGIN_HOST=${ORIGIN_HOST%/}
    case $ORIGIN_HOST in '' | *[!A-Za-z0-9.:-]*) fault "WASABI_ENDPOINT must be http(s)://host or http(s)://host:port" ;; esac
    ;;
  '') fault "WASABI_ENDPOINT is missing" ;;
  *) fault "WASABI_ENDPOINT must be http(s)://host or http(s)://host:port" ;;
esac

# ---- listening
need_number EDGE_PORT "$EDGE_PORT" 1 65535
need_number EDGE_PURGE_PORT "$EDGE_PURGE_PORT" 1 65535
[ "$EDGE_PORT" != "$EDGE_PURGE_PORT" ] || fault "EDGE_PURGE_PORT must differ from EDGE_PORT"
case $EDGE_ADDRESS$EDGE_PURGE_ADDRESS in *[!A-Za-z0-9.:\[\]-]*) fault "EDGE_ADDRESS and EDGE_PURGE_ADDRESS must be addresses" ;; esac
if [ -n "$EDGE_TLS_CERT$EDGE_TLS_KEY" ]; then
  [ -r "$EDGE_TLS_CERT" ] || fault "EDGE_TLS_CERT is not a readable file"
  [ -r "$EDGE_TLS_KEY" ] || fault "EDGE_TLS_KEY is not a readable file"
  case $EDGE_TLS_CERT$EDGE_TLS_KEY in *[!A-Za-z0-9._/@+-]*) fault "EDGE_TLS_CERT and EDGE_TLS_KEY may hold letters, digits and . _ / @ + - only" ;; esac
fi
if [ "$EDGE_ALLOWED_ORIGINS" != "*" ]; then
  for one in $(echo "$EDGE_ALLOWED_ORIGINS" | tr ',' ' '); do
    case $one in
      http://*[!A-Za-z0-9.:/-]* | https://*[!A-Za-z0-9.:/-]*) fault "EDGE_ALLOWED_ORIGINS must be * or origins like https://review.example, comma-separated" ;;
      http://?* | https://?*) case ${one#*://} in */*) fault "EDGE_ALLOWED_ORIGINS holds an origin with a path" ;; esac ;;
      *) fault "EDGE_ALLOWED_ORIGINS must be * or origins like https://review.example, comma-separated" ;;
    esac
  done
fi

# ---- the rest
need_number EDGE_TOKEN_MAX_SECONDS "$EDGE_TOKEN_MAX_SECONDS" 60 2592000
need_number EDGE_ORIGIN_TIMEOUT_SECONDS "$EDGE_ORIGIN_TIMEOUT_SECONDS" 1 45
need_number EDGE_TEND_SECONDS "$EDGE_TEND_SECONDS" 1 60
need_number EDGE_DNS_SECONDS "$EDGE_DNS_SECONDS" 1 3600
case $EDGE_AWAIT_PURGES in 0 | 1) ;; *) fault "EDGE_AWAIT_PURGES must be 0 or 1" ;; esac
[ "$EDGE_WORKERS" = auto ] || need_number EDGE_WORKERS "$EDGE_WORKERS" 1 512

if ! command -v "$EDGE_NGINX" >/dev/null 2>&1; then
  fault "nginx is not installed (Debian: nginx and libnginx-mod-http-js)"
else
  NGINX_VERSION=$("$EDGE_NGINX" -v 2>&1 | sed -n 's#.*nginx/\([0-9.]*\).*#\1#p')
fi
if [ -z "$EDGE_NJS_MODULE" ]; then
  for one in /usr/lib/nginx/modules /etc/nginx/modules /usr/lib64/nginx/modules; do
    [ -r "$one/ngx_http_js_module.so" ] && EDGE_NJS_MODULE=$one/ngx_http_js_module.so && break
  done
fi
[ -r "$EDGE_NJS_MODULE" ] || fault "the njs module of nginx is not installed (Debian: libnginx-mod-http-js)"

# Workers of a master started by root take another user. That user must reach the folders.
if [ "$(id -u)" = 0 ]; then
  if [ -z "$EDGE_USER" ]; then
    for EDGE_USER in nginx www-data nobody; do id "$EDGE_USER" >/dev/null 2>&1 && break; done
  fi
  if ! id "$EDGE_USER" >/dev/null 2>&1; then
    fault "EDGE_USER is not a user of this system"
  elif [ "$faults" = 0 ]; then
    for one in "$CACHE_PATH" "$EDGE_STATE_PATH" "$EDGE_RUN_PATH"; do
      su -s /bin/sh "$EDGE_USER" -c "cd '$one'" 2>/dev/null ||
        fault "the user of EDGE_USER cannot enter a folder it needs: open the folders above, or choose another EDGE_USER"
    done
  fi
fi

if [ "$faults" -gt 0 ]; then
  echo "edge: $faults faults in the environment, nothing was started" >&2
  exit 64
fi
