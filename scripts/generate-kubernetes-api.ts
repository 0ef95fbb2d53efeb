/**
 * Makes src/embedded/apiserver/generated/ from documents read off a kube-apiserver: aggregated discovery of /api and /apis, OpenAPI v2
 * and v3. Argument: the folder that holds them (*-discovery-api.json.gz, *-discovery-apis.json.gz, *-openapi-v2.json.gz,
 * *-openapi-v3.json.gz). What came from CustomResourceDefinitions of that server is left out.
 */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const source = process.argv[2] ?? '.';
const target = join(import.meta.dirname, '../src/embedded/apiserver/generated');
const find = (suffix: string): string => {
  const name = readdirSync(source).find((candidate) => candidate.endsWith(suffix));
  if (!name) throw new Error(`no *${suffix} in ${source}`);
  return join(source, name);
};

copyFileSync(find('-openapi-v2.json.gz'), join(target, 'openapi-v2.json.gz'));
copyFileSync(find('-openapi-v3.json.gz'), join(target, 'openapi-v3.json.gz'));

const groups = ['-discovery-api.json.gz', '-discovery-apis.json.gz'].flatMap(
  (suffix) => JSON.parse(gunzipSync(readFileSync(find(suffix))).toString('utf8')).items,
);
const builtin = groups.filter((group: any) => !(group.metadata.name ?? '').endsWith('istio.io'));
writeFileSync(join(target, 'discovery.json.gz'), gzipSync(JSON.stringify(builtin), { level: 9 }));
