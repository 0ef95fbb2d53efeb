/** Tables of what makes pods, and of what decides how many. */
import {
  age,
  containers,
  duration,
  images,
  labelsText,
  orNone,
  type Printer,
  selectorText,
  since,
} from './table-cells.ts';

export const workloadPrinters: Record<string, Printer> = {
  'apps/deployments': {
    columns: [
      ['Name'],
      ['Ready'],
      ['Up-to-date'],
      ['Available'],
      ['Age'],
      ['Containers', true],
      ['Images', true],
      ['Selector', true],
    ],
    cells: (one) => [
      one.metadata.name,
      `${one.status?.readyReplicas ?? 0}/${one.spec.replicas ?? 0}`,
      one.status?.updatedReplicas ?? 0,
      one.status?.availableReplicas ?? 0,
      age(one),
      containers(one.spec.template?.spec),
      images(one.spec.template?.spec),
      selectorText(one.spec.selector),
    ],
  },
  'apps/replicasets': {
    columns: [
      ['Name'],
      ['Desired'],
      ['Current'],
      ['Ready'],
      ['Age'],
      ['Containers', true],
      ['Images', true],
      ['Selector', true],
    ],
    cells: (one) => [
      one.metadata.name,
      one.spec.replicas ?? 0,
      one.status?.replicas ?? 0,
      one.status?.readyReplicas ?? 0,
      age(one),
      containers(one.spec.template?.spec),
      images(one.spec.template?.spec),
      selectorText(one.spec.selector),
    ],
  },
  'apps/statefulsets': {
    columns: [['Name'], ['Ready'], ['Age'], ['Containers', true], ['Images', true]],
    cells: (one) => [
      one.metadata.name,
      `${one.status?.readyReplicas ?? 0}/${one.spec.replicas ?? 0}`,
      age(one),
      containers(one.spec.template?.spec),
      images(one.spec.template?.spec),
    ],
  },
  'apps/daemonsets': {
    columns: [['Name'], ['Desired'], ['Current'], ['Ready'], ['Up-to-date'], ['Available'], ['Node Selector'], ['Age']],
    cells: (one) => [
      one.metadata.name,
      one.status?.desiredNumberScheduled ?? 0,
      one.status?.currentNumberScheduled ?? 0,
      one.status?.numberReady ?? 0,
      one.status?.updatedNumberScheduled ?? 0,
      one.status?.numberAvailable ?? 0,
      labelsText(one.spec.template?.spec?.nodeSelector),
      age(one),
    ],
  },
  'apps/controllerrevisions': {
    columns: [['Name'], ['Controller'], ['Revision'], ['Age']],
    cells: (one) => {
      const owner = (one.metadata.ownerReferences ?? []).find((reference: any) => reference.controller);
      const group = owner?.apiVersion.split('/')[0];
      return [
        one.metadata.name,
        owner ? `${owner.kind.toLowerCase()}.${group}/${owner.name}` : '<none>',
        one.revision,
        age(one),
      ];
    },
  },
  'batch/jobs': {
    columns: [
      ['Name'],
      ['Status'],
      ['Completions'],
      ['Duration'],
      ['Age'],
      ['Containers', true],
      ['Images', true],
      ['Selector', true],
    ],
    cells: (one) => {
      const { startTime, completionTime, succeeded = 0 } = one.status ?? {};
      const { completions, parallelism = 1 } = one.spec;
      const goal = completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
      const end = completionTime ? Date.parse(completionTime) : Date.now();
      return [
        one.metadata.name,
        jobStatus(one),
        `${succeeded}/${goal}`,
        startTime ? duration(end - Date.parse(startTime)) : '',
        age(one),
        containers(one.spec.template?.spec),
        images(one.spec.template?.spec),
        selectorText(one.spec.selector),
      ];
    },
  },
  'batch/cronjobs': {
    columns: [
      ['Name'],
      ['Schedule'],
      ['Timezone'],
      ['Suspend'],
      ['Active'],
      ['Last Schedule'],
      ['Age'],
      ['Containers', true],
      ['Images', true],
      ['Selector', true],
    ],
    cells: (one) => {
      const { spec } = one.spec.jobTemplate;
      return [
        one.metadata.name,
        one.spec.schedule,
        orNone(one.spec.timeZone),
        one.spec.suspend ? 'True' : 'False',
        (one.status?.active ?? []).length,
        one.status?.lastScheduleTime ? since(one.status.lastScheduleTime) : '<none>',
        age(one),
        containers(spec?.template?.spec),
        images(spec?.template?.spec),
        selectorText(spec?.selector),
      ];
    },
  },
  'policy/poddisruptionbudgets': {
    columns: [['Name'], ['Min Available'], ['Max Unavailable'], ['Allowed Disruptions'], ['Age']],
    cells: (one) => [
      one.metadata.name,
      String(one.spec.minAvailable ?? 'N/A'),
      String(one.spec.maxUnavailable ?? 'N/A'),
      one.status?.disruptionsAllowed ?? 0,
      age(one),
    ],
  },
  'autoscaling/horizontalpodautoscalers': {
    columns: [['Name'], ['Reference'], ['Targets'], ['MinPods'], ['MaxPods'], ['Replicas'], ['Age']],
    cells: (one) => [
      one.metadata.name,
      `${one.spec.scaleTargetRef?.kind}/${one.spec.scaleTargetRef?.name}`,
      targets(one),
      one.spec.minReplicas ?? '<unset>',
      one.spec.maxReplicas,
      one.status?.currentReplicas ?? 0,
      age(one),
    ],
  },
};

/** The condition that says how a Job ended; the ones before it only announce that. */
function jobStatus(job: any): string {
  const holds = (type: string): boolean =>
    (job.status?.conditions ?? []).some((one: any) => one.type === type && one.status === 'True');
  const shown = ['Complete', 'Failed', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds);
  if (job.metadata.deletionTimestamp) return 'Terminating';
  return shown ?? 'Running';
}

function targets(autoscaler: any): string {
  const texts = (autoscaler.spec.metrics ?? []).map((metric: any) => {
    const { name, target } = metric.resource ?? {};
    if (!name) return '<unknown>';
    const current = (autoscaler.status?.currentMetrics ?? []).find((one: any) => one.resource?.name === name)?.resource
      .current;
    return target.type === 'Utilization'
      ? `${name}: ${current?.averageUtilization ?? '<unknown>'}${current ? '%' : ''}/${target.averageUtilization}%`
      : `${name}: ${current?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  });
  return orNone(texts.join(', '));
}
