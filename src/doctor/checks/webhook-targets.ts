import { type EndpointSlice, kinds, type Service } from '../../kube/index.ts';
import { type Check, kubectl, objectOf, textOf } from '../check.ts';
import { isIstios } from './webhook-bundles.ts';

/** API servers call the Service of a webhook themselves: they need endpoints, and follow no ExternalName. */
export const webhookTargets: Check = {
  code: 'ISM502',
  title: 'webhooks of istiod lead somewhere',
  async run({ clusters }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const [mutating, validating, services, slices] = await Promise.all([
          cluster.list(kinds.MutatingWebhookConfiguration),
          cluster.list(kinds.ValidatingWebhookConfiguration),
          cluster.list<Service>(kinds.Service),
          cluster.list<EndpointSlice>(kinds.EndpointSlice),
        ]);
        const all = [
          ...mutating.map((one) => objectOf(cluster.name, one, 'MutatingWebhookConfiguration')),
          ...validating.map((one) => objectOf(cluster.name, one, 'ValidatingWebhookConfiguration')),
        ];
        return [...mutating, ...validating].flatMap((configuration, index) => {
          if (!isIstios(configuration)) return [];
          const target = ((configuration['webhooks'] ?? []) as any[]).find((hook) => hook.clientConfig?.service)
            ?.clientConfig.service;
          const why = target && faultOf(target, services, slices);
          if (!why) return [];
          return [
            {
              severity: 'error' as const,
              message: `${textOf(all[index]!)} calls Service ${target.namespace}/${target.name}, ${why}: with failurePolicy Fail no pod is made where it applies.`,
              object: all[index]!,
              fix: `${kubectl(cluster.name, target.namespace)} get service,endpointslices ${target.name === 'istiod' ? '-l istio.io/rev' : ''}`.trim(),
            },
          ];
        });
      }),
    );
    return found.flat();
  },
};

function faultOf(target: any, services: Service[], slices: EndpointSlice[]): string | undefined {
  const service = services.find(
    (one) => one.metadata.name === target.name && one.metadata.namespace === target.namespace,
  );
  if (!service) return 'which is not there';
  if (service.spec['type'] === 'ExternalName')
    return 'which is of type ExternalName, and API servers do not follow that';
  const ports: number[] = (service.spec['ports'] ?? []).map((one: any) => one.port);
  if (!ports.includes(target.port ?? 443)) return `which has no port ${target.port ?? 443}`;
  const endpoints = slices
    .filter(
      (one) =>
        one.metadata.namespace === target.namespace &&
        one.metadata.labels?.['kubernetes.io/service-name'] === target.name,
    )
    .flatMap((one) => one.endpoints ?? []);
  return endpoints.some((one) => one.conditions?.ready !== false) ? undefined : 'which has no ready endpoint';
}
