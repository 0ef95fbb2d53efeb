/** The webhooks of a revision, with the selectors that Istio's chart gives them. caBundle is istiod's to write. */
import type { Mesh } from '../../spec/index.ts';
import { injectorName, istiodName, revisionOf } from '../istio/index.ts';
import { type DesiredObject, systemNamespace } from '../part.ts';

type Expression = [key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]];

const expressions = (...list: Expression[]) => ({
  matchExpressions: list.map(([key, operator, ...values]) => ({
    key,
    operator,
    ...(values.length > 0 ? { values } : {}),
  })),
});

const injection = 'istio-injection';
const inject = 'sidecar.istio.io/inject';
const rev = 'istio.io/rev';

export function injectorWebhook(mesh: Mesh, path: string): DesiredObject {
  const revision = revisionOf(mesh) ?? 'default';
  return injector(mesh, path, injectorName(mesh), revision, revision === 'default');
}

/**
 * The tag by which another revision serves what is labelled without one, as `istioctl tag set default` makes it. None where the default
 * revision does so itself.
 */
export function defaultTag(mesh: Mesh, path: string): DesiredObject[] {
  if (revisionOf(mesh) === undefined) return [];
  const tag = injector(mesh, path, 'istio-revision-tag-default', 'default', true);
  const labels = { ...tag.metadata.labels, [rev]: revisionOf(mesh)!, 'istio.io/tag': 'default' };
  return [{ ...tag, metadata: { ...tag.metadata, labels } }];
}

/** @param isDefault it serves also what names no revision */
function injector(mesh: Mesh, path: string, name: string, revision: string, isDefault: boolean): DesiredObject {
  const webhook = (prefix: string, namespaceSelector: unknown, objectSelector: unknown) => ({
    name: `${prefix}sidecar-injector.istio.io`,
    clientConfig: { service: { name: istiodName(mesh), namespace: systemNamespace, path, port: 443 } },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector,
    objectSelector,
  });
  const ofRevision = [
    webhook(
      'rev.namespace.',
      expressions([rev, 'In', revision], [injection, 'DoesNotExist']),
      expressions([inject, 'NotIn', 'false']),
    ),
    webhook(
      'rev.object.',
      expressions([rev, 'DoesNotExist'], [injection, 'DoesNotExist']),
      expressions([inject, 'NotIn', 'false'], [rev, 'In', revision]),
    ),
  ];
  const ofDefault = [
    webhook('namespace.', expressions([injection, 'In', 'enabled']), expressions([inject, 'NotIn', 'false'])),
    webhook(
      'object.',
      expressions([injection, 'DoesNotExist'], [rev, 'DoesNotExist']),
      expressions([inject, 'In', 'true'], [rev, 'DoesNotExist']),
    ),
  ];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name, labels: { app: 'sidecar-injector', [rev]: revision } },
    webhooks: [...ofRevision, ...(isDefault ? ofDefault : [])],
  };
}

export function validatorWebhook(mesh: Mesh): DesiredObject {
  const revision = revisionOf(mesh) ?? 'default';
  const suffix = revision === 'default' ? '' : `-${revision}`;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name: `istio-validator${suffix}-${systemNamespace}`,
      labels: { app: 'istiod', istio: 'istiod', [rev]: revision },
    },
    webhooks: [
      {
        name: 'rev.validation.istio.io',
        clientConfig: { service: { name: istiodName(mesh), namespace: systemNamespace, path: '/validate', port: 443 } },
        // Until istiod has written its bundle it cannot be called: objects are let in.
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 5,
        objectSelector: expressions([rev, 'In', revision]),
        rules: [
          {
            operations: ['CREATE', 'UPDATE'],
            apiGroups: ['security.istio.io', 'networking.istio.io', 'telemetry.istio.io', 'extensions.istio.io'],
            apiVersions: ['*'],
            resources: ['*'],
          },
        ],
      },
    ],
  };
}
