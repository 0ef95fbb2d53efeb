/**
 * Built-in kinds in Kubernetes' protocol buffers, as typed clients send them (kubectl create, controllers in Go): read into the JSON form
 * that everything here works on. Answers are JSON, which such clients accept. The rules are those of Kubernetes' own types: some messages
 * stand for a JSON value, some fields are part of the object around them.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const magic = Buffer.from('k8s\0');

let registry: FileRegistry | undefined;

/** The object of an encoded body. @throws Error that says what cannot be read. */
export function decodeKubernetes(body: Buffer): unknown {
  if (!body.subarray(0, 4).equals(magic))
    throw new Error('the body does not begin with the magic of Kubernetes protobuf');
  const { apiVersion, kind, raw } = readEnvelope(body.subarray(4));
  registry ??= createFileRegistry(
    fromBinary(
      FileDescriptorSetSchema,
      gunzipSync(readFileSync(new URL('generated/kubernetes.binpb.gz', import.meta.url))),
    ),
  );
  const message = messageFor(registry, apiVersion, kind);
  if (!message) throw new Error(`no protobuf message is known for ${kind} in ${apiVersion}`);
  return { apiVersion, kind, ...(objectOf(reflect(message, fromBinary(message, raw))) as object) };
}

/** runtime.Unknown: typeMeta = 1 (apiVersion = 1, kind = 2), raw = 2. */
function readEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array() as Uint8Array };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) {
      const type = new BinaryReader(reader.bytes());
      while (type.pos < type.len) {
        const [part, partType] = type.tag();
        if (part === 1) envelope.apiVersion = type.string();
        else if (part === 2) envelope.kind = type.string();
        else type.skip(partType);
      }
    } else if (field === 2) envelope.raw = reader.bytes();
    else reader.skip(wireType);
  }
  return envelope;
}

/** Messages are named by the Go package of the group's version. */
function messageFor(known: FileRegistry, apiVersion: string, kind: string): DescMessage | undefined {
  const [group, version] = apiVersion.includes('/')
    ? (apiVersion.split('/') as [string, string])
    : ['core', apiVersion];
  const folder = group.replace(/\.k8s\.io$/, '').replace(/\.authorization$/, '');
  const candidates = [`k8s.io.api.${folder}.${version}.${kind}`, `k8s.io.apimachinery.pkg.apis.meta.v1.${kind}`];
  return candidates.map((name) => known.getMessage(name)).find((one) => one !== undefined);
}

/** Fields whose content belongs to the object around them (`json:",inline"` in Kubernetes' types). */
const inlined = new Set([
  'Volume.volumeSource',
  'PersistentVolumeSpec.persistentVolumeSource',
  'ConfigMapEnvSource.localObjectReference',
  'SecretEnvSource.localObjectReference',
  'ConfigMapKeySelector.localObjectReference',
  'SecretKeySelector.localObjectReference',
  'ConfigMapVolumeSource.localObjectReference',
  'ConfigMapProjection.localObjectReference',
  'SecretProjection.localObjectReference',
  'Probe.handler',
  'EphemeralContainer.ephemeralContainerCommon',
  'NamedRuleWithOperations.ruleWithOperations',
  'RuleWithOperations.rule',
  'IngressRule.ingressRuleValue',
]);

/** Numbers whose zero is said, not merely there: other zeros are what an empty field looks like in Go. */
const meantZeros = new Set([
  'replicas',
  'revisionHistoryLimit',
  'terminationGracePeriodSeconds',
  'gracePeriodSeconds',
  'backoffLimit',
  'parallelism',
  'completions',
  'partition',
  'weight',
  'value',
]);
const meantFalse = new Set([
  'automountServiceAccountToken',
  'enableServiceLinks',
  'allowPrivilegeEscalation',
  'readOnlyRootFilesystem',
  'runAsNonRoot',
  'privileged',
  'optional',
  'immutable',
  'controller',
  'blockOwnerDeletion',
  'ready',
  'serving',
  'terminating',
  'allowed',
  'suspend',
]);

function objectOf(message: ReflectMessage): unknown {
  const special = specials[message.desc.name];
  if (special) return special(message);
  const object: Record<string, unknown> = {};
  for (const field of message.desc.fields) {
    if (!message.isSet(field)) continue;
    const value: any = message.get(field);
    let json: unknown;
    if (field.fieldKind === 'list') json = [...value].map(jsonOf);
    else if (field.fieldKind === 'map')
      json = Object.fromEntries([...value].map(([key, one]: [unknown, unknown]) => [String(key), jsonOf(one)]));
    else json = jsonOf(value);
    if (inlined.has(`${message.desc.name}.${field.name}`)) Object.assign(object, json);
    else if (!isEmpty(field.name, json)) object[field.name] = json;
  }
  return object;
}

function isEmpty(name: string, value: unknown): boolean {
  if (value === '' || value === undefined || value === null) return true;
  if (value === 0) return !meantZeros.has(name);
  if (value === false) return !meantFalse.has(name);
  return Array.isArray(value) && value.length === 0;
}

function jsonOf(value: any): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value !== null && typeof value === 'object' && 'desc' in value ? objectOf(value as ReflectMessage) : value;
}

const part = (message: ReflectMessage, name: string): any => {
  const field = message.desc.fields.find((one) => one.name.toLowerCase() === name);
  return field && message.get(field);
};
const parsed = (message: ReflectMessage): unknown => {
  const raw = part(message, 'raw') as Uint8Array;
  return raw.length > 0 ? JSON.parse(Buffer.from(raw).toString('utf8')) : undefined;
};
const time =
  (fraction: number) =>
  (message: ReflectMessage): unknown => {
    const [seconds, nanos] = [Number(part(message, 'seconds')), Number(part(message, 'nanos'))];
    if (seconds === 0 && nanos === 0) return undefined;
    const base = new Date(seconds * 1000).toISOString().slice(0, 19);
    return fraction === 0 ? `${base}Z` : `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
  };

/** Messages that stand for a JSON value. */
const specials: Record<string, (message: ReflectMessage) => unknown> = {
  Quantity: (message) => part(message, 'string'),
  IntOrString: (message) =>
    Number(part(message, 'type')) === 0 ? Number(part(message, 'intval')) : part(message, 'strval'),
  Time: time(0),
  MicroTime: time(6),
  FieldsV1: parsed,
  RawExtension: parsed,
  ExtraValue: (message) => [...part(message, 'items')],
  Verbs: (message) => [...part(message, 'items')],
};
