/** The account `default` in every namespace. */
import { isAlreadyExists, kinds, type Namespace } from '../../kube/index.ts';
import { type Controller, keyedQueue } from './controller.ts';

export const serviceAccounts: Controller = {
  name: 'serviceaccount',
  start(context) {
    const queue = keyedQueue(context, 'serviceaccount', async (_, namespace) => {
      const found = context.informer<Namespace>(kinds.Namespace).get(undefined, namespace);
      if (
        !found ||
        found.metadata.deletionTimestamp ||
        context.informer(kinds.ServiceAccount).get(namespace, 'default')
      )
        return;
      await context.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace } }).catch((error) => {
        if (!isAlreadyExists(error)) throw error;
      });
    });
    context.informer(kinds.Namespace).on(({ object }) => queue.add(`/${object.metadata.name}`));
    context.informer(kinds.ServiceAccount).on(({ type, object }) => {
      if (type === 'deleted' && object.metadata.name === 'default') queue.add(`/${object.metadata.namespace}`);
    });
    return queue;
  },
};
