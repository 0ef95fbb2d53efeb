/** The patch types, and who manages which field. */
import type { Scenario, Step } from '../exchange.ts';

const path = '/api/v1/namespaces/default/services';
const types = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};
const patch = (name: string, type: keyof typeof types, target: string, body: unknown): Step => ({
  name,
  method: 'PATCH',
  path: `${path}/${target}`,
  contentType: types[type],
  body,
});
const service = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec,
});
const http = { name: 'http', port: 80 };
const https = { name: 'https', port: 443 };

export const patches: Scenario = {
  name: 'patches',
  steps: [
    {
      name: 'create',
      method: 'POST',
      path: `${path}?fieldManager=creator`,
      body: service('web', { selector: { app: 'web' }, ports: [http] }),
    },
    patch('merge', 'merge', 'web?fieldManager=merger', {
      metadata: { labels: { a: 'b', c: null } },
      spec: { selector: { app: null, tier: 'front' } },
    }),
    patch('strategic: a list by its key', 'strategic', 'web', { spec: { ports: [https] } }),
    patch('strategic: take an entry off', 'strategic', 'web', { spec: { ports: [{ $patch: 'delete', port: 443 }] } }),
    patch('strategic: replace a list', 'strategic', 'web', {
      spec: {
        $retainKeys: ['ports', 'type', 'clusterIP', 'clusterIPs', 'selector'],
        ports: [{ $patch: 'replace' }, { port: 8080 }],
      },
    }),
    patch('strategic: an order', 'strategic', 'web', {
      spec: { ports: [https, { port: 8080 }], '$setElementOrder/ports': [{ port: 443 }, { port: 8080 }] },
    }),
    patch('strategic: a set', 'strategic', 'web', { metadata: { finalizers: ['example.com/b'] } }),
    patch('strategic: more of a set', 'strategic', 'web', {
      metadata: { finalizers: ['example.com/a', 'example.com/c'] },
    }),
    patch('strategic: less of a set', 'strategic', 'web', {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a', 'example.com/b', 'example.com/c'] },
    }),
    patch('json', 'json', 'web', [
      { op: 'test', path: '/spec/type', value: 'ClusterIP' },
      { op: 'add', path: '/metadata/labels/x~1y', value: 'z' },
      { op: 'replace', path: '/spec/sessionAffinity', value: 'ClientIP' },
    ]),
    patch('json: a test that fails', 'json', 'web', [{ op: 'test', path: '/spec/type', value: 'NodePort' }]),
    patch('json: a path that is not there', 'json', 'web', [{ op: 'remove', path: '/spec/nothing' }]),
    patch('json: no operations', 'json', 'web', { op: 'add' }),
    patch('merge: no object', 'merge', 'web', []),
    patch('merge: a name', 'merge', 'web', { metadata: { name: 'other' } }),
    patch('merge: a fixed field', 'merge', 'web', { spec: { clusterIP: '10.110.200.200' } }),
    patch('merge: a wrong value', 'merge', 'web', { spec: { type: 'Nothing' } }),
    patch('merge: a wrong type', 'merge', 'web', { spec: { ports: 'none' } }),
    patch('merge: none', 'merge', 'none', {}),
    { name: 'an unknown patch', method: 'PATCH', path: `${path}/web`, contentType: 'application/json', body: {} },
    patch('apply without a manager', 'apply', 'applied', service('applied', { ports: [http] })),
    patch(
      'apply creates',
      'apply',
      'applied?fieldManager=one',
      service('applied', { selector: { app: 'a' }, ports: [http] }, { labels: { a: '1' } }),
    ),
    patch(
      'apply the same',
      'apply',
      'applied?fieldManager=one',
      service('applied', { selector: { app: 'a' }, ports: [http] }, { labels: { a: '1' } }),
    ),
    patch(
      'apply: another shares',
      'apply',
      'applied?fieldManager=two',
      service('applied', { ports: [http, https] }, { labels: { a: '1', b: '2' } }),
    ),
    patch(
      'apply: a conflict',
      'apply',
      'applied?fieldManager=two',
      service('applied', { selector: { app: 'b' } }, { labels: { a: '2' } }),
    ),
    patch(
      'apply: forced',
      'apply',
      'applied?fieldManager=two&force=true',
      service('applied', { selector: { app: 'b' }, ports: [https] }, { labels: { a: '2' } }),
    ),
    patch('apply: fields are given up', 'apply', 'applied?fieldManager=two', service('applied', { ports: [https] })),
    patch('apply: a wrong type', 'apply', 'applied?fieldManager=two', service('applied', { ports: 'x' })),
    patch('apply: an unknown field', 'apply', 'applied?fieldManager=two', service('applied', { nothing: 1 })),
    patch('apply: a key twice', 'apply', 'applied?fieldManager=two', service('applied', { ports: [http, http] })),
    patch(
      'apply: managed fields are refused',
      'apply',
      'applied?fieldManager=two',
      service('applied', {}, { managedFields: [{ manager: 'x' }] }),
    ),
    patch('apply: another name', 'apply', 'applied?fieldManager=two', service('other', {})),
    patch('merge among appliers', 'merge', 'applied?fieldManager=three', { metadata: { labels: { b: '3' } } }),
    patch(
      'apply: against an updater',
      'apply',
      'applied?fieldManager=one',
      service('applied', { ports: [http] }, { labels: { b: '1' } }),
    ),
    {
      name: 'status is another resource',
      method: 'PATCH',
      path: `${path}/applied/status?fieldManager=lb`,
      contentType: types.merge,
      body: { status: { loadBalancer: { ingress: [{ ip: '192.168.49.20' }] } }, spec: { sessionAffinity: 'ClientIP' } },
    },
    {
      name: 'status: a wrong address',
      method: 'PATCH',
      path: `${path}/applied/status`,
      contentType: types.merge,
      body: { status: { loadBalancer: { ingress: [{ ip: 'x' }] } } },
    },
  ],
};
