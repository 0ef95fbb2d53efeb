/** What may change or refuse an object between its arrival and its storage: service accounts, then webhooks. */
import { messageOf } from '../../errors/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { admitPolicies } from './admission-policies.ts';
import { type AdmissionAttributes, matchesRequest, requestVariables, reviewOf } from './admission-request.ts';
import { meetsConditions } from './cel/index.ts';
import { type ApiRequest, isDryRun, type ServerContext } from './context.ts';
import { applyPatch } from './merge/index.ts';
import { randomSuffix } from './names.ts';
import { StatusError } from './status.ts';
import { callEndpoint } from './webhook-client.ts';

type Mutation = AdmissionAttributes & { object: KubeObject };

/** Gives the object after all that may change it. @throws StatusError when one of them refuses. */
export async function admitMutating(
  context: ServerContext,
  request: ApiRequest,
  attributes: Mutation,
): Promise<KubeObject> {
  let { object } = attributes;
  const isNewPod =
    attributes.operation === 'CREATE' && attributes.resource.group === '' && attributes.resource.plural === 'pods';
  if (isNewPod) addServiceAccount(context, object);
  for (const webhook of webhooksFor(context, 'mutatingwebhookconfigurations', { ...attributes, object })) {
    const response = await callWebhook(context, request, webhook, { ...attributes, object });
    if (response?.patch) {
      const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'));
      object = applyPatch(object, patch, 'json', undefined);
    }
  }
  if (isNewPod) {
    addTolerations(object);
    addPriority(context, object);
  }
  if (attributes.operation === 'CREATE' && attributes.resource.group === '') {
    if (attributes.resource.plural === 'persistentvolumeclaims') addStorageClass(context, object);
    protect(object, protections[attributes.resource.plural]);
  }
  return object;
}

/** Admission plugin Priority: a class's name becomes its number. @throws StatusError for a class that is not there. */
function addPriority(context: ServerContext, pod: KubeObject): void {
  const spec = (pod['spec'] ??= {});
  const classes = context.storage.list('scheduling.k8s.io/priorityclasses').map(({ object }) => object);
  const named = spec.priorityClassName;
  const chosen = classes.find((one) => (named ? one.metadata.name === named : one['globalDefault'] === true));
  if (named && !chosen)
    throw new StatusError(
      403,
      'Forbidden',
      `pods "${pod.metadata.name}" is forbidden: no PriorityClass with name ${named} was found`,
      { name: pod.metadata.name ?? '', kind: 'pods' },
    );
  if (chosen) spec.priorityClassName = chosen.metadata.name;
  spec.priority = chosen?.['value'] ?? 0;
  spec.preemptionPolicy ??= chosen?.['preemptionPolicy'] ?? 'PreemptLowerPriority';
}

const protections: Record<string, string> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

/** StorageObjectInUseProtection: what is in use waits for the controller's word before it goes. */
function protect(object: KubeObject, finalizer: string | undefined): void {
  if (!finalizer || object.metadata.finalizers?.includes(finalizer)) return;
  object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
}

