/** ConfigMap kube-root-ca.crt in every namespace, by which pods believe the API server. */
import { type ConfigMap, kinds, type Namespace } from '../../kube/index.ts';
import { type Controller, keyedQueue } from './controller.ts';

const name = 'kube-root-ca.crt';

export const rootCertificates: Controller = {
  name: 'root-ca-certificate-publisher',
  start(context) {
    const queue = keyedQueue(context, 'root-ca-certificate-publisher', async (_, namespace) => {
      const found = context.informer<Namespace>(kinds.Namespace).get(undefined, namespace);
      if (!found || found.metadata.deletionTimestamp) return;
      const data = { 'ca.crt': context.rootCaPem };
      const known = await context.client.find<ConfigMap>(kinds.ConfigMap, name, namespace);
      if (!known) await context.client.create(kinds.ConfigMap, { metadata: { name, namespace }, data });
      else if (known.data?.['ca.crt'] !== context.rootCaPem)
        await context.client.replace(kinds.ConfigMap, { ...known, data });
    });
    context.informer(kinds.Namespace).on(({ object }) => queue.add(`/${object.metadata.name}`));
    context.informer(kinds.ConfigMap).on(({ type, object }) => {
      if (object.metadata.name === name && type !== 'added') queue.add(`/${object.metadata.namespace}`);
    });
    return queue;
  },
};
