import { describe, expect, it } from 'vitest';
import { planted, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import { decodeMessage, encodeMessage } from '../../proto/index.ts';
import type { MeshChange } from '../model.ts';
import { typeUrls } from '../networking/index.ts';
import { Connection } from './connection.ts';

/** A proxy in `ns` that has asked for all four types, and what it is sent from then on. */
function connected() {
  const sent: any[] = [];
  let snapshot = plantedSnapshot([]);
  const connection = new Connection({
    id: '1',
    protocol: 'delta',
    identity: { id: '', trustDomain: 'cluster.local', namespace: 'ns', serviceAccount: 'web' },
    snapshot: () => snapshot,
    write: (bytes) => sent.push(decodeMessage('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes)),
    secret: () => undefined,
    debug: async () => [],
    log: () => {},
  });
  const node = {
    id: 'sidecar~10.0.0.1~web-1.ns~ns.svc.cluster.local',
    metadata: { NAMESPACE: 'ns', CLUSTER_ID: 'east', SERVICE_ACCOUNT: 'web', LABELS: { app: 'web' } },
  };
  const ask = (type: string, ...resource_names_subscribe: string[]) =>
    connection.receive(
      encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
        node,
        type_url: type,
        resource_names_subscribe,
      }),
    );
  ask(typeUrls.cluster);
  ask(typeUrls.listener);
  ask(typeUrls.route, '80');
  sent.length = 0;
  return {
    /** Publishes objects, and says what was sent for it: `type: names`. */
    push(objects: any[], change: Partial<MeshChange>): string[] {
      snapshot = { ...plantedSnapshot(objects), version: snapshot.version + 1 };
      connection.push({ full: false, hosts: new Set(), policies: [], reason: '', ...change });
      return sent
        .splice(0)
        .map(({ type_url: type, resources }) => `${type.split('.').at(-1)}: ${resources.map((one: any) => one.name)}`);
    },
  };
}

describe('a change of a policy', () => {
  const policy = (namespace: string) => planted('AuthorizationPolicy', 'p', { rules: [{}] }, { namespace });
  const kind = 'AuthorizationPolicy';

  it('is sent as the listeners that it changes', () => {
    const proxy = connected();
    expect(proxy.push([policy('ns')], { policies: [{ kind, namespace: 'ns' }] })).toEqual(['Listener: virtualInbound']);
    expect(proxy.push([], { policies: [{ kind, namespace: 'ns' }] })).toEqual(['Listener: virtualInbound']);
    const everywhere = { policies: [{ kind, namespace: 'istio-system' }] } as const;
    expect(proxy.push([policy('istio-system')], everywhere)).toEqual(['Listener: virtualInbound']);
  });

  it('is nothing to proxies of other namespaces', () => {
    expect(connected().push([policy('other')], { policies: [{ kind, namespace: 'other' }] })).toEqual([]);
  });

  it('of EnvoyFilters reaches the types that they patch', () => {
    const match = { context: 'SIDECAR_OUTBOUND', cluster: { name: 'PassthroughCluster' } };
    const patch = { operation: 'MERGE', value: { connect_timeout: '1s' } };
    const object = planted('EnvoyFilter', 'f', { configPatches: [{ applyTo: 'CLUSTER', match, patch }] });
    const sent = connected().push([object], { policies: [{ kind: 'EnvoyFilter', namespace: 'ns' }] });
    expect(sent).toEqual(['Cluster: PassthroughCluster']);
  });
});
