# Makes the namespace and the search attributes that lists of tasks are asked by; what is there stays.
set -eu
make() {
  temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d || return 1
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --type Keyword \
    --name LonghaulStatus --name LonghaulRepository --name LonghaulApproval --type Keyword --type Keyword
}
# A server that has just started refuses some of it, and a new namespace takes some seconds to be known everywhere.
tries=0
until make; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ]
  sleep 1
done
