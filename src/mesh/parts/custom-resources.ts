import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Condition, type KubeObject, kinds } from '../../kube/index.ts';
import { isEmbedded } from '../../spec/index.ts';
import { isDefinition, isIstio, istioObjects } from '../istio/index.ts';
import { type DesiredObject, here, type Part, type PartContext } from '../part.ts';
import type { Lack } from '../wait.ts';

const shipped = new Map<string, DesiredObject[]>();

function shippedIn(file: string): DesiredObject[] {
  const known = shipped.get(file);
  if (known) return known;
  const read = JSON.parse(gunzipSync(readFileSync(new URL(`../generated/${file}`, import.meta.url))).toString('utf8'));
  shipped.set(file, read);
  return read;
}

/** Istio's, and in embedded clusters those of the Gateway API: elsewhere whoever runs the cluster decides on these. */
async function definitions(context: PartContext): Promise<DesiredObject[]> {
  const istio = await istioDefinitions(context);
  return isEmbedded(context.cluster) ? [...istio, ...shippedIn('gateway-crds.json.gz')] : istio;
}

/** Those of the Istio that is installed; with Isthmus' own control plane those that it was made for. */
async function istioDefinitions({ mesh, cluster }: PartContext): Promise<DesiredObject[]> {
  if (isIstio(mesh)) {
    const primary = mesh.clusters.find(({ name }) => name === cluster.primary) ?? cluster;
    return (await istioObjects(mesh, primary)).filter(isDefinition);
  }
  return shippedIn('istio-crds.json.gz');
}

/** CustomResourceDefinitions, in every cluster: a remote has them too, though its control plane reads only the primary's objects. */
export const customResources: Part = {
  name: 'custom-resources',
  applies: () => true,
  needs: () => [],
  desired: async (context) => here(context, await definitions(context)),
  async ready(context) {
    await Promise.all(
      (await definitions(context)).map(({ metadata: { name = '' } }) =>
        context.wait.for({
          client: context.client,
          kind: kinds.CustomResourceDefinition,
          name,
          judge: whyNotEstablished,
        }),
      ),
    );
  },
};

function whyNotEstablished(definition: KubeObject | undefined): Lack | undefined {
  const conditions: Condition[] = definition?.['status']?.conditions ?? [];
  if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return undefined;
  const refused = conditions.find(({ status }) => status === 'False');
  return {
    why: refused?.message ?? 'it is not established',
    ends: 'the API server serves it',
  };
}
