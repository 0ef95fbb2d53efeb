import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { kinds } from '../../kube/index.ts';
import { type DesiredObject, here, type Part } from '../part.ts';

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
    const established = (found: any): string | undefined =>
      (found?.status?.conditions ?? []).some((one: any) => one.type === 'Established' && one.status === 'True')
        ? undefined
        : `CustomResourceDefinition ${found?.metadata.name} is not established yet`;
    await Promise.all(
      istioDefinitions().map((one) =>
        context.wait.for(context.client, kinds.CustomResourceDefinition, one.metadata.name!, undefined, established),
      ),
    );
  },
};
