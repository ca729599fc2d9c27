# Adds the new lines of both logs to the counters and writes them for Prometheus.
# Input in this order: the counters so far, new lines of viewer.log, new lines of storage.log.
BEGIN { FS = "\"" }
FNR == 1 { file++ }
FILENAME ~ /metrics\.state$/ {
  at = match($0, / [^ ]*$/)
  total[substr($0, 1, at - 1)] = substr($0, at + 1)
  next
}
FILENAME ~ /viewer$/ {
  status = substr($7, 2) + 0
  tier = $10 == "" ? "none" : $10
  gate = $18
  sub(/^ok:.*/, "verified", gate)
  bytes = substr($21, 2) + 0
  seconds = substr($23, 2) + 0
  total["rushes_edge_requests_total{tier=\"" tier "\",status=\"" status "\"}"]++
  total["rushes_edge_bytes_total{tier=\"" tier "\"}"] += bytes
  if ($14 != "") total["rushes_edge_cache_total{tier=\"" tier "\",result=\"" tolower($14) "\"}"]++
  if (gate != "-" && gate != "") total["rushes_edge_gate_total{verdict=\"" gate "\"}"]++
  observe("rushes_edge_request_seconds", seconds)
  next
}
FILENAME ~ /storage$/ {
  split($0, field, " ")
  # upstream_response_time may list several tries: "3.001, 0.020"
  seconds = 0
  n = split($0, part, " ")
  for (i = 4; i <= n - 2; i++) seconds += part[i] + 0
  total["rushes_edge_storage_requests_total{status=\"" field[1] "\"}"]++
  total["rushes_edge_storage_bytes_total"] += field[3]
  observe("rushes_edge_storage_seconds", seconds)
}
function observe(name, seconds,   i, edges, n) {
  n = split("0.005 0.025 0.1 0.5 2.5 10", edges, " ")
  for (i = 1; i <= n; i++) total[name "_bucket{le=\"" edges[i] "\"}"] += seconds <= edges[i] + 0
  total[name "_bucket{le=\"+Inf\"}"]++
  total[name "_sum"] += seconds
  total[name "_count"]++
}
function family(name) {
  sub(/\{.*/, "", name)
  sub(/_(bucket|sum|count)$/, "", name)
  return name
}
END {
  help["rushes_edge_requests_total"] = "counter Answers to viewers by tier and status."
  help["rushes_edge_bytes_total"] = "counter Body bytes sent to viewers by tier."
  help["rushes_edge_cache_total"] = "counter Answers by what the cache did."
  help["rushes_edge_gate_total"] = "counter What the gate said about the token; seen is a remembered one."
  help["rushes_edge_request_seconds"] = "histogram Time to answer viewers."
  help["rushes_edge_storage_requests_total"] = "counter Fetches from the storage by status."
  help["rushes_edge_storage_bytes_total"] = "counter Bytes fetched from the storage."
  help["rushes_edge_storage_seconds"] = "histogram Time of a fetch from the storage, retries included."
  printf "" >out
  for (name in help) {
    split(help[name], word, " ")
    print "# HELP " name " " substr(help[name], length(word[1]) + 2) >>out
    print "# TYPE " name " " word[1] >>out
    for (line in total) if (family(line) == name) printf "%s %.15g\n", line, total[line] >>out
  }
  for (line in total) printf "%s %.15g\n", line, total[line]
}
