import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Condition, type KubeObject, kinds } from '../../kube/index.ts';
import { type DesiredObject, here, type Part } from '../part.ts';
import type { Lack } from '../wait.ts';

let definitions: DesiredObject[] | undefined;

function istioDefinitions(): DesiredObject[] {
  const file = new URL('../generated/istio-crds.json.gz', import.meta.url);
  definitions ??= JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as DesiredObject[];
  return definitions;
}

/** Istio's CustomResourceDefinitions, in every cluster: a remote has them too, though its control plane reads only the primary's objects. */
export const customResources: Part = {
  name: 'custom-resources',
  applies: () => true,
  needs: () => [],
  desired: (context) => here(context, istioDefinitions()),
  async ready(context) {
    await Promise.all(
      istioDefinitions().map(({ metadata: { name = '' } }) =>
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
