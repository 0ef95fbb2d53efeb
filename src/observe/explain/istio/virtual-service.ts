/** VirtualServices: which of them holds for a host and a client's sidecar, and why others do not. */
import type { KubeObject } from '../../../kube/index.ts';
import { inIstiosOrder, isExportedTo, resolveHost, specificity } from './hosts.ts';

export interface VirtualServiceChoice {
  chosen: KubeObject | undefined;
  /** Those that name the host too and do not hold, with the reason. */
  others: { object: KubeObject; why: string }[];
}

export interface VirtualServiceQuestion {
  hostname: string;
  clientNamespace: string;
  domain: string;
  defaultExportTo?: readonly string[] | undefined;
}

/** An exact host goes before a wildcard, the longer wildcard before the shorter, the older object before the younger. */
export function virtualServiceFor(all: readonly KubeObject[], question: VirtualServiceQuestion): VirtualServiceChoice {
  const { hostname, clientNamespace, domain } = question;
  const naming = inIstiosOrder(all)
    .map((object) => ({ object, rank: rankOf(object, hostname, domain) }))
    .filter((one) => one.rank > 0);
  const others: VirtualServiceChoice['others'] = [];
  const holding = naming.filter(({ object, rank }) => {
    const gateways: string[] = object['spec']?.gateways ?? [];
    if (gateways.length > 0 && !gateways.includes('mesh')) {
      // Of rules for all hosts of a gateway nobody expects that they are for this one.
      if (rank > 1)
        others.push({
          object,
          why: `it is bound to ${gateways.join(', ')} and not to the sidecars (gateways lacks mesh)`,
        });
      return false;
    }
    if (!isExportedTo(object, clientNamespace, question.defaultExportTo)) {
      others.push({
        object,
        why: `it is not exported to namespace ${clientNamespace} (exportTo: ${exportToText(object, question)})`,
      });
      return false;
    }
    return true;
  });
  const best = Math.max(0, ...holding.map((one) => one.rank));
  const chosen = holding.find((one) => one.rank === best)?.object;
  for (const { object, rank } of holding)
    if (object !== chosen)
      others.push({
        object,
        why:
          rank === best
            ? `${chosen?.metadata.namespace}/${chosen?.metadata.name} names the same host and is older; only one holds for sidecars`
            : `${chosen?.metadata.namespace}/${chosen?.metadata.name} names the host more exactly`,
      });
  return { chosen, others };
}

const exportToText = (object: KubeObject, question: VirtualServiceQuestion): string =>
  (object['spec']?.exportTo ?? question.defaultExportTo ?? []).join(', ');

function rankOf(object: KubeObject, hostname: string, domain: string): number {
  const hosts: string[] = object['spec']?.hosts ?? [];
  return Math.max(
    0,
    ...hosts.map((host) => specificity(resolveHost(host, object.metadata.namespace ?? '', domain), hostname)),
  );
}

/** The `spec.http` rule from which Envoy's route was made: by its name, which is the rule's own or `<name>.<index>` in some versions. */
export function ruleOf(object: KubeObject, route: any): { field: string; rule: any } | undefined {
  const rules: any[] = object['spec']?.http ?? [];
  const name = String(route?.name ?? '');
  const clusters = clustersOf(route);
  const fitting = rules
    .map((rule, index) => ({ rule, index }))
    .filter(({ rule, index }) => {
      if (rule.name) return name === rule.name || name.startsWith(`${rule.name}.`);
      if (name === `${object.metadata.name}.${index}`) return true;
      return !/\.\d+$/.test(name) && sameTargets(rule, clusters) && sameMatch(rule, route.match ?? {});
    });
  const first = fitting[0];
  return first && { field: `spec.http[${first.index}]`, rule: first.rule };
}

export const clustersOf = (route: any): string[] =>
  route?.route?.weighted_clusters?.clusters?.map((one: any) => one.name) ??
  (route?.route?.cluster ? [route.route.cluster] : []);

function sameTargets(rule: any, clusters: string[]): boolean {
  const subsets = (rule.route ?? [])
    .filter((one: any) => one.weight !== 0)
    .map((one: any) => one.destination?.subset ?? '');
  return (
    subsets.length === clusters.length && clusters.every((cluster) => subsets.includes(cluster.split('|')[2] ?? ''))
  );
}

function sameMatch(rule: any, match: any): boolean {
  const matches: any[] = rule.match?.length ? rule.match : [{}];
  return matches.some(({ uri }) => {
    if (!uri) return match.prefix === '/' || match.prefix === undefined;
    if (uri.exact !== undefined) return match.path === uri.exact;
    if (uri.regex !== undefined) return match.safe_regex?.regex === uri.regex;
    return [match.prefix, match.path_separated_prefix].some((one) => one === uri.prefix || `${one}/` === uri.prefix);
  });
}
