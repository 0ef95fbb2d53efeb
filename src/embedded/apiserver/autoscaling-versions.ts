/** HorizontalPodAutoscalers of autoscaling/v1 and v2: one object, of which v1 shows processor use only. */
import type { KubeObject } from '../../kube/index.ts';

const othersKey = 'autoscaling.alpha.kubernetes.io/metrics';
const isCpu = (metric: any): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target?.type === 'Utilization';

/** The object in the other version; what v1 has no field for is kept in an annotation, as Kubernetes does. */
export function convertAutoscaler(object: KubeObject, apiVersion: string): KubeObject {
  return apiVersion === 'autoscaling/v1' ? toV1(object) : toV2(object);
}

function toV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = object['spec'];
  const { currentCPUUtilizationPercentage: current, ...status } = object['status'] ?? {};
  const { [othersKey]: kept, ...annotations } = object.metadata.annotations ?? {};
  const cpu = (key: string, value: object) => ({ type: 'Resource', resource: { name: 'cpu', [key]: value } });
  const metrics = [
    ...(percent === undefined ? [] : [cpu('target', { type: 'Utilization', averageUtilization: percent })]),
    ...(kept ? JSON.parse(kept) : []),
  ];
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(object, annotations),
    spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}) },
    ...(object['status']
      ? {
          status: {
            ...status,
            ...(current === undefined ? {} : { currentMetrics: [cpu('current', { averageUtilization: current })] }),
          },
        }
      : {}),
  };
}

function toV1(object: KubeObject): KubeObject {
  const { metrics = [], behavior: _, ...spec } = object['spec'];
  const { currentMetrics = [], conditions: __, ...status } = object['status'] ?? {};
  const cpu = metrics.find(isCpu);
  const others = metrics.filter((metric: any) => metric !== cpu);
  const current = currentMetrics.find((one: any) => one.resource?.name === 'cpu')?.resource.current?.averageUtilization;
  const annotations = {
    ...object.metadata.annotations,
    ...(others.length > 0 ? { [othersKey]: JSON.stringify(others) } : {}),
  };
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(object, annotations),
    spec: { ...spec, ...(cpu ? { targetCPUUtilizationPercentage: cpu.resource.target.averageUtilization } : {}) },
    ...(object['status']
      ? { status: { ...status, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) } }
      : {}),
  };
}

function withAnnotations({ metadata }: KubeObject, annotations: Record<string, string>): KubeObject['metadata'] {
  const { annotations: _, ...rest } = metadata;
  return Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest;
}
