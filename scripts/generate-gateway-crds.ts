/**
 * Writes src/mesh/generated/gateway-crds.json.gz: the CustomResourceDefinitions of the Gateway API (standard channel) that istiod reads, without
 * descriptions and versions that are not served. The Go toolchain fetches them. Argument: the version, as v1.7.0.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseAllDocuments } from 'yaml';

const plurals = 'gatewayclasses gateways httproutes grpcroutes tcproutes tlsroutes referencegrants'.split(' ');
const module = `sigs.k8s.io/gateway-api@${process.argv[2] ?? 'v1.7.0'}`;
try {
  execFileSync('go', ['mod', 'download', module], { stdio: 'pipe' });
} catch {} // a toolchain that is too old to build the module has fetched it all the same
const cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
const folder = join(cache, module, 'config/crd/standard');

const definitions = readdirSync(folder)
  .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((one) => one.toJS()))
  .filter((one) => one !== null)
  .filter(({ kind, spec }) => kind === 'CustomResourceDefinition' && plurals.includes(spec.names.plural))
  .map(({ apiVersion, kind, metadata: { name, labels, annotations }, spec }) => ({
    apiVersion,
    kind,
    metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec: { ...spec, versions: spec.versions.filter((one: any) => one.served || one.storage).map(withoutDescriptions) },
  }));
const file = join(import.meta.dirname, '../src/mesh/generated/gateway-crds.json.gz');
writeFileSync(file, gzipSync(JSON.stringify(definitions), { level: 9 }));

/** A property may be called description: only texts are left out. */
function withoutDescriptions(value: any): any {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, one]) => key !== 'description' || typeof one !== 'string');
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutDescriptions(one)]));
}
