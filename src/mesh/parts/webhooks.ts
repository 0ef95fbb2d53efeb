/** The webhooks of the default revision, with the selectors that Istio's chart gives them. caBundle is istiod's to write. */
import { type DesiredObject, systemNamespace } from '../part.ts';

type Expression = [key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]];

const expressions = (...list: Expression[]) => ({
  matchExpressions: list.map(([key, operator, ...values]) => ({
    key,
    operator,
    ...(values.length > 0 ? { values } : {}),
  })),
});

const revision = 'default';
const injection = 'istio-injection';
const inject = 'sidecar.istio.io/inject';
const rev = 'istio.io/rev';
const labels = { app: 'sidecar-injector', [rev]: revision };

export function injectorWebhook(path: string): DesiredObject {
  const webhook = (name: string, namespaceSelector: unknown, objectSelector: unknown) => ({
    name: `${name}sidecar-injector.istio.io`,
    clientConfig: { service: { name: 'istiod', namespace: systemNamespace, path, port: 443 } },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    namespaceSelector,
    objectSelector,
  });
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'istio-sidecar-injector', labels },
    webhooks: [
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
      webhook('namespace.', expressions([injection, 'In', 'enabled']), expressions([inject, 'NotIn', 'false'])),
      webhook(
        'object.',
        expressions([injection, 'DoesNotExist'], [rev, 'DoesNotExist']),
        expressions([inject, 'In', 'true'], [rev, 'DoesNotExist']),
      ),
    ],
  };
}

export function validatorWebhook(): DesiredObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name: `istio-validator-${systemNamespace}`,
      labels: { app: 'istiod', istio: 'istiod', [rev]: revision },
    },
    webhooks: [
      {
        name: 'rev.validation.istio.io',
        clientConfig: { service: { name: 'istiod', namespace: systemNamespace, path: '/validate', port: 443 } },
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
