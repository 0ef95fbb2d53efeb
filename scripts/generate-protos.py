"""Makes src/embedded/proto/generated/envoy.binpb.gz: the protocol buffer descriptors of the Envoy types that Isthmus sends, and of all
that they import, in the order of their imports.

Usage: PYTHONPATH=<folder with xds-protos, protobuf and googleapis-common-protos> python3 scripts/generate-protos.py
"""
import gzip
import importlib
import os

from google.protobuf import descriptor_pb2

ROOTS = """
envoy/service/discovery/v3/ads envoy/service/discovery/v3/discovery envoy/service/secret/v3/sds
envoy/config/bootstrap/v3/bootstrap envoy/config/cluster/v3/cluster envoy/config/listener/v3/listener envoy/config/route/v3/route
envoy/config/endpoint/v3/endpoint envoy/config/rbac/v3/rbac
envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager
envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy envoy/extensions/filters/network/rbac/v3/rbac
envoy/extensions/filters/network/set_filter_state/v3/set_filter_state
envoy/extensions/filters/http/router/v3/router envoy/extensions/filters/http/rbac/v3/rbac
envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata
envoy/extensions/filters/http/set_filter_state/v3/set_filter_state envoy/extensions/filters/http/fault/v3/fault
envoy/extensions/filters/http/cors/v3/cors envoy/extensions/filters/http/grpc_stats/v3/config
envoy/extensions/filters/http/jwt_authn/v3/config
envoy/extensions/filters/listener/original_dst/v3/original_dst envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector
envoy/extensions/filters/listener/http_inspector/v3/http_inspector
envoy/extensions/transport_sockets/tls/v3/tls envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer
envoy/extensions/upstreams/http/v3/http_protocol_options
envoy/extensions/access_loggers/stats/v3/stats envoy/extensions/access_loggers/stream/v3/stream
envoy/extensions/access_loggers/file/v3/file envoy/extensions/filters/common/set_filter_state/v3/value
envoy/extensions/retry/host/previous_hosts/v3/previous_hosts
envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver envoy/extensions/request_id/uuid/v3/uuid
envoy/extensions/filters/network/sni_cluster/v3/sni_cluster envoy/extensions/clusters/dns/v3/dns_cluster
envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config
xds/type/v3/typed_struct udpa/type/v1/typed_struct
envoy/extensions/path/match/uri_template/v3/uri_template_match
envoy/extensions/filters/http/ext_authz/v3/ext_authz envoy/extensions/filters/network/ext_authz/v3/ext_authz
envoy/extensions/access_loggers/filters/cel/v3/cel envoy/extensions/access_loggers/grpc/v3/als
envoy/extensions/access_loggers/open_telemetry/v3/logs_service envoy/extensions/formatter/req_without_query/v3/req_without_query
envoy/extensions/filters/http/lua/v3/lua envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit
envoy/extensions/filters/http/ratelimit/v3/rate_limit envoy/extensions/filters/http/header_mutation/v3/header_mutation
envoy/extensions/filters/http/compressor/v3/compressor envoy/extensions/compression/gzip/compressor/v3/gzip
envoy/extensions/filters/http/buffer/v3/buffer envoy/extensions/filters/http/grpc_web/v3/grpc_web
envoy/extensions/filters/http/ext_proc/v3/ext_proc envoy/extensions/filters/http/wasm/v3/wasm
envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit
envoy/extensions/filters/network/direct_response/v3/config envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol
""".split()

files = {}
order = []


def visit(name):
    if name in files:
        return
    module = importlib.import_module(name[: -len(".proto")].replace("/", ".").replace("-", "_") + "_pb2")
    proto = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(proto)
    files[name] = proto
    for dependency in proto.dependency:
        visit(dependency)
    order.append(proto)


for root in ROOTS:
    visit(root + ".proto")

target = os.path.join(os.path.dirname(__file__), "../src/embedded/proto/generated/envoy.binpb.gz")
data = descriptor_pb2.FileDescriptorSet(file=order).SerializeToString()
with open(target, "wb") as out:
    out.write(gzip.compress(data, 9, mtime=0))
print(len(order), "files,", len(data), "bytes")
