/** Routes of a VirtualService as the wizards of traffic write them. */
import { hostOf, rangeMistakes, type WizardMistake, type WizardService, type WizardVersion } from './wizard.ts';

export interface WeightedVersion {
  /** One of the versions; without it the whole service. */
  subset?: string;
  /** Percent. */
  weight: number;
}

export function weightMistakes(field: string, routes: WeightedVersion[], versions: WizardVersion[]): WizardMistake[] {
  const sum = routes.reduce((total, one) => total + one.weight, 0);
  return [
    ...routes.flatMap(({ subset, weight }, index) => [
      ...rangeMistakes(`${field}[${index}].weight`, weight, [0, 100]),
      ...(subset !== undefined && !versions.some((one) => one.subset === subset)
        ? [{ field: `${field}[${index}].subset`, message: `there is no version ${subset}` }]
        : []),
    ]),
    ...(routes.length === 0 ? [{ field, message: 'requests need somewhere to go' }] : []),
    ...(routes.length > 0 && sum !== 100 ? [{ field, message: `weights are ${sum} together, and must be 100` }] : []),
  ];
}

export function destinationsOf(service: WizardService, routes: WeightedVersion[], port?: number): object[] {
  return routes
    .filter((one) => one.weight > 0)
    .map(({ subset, weight }, _, all) => ({
      destination: {
        host: hostOf(service),
        ...(subset === undefined ? {} : { subset }),
        ...(port === undefined ? {} : { port: { number: port } }),
      },
      // The only one has all, and Kiali warns of a weight that says so.
      ...(all.length === 1 ? {} : { weight }),
    }));
}
