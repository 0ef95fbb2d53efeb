/** Copies Istio's CustomResourceDefinitions (a gzipped JSON list, argument 1) to src/mesh/generated/, status left out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const definitions: any[] = JSON.parse(gunzipSync(readFileSync(process.argv[2] ?? '')).toString('utf8'));
const lean = definitions.map(({ apiVersion, kind, metadata: { name, labels, annotations }, spec }) => ({
  apiVersion,
  kind,
  metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
  spec,
}));
writeFileSync(
  join(import.meta.dirname, '../src/mesh/generated/istio-crds.json.gz'),
  gzipSync(JSON.stringify(lean), { level: 9 }),
);
