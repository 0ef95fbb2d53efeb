/** Changes of a mesh file's text. Only the lines of the change are touched: comments and form of all others stay as they are. */
import { isMap, isScalar, isSeq, type Node, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml';
import { IsthmusError } from '../errors/index.ts';
import type { Mesh } from './mesh.ts';
import type { MeshFile } from './schema.ts';

type ClusterEntry = MeshFile['spec']['clusters'][number];

/** Puts a cluster behind the others. Whether it fits them is for `parseMesh` to say of the new text. */
export function addCluster(text: string, entry: ClusterEntry): string {
  const clusters = clustersOf(text);
  const last = clusters.items.at(-1);
  if (clusters.flow || !isMap(last))
    throw notEditable('spec.clusters is not written as a list of lines that begin with "-"');
  const indent = ' '.repeat(columnOf(text, dashOf(text, last)));
  const lines = stringify(entry).trimEnd().split('\n');
  const block = lines.map((line, index) => `${indent}${index === 0 ? '- ' : '  '}${line}\n`).join('');
  const at = endOfLine(text, endOf(text, last));
  return insert(text, at, text[at - 1] === '\n' ? block : `\n${block}`);
}

/**
 * Takes a cluster out, with the comment above it. Addresses that later clusters have by their place in the list are written out, since
 * their place changes.
 * @param mesh the text's own
 */
export function removeCluster(text: string, name: string, mesh: Mesh): string {
  const entries = clustersOf(text).items.filter(isMap);
  const index = entries.findIndex((one) => one.get('name') === name);
  if (index < 0)
    throw new IsthmusError({
      code: 'spec.no-cluster',
      fault: 'user',
      what: `the mesh file has no cluster "${name}"`,
      fix: `name one of: ${entries.map((one) => one.get('name')).join(', ')}`,
    });
  if (clustersOf(text).flow) throw notEditable('spec.clusters is not written as a list of lines that begin with "-"');
  let result = text;
  for (const place of entries.keys()) if (place > index) result = pinned(result, place, mesh);
  const item = clustersOf(result).items[index] as YAMLMap;
  return cut(result, startWithComment(result, dashOf(result, item)), endOfLine(result, endOf(result, item)));
}

/** States the revision of the control plane, and perhaps its version. */
export function setRevision(text: string, revision: string, version?: string): string {
  let result = text;
  for (const [key, value] of Object.entries({ revision, ...(version ? { version } : {}) })) {
    const { spec, stated } = controlPlaneOf(result);
    if (stated === undefined) result = withKey(result, spec, `controlPlane: {${key}: ${JSON.stringify(value)}}`);
    else {
      const known = stated.get(key, true);
      result = isScalar(known)
        ? result.slice(0, known.range![0]) + JSON.stringify(value) + result.slice(known.range![1])
        : withKey(result, stated, `${key}: ${JSON.stringify(value)}`);
    }
  }
  return result;
}

function controlPlaneOf(text: string): { spec: YAMLMap; stated: YAMLMap | undefined } {
  const document = parseDocument(text);
  const spec = document.get('spec');
  const stated = isMap(spec) ? spec.get('controlPlane', true) : undefined;
  if (document.errors.length > 0 || !isMap(spec) || (stated !== undefined && !isMap(stated)))
    throw notEditable(document.errors[0]?.message ?? 'spec.controlPlane is no mapping');
  return { spec, stated };
}

/** Writes out the addresses that an embedded cluster has by default. */
function pinned(text: string, place: number, mesh: Mesh): string {
  const cluster = mesh.clusters[place];
  if (cluster?.provider.type !== 'embedded') return text;
  const entry = (from: string) => clustersOf(from).items[place] as YAMLMap;
  let result = text;
  for (const key of ['podRange', 'serviceRange', 'loadBalancerRange'] as const)
    if (!entry(result).has(key)) result = withKey(result, entry(result), `${key}: ${cluster[key]}`);
  if (entry(result).getIn(['node', 'address']) !== undefined) return result;
  const node = entry(result).get('node');
  return isMap(node)
    ? withKey(result, node, `address: ${cluster.nodeAddress}`)
    : withKey(result, entry(result), `node: {address: ${cluster.nodeAddress}}`);
}

function withKey(text: string, map: YAMLMap, line: string): string {
  if (map.flow) return insert(text, text.lastIndexOf('}', map.range![1]), map.items.length > 0 ? `, ${line}` : line);
  const indent = ' '.repeat(columnOf(text, map.range![0]));
  const at = endOfLine(text, endOf(text, map));
  return insert(text, at, `${text[at - 1] === '\n' ? '' : '\n'}${indent}${line}\n`);
}

function clustersOf(text: string): YAMLSeq {
  const document = parseDocument(text);
  const clusters = document.getIn(['spec', 'clusters']);
  if (document.errors.length > 0 || !isSeq(clusters))
    throw notEditable(document.errors[0]?.message ?? 'spec.clusters is no list');
  return clusters;
}

const notEditable = (why: string): IsthmusError =>
  new IsthmusError({
    code: 'spec.not-editable',
    fault: 'user',
    what: 'the mesh file cannot be changed as its form is',
    why,
    fix: 'write the change yourself and run isthmus up, which follows it',
  });

/** Where the "-" of an item stands. */
const dashOf = (text: string, item: Node): number => text.lastIndexOf('-', item.range![0]);
const columnOf = (text: string, at: number): number => at - (text.lastIndexOf('\n', at - 1) + 1);
/** Behind the last character of a node: the ranges of blocks reach to where the next one begins. */
const endOf = (text: string, node: Node): number => text.slice(0, node.range![1]).trimEnd().length;
/** Behind the end of the line, with what else is on it. */
function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Where the comment begins that stands right above. */
function startWithComment(text: string, at: number): number {
  let start = text.lastIndexOf('\n', at - 1) + 1;
  for (;;) {
    const above = text.lastIndexOf('\n', start - 2) + 1;
    if (start === 0 || !text.slice(above, start).trim().startsWith('#')) return start;
    start = above;
  }
}

const insert = (text: string, at: number, more: string): string => text.slice(0, at) + more + text.slice(at);
const cut = (text: string, from: number, to: number): string => text.slice(0, from) + text.slice(to);
