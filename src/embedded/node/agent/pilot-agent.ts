/**
 * What Istio's pilot-agent is to those who come into a proxy's container: the way to Envoy's admin interface, which answers on loopback
 * alone. The rest of the agent is the kubelet's here.
 */
export const pilotAgent = `#!/bin/sh
if [ "$1" != request ] || [ $# -lt 3 ]; then
  echo 'usage: pilot-agent request METHOD PATH [BODY]' >&2
  exit 1
fi
method=$2; path=\${3#/}; body=$4
exec curl -sS --fail-with-body -X "$method" \${body:+--data "$body"} "http://127.0.0.1:15000/$path"
`;
