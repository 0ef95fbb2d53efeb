import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/index.ts';
import { builtinSchema } from '../schema/index.ts';
import { ApplyConflict, applyPatch, serverSideApply, trackUpdate } from './index.ts';

const schema = builtinSchema('apps', 'v1', 'Deployment');
const services = builtinSchema('', 'v1', 'Service');
const writer = (manager: string, now = '2026-01-01T00:00:00Z') => ({ manager, apiVersion: 'apps/v1', now });

const deployment = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'n', ...metadata },
  spec,
});
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } });

describe('server-side apply', () => {
  it('changes nothing the second time', () => {
    const applied = deployment({ replicas: 2, ...containers({ name: 'a', image: 'x' }) });
    const first = serverSideApply(undefined, applied, schema, writer('one'), false);
    expect(serverSideApply(first, applied, schema, writer('one', '2027-01-01T00:00:00Z'), false)).toBe(first);
  });

  it('takes away what its manager no longer states', () => {
    const first = serverSideApply(
      undefined,
      deployment({ replicas: 2, paused: true }, { labels: { a: '1', b: '2' } }),
      schema,
      writer('one'),
      false,
    );
    const second = serverSideApply(
      first,
      deployment({ replicas: 2 }, { labels: { a: '1' } }),
      schema,
      writer('one'),
      false,
    );
    expect(second['spec']).toEqual({ replicas: 2 });
    expect(second.metadata.labels).toEqual({ a: '1' });
  });

  it('keeps what another manager states as well', () => {
    const first = serverSideApply(undefined, deployment({ replicas: 2, paused: true }), schema, writer('one'), false);
    const shared = serverSideApply(first, deployment({ paused: true }), schema, writer('two'), false);
    const second = serverSideApply(shared, deployment({ replicas: 2 }), schema, writer('one'), false);
    expect(second['spec'].paused).toBe(true);
  });

  it('names who holds a field with another value, and takes it by force', () => {
    const first = serverSideApply(undefined, deployment({ replicas: 2 }), schema, writer('one'), false);
    const conflicting = () => serverSideApply(first, deployment({ replicas: 3 }), schema, writer('two'), false);
    expect(conflicting).toThrow(ApplyConflict);
    expect(conflicting).toThrow('conflict with "one": .spec.replicas');
    const forced = serverSideApply(first, deployment({ replicas: 3 }), schema, writer('two'), true);
    expect(forced['spec'].replicas).toBe(3);
    expect(serverSideApply(forced, deployment({}), schema, writer('one'), false)['spec'].replicas).toBe(3);
  });

  it('merges containers by name, and takes away only its own', () => {
    const first = serverSideApply(
      undefined,
      deployment(containers({ name: 'a', image: 'x' })),
      schema,
      writer('one'),
      false,
    );
    const both = serverSideApply(
      first,
      deployment(containers({ name: 'b', image: 'y' })),
      schema,
      writer('two'),
      false,
    );
    expect(both['spec'].template.spec.containers.map((one: any) => one.name)).toEqual(['a', 'b']);
    const after = serverSideApply(both, deployment({}), schema, writer('two'), false);
    expect(after['spec'].template.spec.containers.map((one: any) => one.name)).toEqual(['a']);
  });

  it('knows a port by number and protocol, whose default is TCP', () => {
    const service = (ports: object[]): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports },
    });
    const live = trackUpdate(
      undefined,
      service([{ port: 80, protocol: 'TCP', name: 'http' }]),
      services,
      writer('one'),
    );
    const merged = serverSideApply(live, service([{ port: 80, targetPort: 8080 }]), services, writer('two'), false);
    expect(merged['spec'].ports).toEqual([{ port: 80, protocol: 'TCP', name: 'http', targetPort: 8080 }]);
  });

  it('is idempotent and gives back what was applied, whatever it is', () => {
    const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^[a-z]{0,5}$/));
    const list = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,3}$/), image: fc.string() }), {
      selector: (one) => one.name,
    });
    fc.assert(
      fc.property(labels, list, labels, list, (l1, c1, l2, c2) => {
        const one = deployment(containers(...c1), { labels: l1 });
        const two = deployment(containers(...c2), { labels: l2 });
        const first = serverSideApply(undefined, one, schema, writer('m'), false);
        const second = serverSideApply(first, two, schema, writer('m'), false);
        expect(serverSideApply(second, two, schema, writer('m'), false)).toEqual(second);
        expect(second.metadata.labels ?? {}).toEqual(l2);
        const names = (second['spec']?.template?.spec?.containers ?? []).map((item: any) => item.name).sort();
        expect(names).toEqual(c2.map((item) => item.name).sort());
      }),
    );
  });
});