/** DefaultStorageClass: a claim that names no class gets the default one; the empty name asks for a volume without a class. */
function addStorageClass(context: ServerContext, claim: KubeObject): void {
  const spec = (claim['spec'] ??= {});
  if (spec.storageClassName !== undefined) return;
  const chosen = context.storage
    .list('storage.k8s.io/storageclasses')
    .find(({ object }) => object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
  if (chosen) spec.storageClassName = chosen.object.metadata.name;
}

/** @param warnings takes what policies only warn of. @throws StatusError when a webhook or a policy refuses. */
export async function admitValidating(
  context: ServerContext,
  request: ApiRequest,
  attributes: AdmissionAttributes,
  warnings: string[],
): Promise<void> {
  const webhooks = webhooksFor(context, 'validatingwebhookconfigurations', attributes);
  await Promise.all([
    ...webhooks.map((webhook) => callWebhook(context, request, webhook, attributes)),
    admitPolicies(context, request, attributes, warnings),
  ]);
}

/** By its matchConditions. @throws StatusError when one cannot be evaluated and the webhook's failurePolicy is Fail */
async function isWanted(request: ApiRequest, webhook: any, attributes: AdmissionAttributes): Promise<boolean> {
  if (!webhook.matchConditions?.length) return true;
  try {
    return await meetsConditions(webhook.matchConditions, requestVariables(request, attributes));
  } catch (error) {
    if (webhook.failurePolicy === 'Ignore') return false;
    throw new StatusError(403, 'Forbidden', `webhook "${webhook.name}": ${messageOf(error)}`);
  }
}

const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The ServiceAccount admission: an account for every pod, and its token where the pod does not decline. */
function addServiceAccount(context: ServerContext, pod: KubeObject): void {
  const spec = (pod['spec'] ??= {});
  const name = spec.serviceAccountName || spec.serviceAccount || 'default';
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
  const { namespace = '' } = pod.metadata;
  const account = context.storage.get('/serviceaccounts', namespace, name)?.object;
  if (!account)
    throw new StatusError(
      403,
      'Forbidden',
      `pods "${pod.metadata.name ?? pod.metadata.generateName}" is forbidden: error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
      { name: pod.metadata.name ?? '', kind: 'pods' },
    );
  const automount = spec.automountServiceAccountToken ?? account['automountServiceAccountToken'] ?? true;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const mounted = containers.every((container: any) =>
    container.volumeMounts?.some((mount: any) => mount.mountPath === tokenFolder),
  );
  if (!automount || (mounted && containers.length > 0)) return;
  const volume = `kube-api-access-${randomSuffix()}`;
  spec.volumes = [
    ...(spec.volumes ?? []),
    {
      name: volume,
      projected: {
        defaultMode: 0o644,
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
      },
    },
  ];
  for (const container of containers) {
    if (container.volumeMounts?.some((mount: any) => mount.mountPath === tokenFolder)) continue;
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: volume, readOnly: true, mountPath: tokenFolder },
    ];
  }
}

/** DefaultTolerationSeconds: pods stay five minutes on a node that is not ready. */
function addTolerations(pod: KubeObject): void {
  const tolerations: any[] = pod['spec'].tolerations ?? [];
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const tolerated = tolerations.some(
      (one) => (!one.key || one.key === key) && (!one.effect || one.effect === 'NoExecute'),
    );
    if (!tolerated) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  }
  pod['spec'].tolerations = tolerations;
}

/** Webhooks that want this request, in the order of their configurations' names. */
function webhooksFor(context: ServerContext, plural: string, attributes: AdmissionAttributes): any[] {
  // Webhooks never see the objects that configure webhooks: a broken one could not be taken away.
  if (attributes.resource.group === 'admissionregistration.k8s.io') return [];
  return context.storage
    .list(`admissionregistration.k8s.io/${plural}`)
    .flatMap(({ object }) => object['webhooks'] ?? [])
    .filter((webhook) => matchesRequest(context, webhook, attributes));
}

interface AdmissionResponse {
  allowed: boolean;
  patch?: string;
  status?: { message?: string; reason?: string; code?: number };
}

async function callWebhook(
  context: ServerContext,
  request: ApiRequest,
  webhook: any,
  attributes: AdmissionAttributes,
): Promise<AdmissionResponse | undefined> {
  if (!(await isWanted(request, webhook, attributes))) return undefined;
  if (isDryRun(request) && !['None', 'NoneOnDryRun'].includes(webhook.sideEffects))
    throw new StatusError(400, 'BadRequest', `admission webhook "${webhook.name}" does not support dry run`);
  const review = reviewOf(request, attributes);
  let response: AdmissionResponse;
  try {
    const answer = await callEndpoint(context, webhook.clientConfig, webhook.timeoutSeconds, review);
    if (answer?.response?.uid !== review.request.uid) throw new Error('the answer is for another request');
    response = answer.response;
  } catch (error) {
    const message = `failed calling webhook "${webhook.name}": failed to call webhook: ${messageOf(error)}`;
    context.log(message);
    if (webhook.failurePolicy === 'Ignore') return undefined;
    throw new StatusError(500, 'InternalError', `Internal error occurred: ${message}`);
  }
  if (response.allowed) return response;
  const { message, reason, code } = response.status ?? {};
  throw new StatusError(
    code ?? 403,
    reason ?? 'Forbidden',
    `admission webhook "${webhook.name}" denied the request: ${message ?? 'without explanation'}`,
  );
}
