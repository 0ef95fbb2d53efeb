#!/usr/bin/env bash
# Writes go.mod and go.sum of kube/, etcd/ and istio/ for the versions below. Run it after changing one.
#
# Kubernetes cannot be built by `go install`, since its module replaces its own libraries by folders of its repository. The same libraries
# are published; their version is that of Kubernetes with 0 for 1. So each `./staging` line becomes a line that names the published one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

kubernetes=v1.36.3
etcd=v3.6.16
istio=v0.0.0-20260827124520-eed52ebb66ad # Istio's tags are no Go versions; this is a commit of 1.31's development.

libraries=v0.${kubernetes#v1.}
module_file() { (cd / && go mod download -json "$1" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p'); }
go_line() { awk '$1 == "go" { print "go " $2 }' "$1"; }

kubernetes_module=$(module_file "k8s.io/kubernetes@$kubernetes")
{
  printf 'module isthmus.test/kube\n\n%s\n\n' "$(go_line "$kubernetes_module")"
  printf 'require k8s.io/kubernetes %s\nrequire k8s.io/component-base %s\n\nreplace (\n' "$kubernetes" "$libraries"
  awk '$2 == "=>" && $3 ~ /^\.\/staging/ { print $1 }' "$kubernetes_module" | sort -u |
    while read -r library; do printf '\t%s => %s %s\n' "$library" "$library" "$libraries"; done
  printf ')\n'
} >kube/go.mod

etcd_module=$(module_file "go.etcd.io/etcd/server/v3@$etcd")
printf 'module isthmus.test/etcd\n\n%s\n\nrequire go.etcd.io/etcd/server/v3 %s\n' "$(go_line "$etcd_module")" "$etcd" >etcd/go.mod

istio_module=$(module_file "istio.io/istio@$istio")
printf 'module isthmus.test/istio\n\n%s\n\nrequire istio.io/istio %s\n' "$(go_line "$istio_module")" "$istio" >istio/go.mod

for folder in kube etcd istio; do
  rm -f "$folder/go.sum"
  (cd "$folder" && go mod tidy)
done
