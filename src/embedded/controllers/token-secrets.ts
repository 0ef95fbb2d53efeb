/** Secrets of type kubernetes.io/service-account-token: filled with a token that lives as long as the Secret. */
import { createPrivateKey, createSign } from 'node:crypto';
import { kinds, type Secret, type ServiceAccount } from '../../kube/index.ts';
import { type Controller, type ControllerContext, keyedQueue, keyOf } from './controller.ts';

const type = 'kubernetes.io/service-account-token';
const nameKey = 'kubernetes.io/service-account.name';
const uidKey = 'kubernetes.io/service-account.uid';

export const tokenSecrets: Controller = {
  name: 'serviceaccount-token',
  start(context) {
    const queue = keyedQueue(context, 'serviceaccount-token', (namespace, name) => fill(context, namespace, name));
    const secrets = context.informer<Secret>(kinds.Secret);
    secrets.on(({ object }) => {
      if (object.type === type) queue.add(keyOf(object));
    });
    context.informer(kinds.ServiceAccount).on(({ object }) => {
      for (const secret of secrets.list(object.metadata.namespace)) if (secret.type === type) queue.add(keyOf(secret));
    });
    return queue;
  },
};

async function fill(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const secret = context.informer<Secret>(kinds.Secret).get(namespace, name);
  if (!secret || secret.metadata.deletionTimestamp) return;
  const accountName = secret.metadata.annotations?.[nameKey] ?? '';
  const account = context.informer<ServiceAccount>(kinds.ServiceAccount).get(namespace, accountName);
  const wantedUid = secret.metadata.annotations?.[uidKey];
  if (!account || (wantedUid && wantedUid !== account.metadata.uid)) {
    // A token without its account is worth nothing; the Secret goes with the account, unless it waits for one to come.
    if (wantedUid) await context.client.delete(kinds.Secret, name, namespace).catch(() => {});
    return;
  }
  if (secret.data?.['token'] && secret.data['ca.crt']) return;
  const data = {
    token: base64(sign(context, secret, account)),
    'ca.crt': base64(context.rootCaPem),
    namespace: base64(namespace),
  };
  await context.client.patch(
    kinds.Secret,
    name,
    namespace,
    { metadata: { annotations: { [uidKey]: account.metadata.uid } }, data },
    { type: 'merge' },
  );
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function sign(context: ControllerContext, secret: Secret, account: ServiceAccount): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { namespace } = secret.metadata;
  const prefix = 'kubernetes.io/serviceaccount/';
  const claims = {
    iss: 'kubernetes/serviceaccount',
    [`${prefix}namespace`]: namespace,
    [`${prefix}secret.name`]: secret.metadata.name,
    [`${prefix}service-account.name`]: account.metadata.name,
    [`${prefix}service-account.uid`]: account.metadata.uid,
    sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
  };
  const text = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
  const key = createPrivateKey(context.serviceAccountKeys.privateKeyPem);
  return `${text}.${createSign('SHA256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
