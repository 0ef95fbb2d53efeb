/** The DestinationRule that gives versions of a service their names. */
import {
  type ConfigObject,
  hostOf,
  networking,
  type WizardChange,
  type WizardMistake,
  type WizardService,
  type WizardVersion,
  written,
} from './wizard.ts';

export function subsetMistakes(versions: WizardVersion[]): WizardMistake[] {
  const names = versions.map((one) => one.subset);
  return versions.flatMap(({ subset, labels }, index) => [
    ...(subset === '' ? [{ field: `versions[${index}].subset`, message: 'a version needs a name' }] : []),
    ...(names.indexOf(subset) < index
      ? [{ field: `versions[${index}].subset`, message: `${subset} is named twice` }]
      : []),
    ...(Object.keys(labels).length === 0
      ? [{ field: `versions[${index}].labels`, message: `${subset} would be all workloads: it needs a label` }]
      : []),
  ]);
}

/** Subsets that others have made stay; of the same name ours holds. None where nothing would change. */
export function withSubsets(
  service: WizardService,
  versions: WizardVersion[],
  existing: ConfigObject | undefined,
  wizard: string,
): WizardChange[] {
  if (versions.length === 0) return [];
  const before: any[] = existing?.spec['subsets'] ?? [];
  const made = versions.map(({ subset, labels }) => ({
    ...before.find((one) => one.name === subset),
    name: subset,
    labels,
  }));
  const kept = before.filter((one) => !versions.some(({ subset }) => subset === one.name));
  const subsets = [...kept, ...made];
  if (existing && JSON.stringify(subsets.toSorted(byName)) === JSON.stringify(before.toSorted(byName))) return [];
  const fields = { apiVersion: networking, kind: 'DestinationRule', ...service, wizard };
  return [written(existing, fields, { host: hostOf(service), ...existing?.spec, subsets })];
}

const byName = (one: { name: string }, other: { name: string }): number => one.name.localeCompare(other.name);