describe('an update', () => {
  it('takes the fields that it changes from their manager', () => {
    const first = serverSideApply(undefined, deployment({ replicas: 2, paused: true }), schema, writer('one'), false);
    const updated = trackUpdate(
      first,
      { ...first, spec: { ...first['spec'], replicas: 5 } },
      schema,
      writer('kubectl'),
    );
    const owner = (field: string) =>
      updated.metadata.managedFields
        ?.filter((entry) => field in ((entry.fieldsV1 as any)['f:spec'] ?? {}))
        .map((entry) => entry.manager);
    expect(owner('f:replicas')).toEqual(['kubectl']);
    expect(owner('f:paused')).toEqual(['one']);
    expect(() =>
      serverSideApply(updated, deployment({ replicas: 2, paused: true }), schema, writer('one'), false),
    ).toThrow('conflict with "kubectl" using apps/v1: .spec.replicas');
  });
});

describe('a strategic merge patch', () => {
  const patched = (current: object, patch: object) =>
    applyPatch(deployment(current), { spec: patch }, 'strategic', schema)['spec'];

  it('merges lists by their key, deletes by directive, and orders', () => {
    const current = containers({ name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] }, { name: 'b', image: 'y' });
    const result = patched(current, containers({ name: 'a', image: 'z' }, { $patch: 'delete', name: 'b' }));
    expect(result.template.spec.containers).toEqual([{ name: 'a', image: 'z', env: [{ name: 'E', value: '1' }] }]);
  });

  it('replaces where the directive says so', () => {
    expect(
      patched(
        { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
        { strategy: { $patch: 'replace', type: 'Recreate' } },
      ).strategy,
    ).toEqual({ type: 'Recreate' });
    expect(
      patched(
        { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
        { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      ).strategy,
    ).toEqual({ type: 'Recreate' });
  });

  it('removes a field by null', () => {
    expect(patched({ replicas: 2, paused: true }, { paused: null })).toEqual({ replicas: 2 });
  });

  it('treats finalizers as a set', () => {
    const object = deployment({}, { finalizers: ['a'] });
    expect(applyPatch(object, { metadata: { finalizers: ['b'] } }, 'strategic', schema).metadata.finalizers).toEqual([
      'b',
      'a',
    ]);
    expect(
      applyPatch(object, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, 'strategic', schema).metadata
        .finalizers,
    ).toEqual([]);
  });
});

describe('other patches', () => {
  it('follow RFC 7396 and RFC 6902', () => {
    const object = deployment({ a: { b: 1, c: 2 } });
    expect(applyPatch(object, { spec: { a: { b: null } } }, 'merge', schema)['spec']).toEqual({ a: { c: 2 } });
    expect(applyPatch(object, [{ op: 'replace', path: '/spec/a/b', value: 9 }], 'json', schema)['spec'].a.b).toBe(9);
    expect(() => applyPatch(object, [{ op: 'test', path: '/spec/a/b', value: 0 }], 'json', schema)).toThrow(
      /Test operation failed/,
    );
    expect(object['spec']).toEqual({ a: { b: 1, c: 2 } });
  });
});
