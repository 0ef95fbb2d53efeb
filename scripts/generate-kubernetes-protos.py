"""Makes src/embedded/apiserver/generated/kubernetes.binpb.gz: descriptors of the messages in which clients send built-in kinds.

Usage: PYTHONPATH=<folder with grpcio-tools> python3 scripts/generate-kubernetes-protos.py API APIMACHINERY
API and APIMACHINERY are the folders of the Go modules k8s.io/api and k8s.io/apimachinery.
"""
import glob
import gzip
import os
import subprocess
import sys
import tempfile

api, apimachinery = sys.argv[1:3]
kept = """core/v1 apps/v1 batch/v1 authentication/v1 authorization/v1 autoscaling/v1 policy/v1 rbac/v1 networking/v1 coordination/v1
discovery/v1 events/v1 admissionregistration/v1 scheduling/v1 storage/v1 certificates/v1""".split()

with tempfile.TemporaryDirectory() as folder:
    os.makedirs(os.path.join(folder, "k8s.io"))
    os.symlink(api, os.path.join(folder, "k8s.io/api"))
    os.symlink(apimachinery, os.path.join(folder, "k8s.io/apimachinery"))
    files = ["k8s.io/api/%s/generated.proto" % one for one in kept]
    files += sorted(os.path.relpath(one, folder) for one in glob.glob(folder + "/k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto"))
    out = os.path.join(folder, "set.binpb")
    subprocess.check_call([sys.executable, "-m", "grpc_tools.protoc", "-I", folder, "--include_imports", "--descriptor_set_out", out] + files)
    data = open(out, "rb").read()

target = os.path.join(os.path.dirname(__file__), "../src/embedded/apiserver/generated/kubernetes.binpb.gz")
with open(target, "wb") as compressed:
    compressed.write(gzip.compress(data, 9, mtime=0))
print(len(data), "bytes")
