import { destinationsOf, type WeightedVersion, weightMistakes } from './routes.ts';
import { subsetMistakes, withSubsets } from './subsets.ts';
import {
  type Existing,
  hostOf,
  networking,
  resultOf,
  type WizardResult,
  type WizardService,
  type WizardVersion,
  written,
} from './wizard.ts';

export interface TrafficShifting {
  service: WizardService;
  versions: WizardVersion[];
  routes: WeightedVersion[];
  /** Without it HTTP; `tcp` shifts connections. */
  protocol?: 'http' | 'tcp';
  /** A copy of requests goes there, whose answers are thrown away; HTTP only. */
  mirror?: { subset: string; percent: number };
  existing?: Existing;
}

const wizard = 'traffic-shifting';

/** Requests (or connections) of a service by weights to its versions. Routes with a match, which are read first, stay. */
export function trafficShifting(input: TrafficShifting): WizardResult {
  const { service, versions, routes, protocol = 'http', mirror, existing = {} } = input;
  const mistakes = [
    ...subsetMistakes(versions),
    ...weightMistakes('routes', routes, versions),
    ...(mirror && protocol === 'tcp' ? [{ field: 'mirror', message: 'connections cannot be mirrored' }] : []),
    ...(mirror && !versions.some((one) => one.subset === mirror.subset)
      ? [{ field: 'mirror.subset', message: `there is no version ${mirror.subset}` }]
      : []),
  ];
  return resultOf(mistakes, () => {
    const { virtualService } = existing;
    const before: any[] = virtualService?.spec[protocol] ?? [];
    const last = before.find((one) => !one.match) ?? {};
    const { mirrors: _, mirror: _old, mirrorPercentage: _percentage, ...kept } = last;
    const route = {
      ...kept,
      route: destinationsOf(service, routes),
      ...(mirror
        ? {
            mirror: { host: hostOf(service), subset: mirror.subset },
            mirrorPercentage: { value: mirror.percent },
          }
        : {}),
    };
    const spec = {
      hosts: [hostOf(service)],
      ...virtualService?.spec,
      [protocol]: [...before.filter((one) => one.match), route],
    };
    return [
      ...withSubsets(service, versions, existing.destinationRule, wizard),
      written(virtualService, { apiVersion: networking, kind: 'VirtualService', ...service, wizard }, spec),
    ];
  });
}
