import { type KubeObject, kinds } from '../../kube/index.ts';
import { remotesOf } from '../../spec/index.ts';
import {
  injectorName,
  isDefinition,
  isIstio,
  isReader,
  istiodName,
  istioObjects,
  metricsFilter,
  plannedCommands,
  revisionOf,
} from '../istio/index.ts';
import { type DesiredObject, here, type Part, type PartContext, systemNamespace } from '../part.ts';
import { waitForAddress, waitForDeployment } from '../predicates.ts';
import { explainSync } from '../sync-state.ts';
import type { Lack } from '../wait.ts';
import { gatewayName } from './gateway-addresses.ts';
import { istiodDeployment, istiodSelector } from './istiod-deployment.ts';
import { istiodRights } from './istiod-rights.ts';
import { injectorConfig, meshConfig } from './mesh-config.ts';
import { defaultTag, injectorWebhook, validatorWebhook } from './webhooks.ts';

/** istiod in a primary; in a remote the Service and the webhook that lead to the primary's istiod by way of its gateway. */
export const controlPlane: Part = {
  name: 'control-plane',
  applies: () => true,
  needs: (_, cluster) => [
    ...['custom-resources', 'namespaces', 'trust'].map((part) => ({ part, cluster: cluster.name })),
    ...(cluster.role === 'remote' ? [{ part: 'gateway-addresses', cluster: cluster.primary }] : []),
  ],
  async desired(context) {
    if (isIstio(context.mesh)) return here(context, await installedObjects(context));
    return here(context, context.cluster.role === 'primary' ? primaryObjects(context) : await remoteObjects(context));
  },
  commands: ({ mesh, cluster }) =>
    isIstio(mesh)
      ? plannedCommands(
          mesh,
          cluster,
          cluster.role === 'primary' ? "Istio's objects" : `what leads to the istiod of ${cluster.primary}`,
        )
      : [],
  async ready(context) {
    const { mesh } = context;
    if (context.cluster.role === 'primary') await waitForDeployment(context, systemNamespace, istiodName(mesh));
    const { client } = context;
    const deeper = context.cluster.role === 'remote' ? { explain: () => explainSync(context) } : {};
    await context.wait.for({
      client,
      kind: kinds.MutatingWebhookConfiguration,
      name: injectorName(mesh),
      judge: whyNoBundle,
      ...deeper,
    });
    await context.wait.for({
      ...deeper,
      client,
      kind: kinds.ConfigMap,
      name: 'istio-ca-root-cert',
      namespace: systemNamespace,
      judge: (found) => (found ? undefined : { why: 'it does not exist', ends: writtenByIstiod }),
    });
  },
};

const writtenByIstiod = 'istiod has synced the cluster and writes it';

/** Without its bundle the API server cannot call a webhook, and refuses every pod that is to be injected. */
function whyNoBundle(webhook: KubeObject | undefined): Lack | undefined {
  if (!webhook) return { why: 'it does not exist', ends: 'it is created' };
  const empty = (webhook['webhooks'] ?? []).filter((one: any) => !one.clientConfig?.caBundle);
  return empty.length === 0 ? undefined : { why: 'its caBundle is empty', ends: writtenByIstiod };
}

/** Istio's own, but for what other parts apply. */
async function installedObjects(context: PartContext): Promise<DesiredObject[]> {
  const { mesh, cluster } = context;
  const isRemote = cluster.role === 'remote';
  const address = isRemote ? await waitForAddress(context, cluster.primary, systemNamespace, gatewayName) : undefined;
  const objects = (await istioObjects(mesh, cluster, address)).filter((one) => !isDefinition(one));
  const all = address
    ? [...objects.filter((one) => !isReader(one)), ...missingWay(context, objects, address)]
    : objects;
  return Promise.all([
    ...all.map((one) => (one.kind === 'ValidatingWebhookConfiguration' ? withPolicyOf(context, one) : one)),
    ...(!isRemote && mesh.controlPlane.istio.upstreamEnvoy ? [metricsFilter()] : []),
  ]);
}

/** Before Istio 1.21 the webhook of a remote's revision leads to a Service of that revision, which Istio does not make. */
function missingWay(context: PartContext, objects: DesiredObject[], address: string): DesiredObject[] {
  const isThere = objects.some(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === istiodName(context.mesh),
  );
  return isThere ? [] : wayToIstiod(context, address);
}

/** istiod lets the API server insist on validation as soon as it can answer; that is not taken back. */
async function withPolicyOf({ client }: PartContext, object: DesiredObject): Promise<DesiredObject> {
  const found = await client.find(kinds.ValidatingWebhookConfiguration, object.metadata.name ?? '');
  const policies = new Map<string, unknown>(
    (found?.['webhooks'] ?? []).map((one: any) => [one.name, one.failurePolicy]),
  );
  const webhooks = (object['webhooks'] ?? []).map((one: any) => ({
    ...one,
    failurePolicy: policies.get(one.name) ?? one.failurePolicy,
  }));
  return { ...object, webhooks };
}

function primaryObjects(context: PartContext): DesiredObject[] {
  const { cluster, mesh } = context;
  const isExternal = remotesOf(mesh, cluster.name).length > 0;
  return [
    ...istiodRights(),
    meshConfig(context),
    injectorConfig(context, isExternal),
    istiodDeployment(context, isExternal),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: serviceMetadata(context),
      spec: {
        selector: istiodSelector(mesh),
        ports: [
          { name: 'grpc-xds', port: 15_010, targetPort: 15_010, protocol: 'TCP' },
          { name: 'https-dns', port: 15_012, targetPort: 15_012, protocol: 'TCP' },
          { name: 'https-webhook', port: 443, targetPort: 15_017, protocol: 'TCP' },
          { name: 'http-monitoring', port: 15_014, targetPort: 15_014, protocol: 'TCP' },
        ],
      },
    },
    injectorWebhook(mesh, '/inject'),
    ...defaultTag(mesh, '/inject'),
    validatorWebhook(mesh),
  ];
}

const serviceMetadata = ({ mesh }: PartContext) => ({
  name: istiodName(mesh),
  namespace: systemNamespace,
  labels: { ...istiodSelector(mesh), 'istio.io/rev': revisionOf(mesh) ?? 'default' },
});

async function remoteObjects(context: PartContext): Promise<DesiredObject[]> {
  const { mesh } = context;
  const { name, network, primary } = context.cluster;
  const path = `/inject/cluster/${name}/net/${network}`;
  const address = await waitForAddress(context, primary, systemNamespace, gatewayName);
  return [...wayToIstiod(context, address), injectorWebhook(mesh, path), ...defaultTag(mesh, path)];
}

/** The Service by which a remote's proxies and its API server come to the primary's istiod. @param address of the primary's gateway */
function wayToIstiod(context: PartContext, address: string): DesiredObject[] {
  const { mesh } = context;
  const port = (portName: string, number: number) => ({ name: portName, port: number, protocol: 'TCP' });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: serviceMetadata(context),
      spec: {
        ports: [
          { ...port('tcp-istiod', 15_012), targetPort: 15_012 },
          { ...port('tcp-webhook', 443), targetPort: 15_017 },
        ],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: istiodName(mesh),
        namespace: systemNamespace,
        labels: { 'kubernetes.io/service-name': istiodName(mesh), 'istio.io/rev': revisionOf(mesh) ?? 'default' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [port('tcp-istiod', 15_012), port('tcp-webhook', 15_017)],
    },
  ];
}
