/** What is wrong with an EnvoyFilter that its schema accepts; each problem as `field: what is wrong`. */
import { messageOf } from '../../../errors/index.ts';
import { normalizedMessage } from '../../proto/index.ts';
import { messages } from './patches.ts';

/** What a match may be about, by what the patch is applied to. */
const matches: Record<string, string> = {
  LISTENER: 'listener',
  LISTENER_FILTER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

export function envoyFilterProblems(spec: any): string[] {
  return (spec.configPatches ?? []).flatMap((one: any, index: number) =>
    patchProblems(`spec.configPatches[${index}]`, one),
  );
}

function patchProblems(at: string, one: any): string[] {
  const { applyTo, match, patch } = one ?? {};
  if (!applyTo || applyTo === 'INVALID') return [`${at}.applyTo: must be set`];
  if (!patch) return [`${at}.patch: must be set`];
  const { operation = 'INVALID', value } = patch;
  if (operation === 'INVALID') return [`${at}.patch.operation: must be set`];
  if (operation !== 'REMOVE' && value === undefined) return [`${at}.patch.value: must be set for ${operation}`];
  const about = ['listener', 'routeConfiguration', 'cluster'].find((kind) => match?.[kind] !== undefined);
  const wanted = matches[applyTo];
  if (about && wanted && about !== wanted) return [`${at}.match: ${about} says nothing of ${applyTo}`];
  return [...versionProblems(at, match?.proxy?.proxyVersion), ...valueProblems(at, applyTo, value)];
}

function versionProblems(at: string, expression: string | undefined): string[] {
  try {
    if (expression) new RegExp(expression);
    return [];
  } catch (error) {
    return [`${at}.match.proxy.proxyVersion: ${messageOf(error)}`];
  }
}

function valueProblems(at: string, applyTo: string, value: any): string[] {
  const message = messages[applyTo];
  if (!message || value === undefined) return [];
  try {
    normalizedMessage(message, value);
    return [];
  } catch (error) {
    return [`${at}.patch.value: is no ${message.split('.').at(-1)}: ${messageOf(error)}`];
  }
}
