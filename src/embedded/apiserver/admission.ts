/** What may change or refuse an object between its arrival and its storage: service accounts, then webhooks. */
import { randomUUID } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import { messageOf } from '../../errors/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { type ApiRequest, isDryRun, type ServerContext } from './context.ts';
import { applyPatch } from './merge/index.ts';
import { randomSuffix } from './names.ts';
import { apiVersion, type Resource } from './resources.ts';
import { matchesLabelSelector } from './selectors.ts';
import { StatusError } from './status.ts';

export interface AdmissionAttributes {
  resource: Resource;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  object: KubeObject | undefined;
  old: KubeObject | undefined;
  subresource: string;
}

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
  if (attributes.operation === 'CREATE' && attributes.resource.plural === 'persistentvolumeclaims')
    addStorageClass(context, object);
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

/** DefaultStorageClass: a claim that names no class gets the default one; the empty name asks for a volume without a class. */
function addStorageClass(context: ServerContext, claim: KubeObject): void {
  const spec = (claim['spec'] ??= {});
  if (spec.storageClassName !== undefined) return;
  const chosen = context.storage
    .list('storage.k8s.io/storageclasses')
    .find(({ object }) => object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
  if (chosen) spec.storageClassName = chosen.object.metadata.name;
}

export async function admitValidating(
  context: ServerContext,
  request: ApiRequest,
  attributes: AdmissionAttributes,
): Promise<void> {
  const webhooks = webhooksFor(context, 'validatingwebhookconfigurations', attributes);
  await Promise.all(webhooks.map((webhook) => callWebhook(context, request, webhook, attributes)));
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
    .filter((webhook) => wants(context, webhook, attributes));
}

function wants(context: ServerContext, webhook: any, attributes: AdmissionAttributes): boolean {
  const { resource, operation, subresource } = attributes;
  const named = subresource ? `${resource.plural}/${subresource}` : resource.plural;
  const listed = (list: string[] | undefined, value: string) =>
    (list ?? []).some((one) => one === '*' || one === value);
  const covered = (webhook.rules ?? []).some(
    (rule: any) =>
      listed(rule.operations, operation) &&
      listed(rule.apiGroups, resource.group) &&
      // matchPolicy Equivalent: another version of the same resource is asked about as well.
      (listed(rule.apiVersions, resource.version) || webhook.matchPolicy !== 'Exact') &&
      (rule.resources ?? []).some(
        (one: string) =>
          one === named ||
          one === '*/*' ||
          (one === '*' && !subresource) ||
          (subresource && one === `${resource.plural}/*`),
      ) &&
      (rule.scope === '*' || rule.scope === undefined || (rule.scope === 'Namespaced') === resource.namespaced),
  );
  if (!covered) return false;
  const subjects = [attributes.object, attributes.old].filter((one) => one !== undefined);
  if (!subjects.some((one) => matchesLabelSelector(webhook.objectSelector, one.metadata.labels ?? {}))) return false;
  const namespace = resource.namespaced
    ? context.storage.get('/namespaces', undefined, subjects[0]?.metadata.namespace ?? '')?.object
    : resource.plural === 'namespaces'
      ? subjects[0]
      : undefined;
  return !namespace || matchesLabelSelector(webhook.namespaceSelector, namespace.metadata.labels ?? {});
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
  if (isDryRun(request) && !['None', 'NoneOnDryRun'].includes(webhook.sideEffects))
    throw new StatusError(400, 'BadRequest', `admission webhook "${webhook.name}" does not support dry run`);
  const review = reviewOf(request, attributes);
  let response: AdmissionResponse;
  try {
    const answer = await post(context, webhook, review);
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

function reviewOf(request: ApiRequest, attributes: AdmissionAttributes) {
  const { resource, operation, object, old, subresource } = attributes;
  const subject = object ?? old;
  const kind = { group: resource.group, version: resource.version, kind: resource.kind };
  const path = { group: resource.group, version: resource.version, resource: resource.plural };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind,
      resource: path,
      requestKind: kind,
      requestResource: path,
      ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
      name: subject?.metadata.name ?? '',
      ...(subject?.metadata.namespace ? { namespace: subject.metadata.namespace } : {}),
      operation,
      userInfo: request.user,
      object: object ? { ...object, apiVersion: apiVersion(resource), kind: resource.kind } : null,
      oldObject: old ?? null,
      dryRun: isDryRun(request),
      options: null,
    },
  };
}

/** Sends a review to a webhook: to its URL, or to its Service by the Service's address, which this process can route to. */
function post(context: ServerContext, webhook: any, review: unknown): Promise<any> {
  const { clientConfig, timeoutSeconds = 10 } = webhook;
  let url: URL;
  let serverName: string | undefined;
  if (clientConfig.url) url = new URL(clientConfig.url);
  else {
    const { name, namespace, port = 443, path = '/' } = clientConfig.service;
    const service = context.storage.get('/services', namespace, name)?.object;
    if (!service) throw new Error(`service "${name}" not found`);
    const address = service['spec'].clusterIP;
    if (!address || address === 'None')
      throw new Error(
        `service "${name}" has no cluster IP: an ExternalName or headless service cannot be called by the API server`,
      );
    url = new URL(`https://${address}:${port}${path.startsWith('/') ? path : `/${path}`}`);
    serverName = `${name}.${namespace}.svc`;
  }
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString('utf8') : undefined;
  url.searchParams.set('timeout', `${timeoutSeconds}s`);
  const body = JSON.stringify(review);
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, {
      method: 'POST',
      agent: new Agent({ keepAlive: false }),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json',
      },
      timeout: timeoutSeconds * 1000,
      ...(ca ? { ca } : {}),
      ...(serverName ? { servername: serverName } : {}),
    });
    const timer = setTimeout(
      () => call.destroy(new Error(`Post "${url.href}": context deadline exceeded`)),
      timeoutSeconds * 1000,
    );
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        clearTimeout(timer);
        const text = Buffer.concat(chunks).toString('utf8');
        if (answer.statusCode !== 200)
          return reject(new Error(`the server answered ${answer.statusCode}: ${text.slice(0, 200)}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(error.message.startsWith('Post ') ? error.message : `Post "${url.href}": ${error.message}`));
    });
    call.end(body);
  });
}
