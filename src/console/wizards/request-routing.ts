import { type Fault, faultMistakes, faultOf } from './fault-injection.ts';
import { type Resilience, resilienceMistakes, resilienceOf } from './request-timeouts.ts';
import { destinationsOf, type WeightedVersion, weightMistakes } from './routes.ts';
import { subsetMistakes, withSubsets } from './subsets.ts';
import {
  type Existing,
  hostOf,
  networking,
  resultOf,
  type WizardMistake,
  type WizardResult,
  type WizardService,
  type WizardVersion,
  written,
} from './wizard.ts';

/** All conditions must hold. */
export interface RequestMatch {
  conditions: MatchCondition[];
}

export interface MatchCondition {
  of: 'uri' | 'method' | 'authority' | 'scheme' | 'header' | 'queryParam';
  /** Of the header or the parameter. */
  name?: string;
  /** `present`: the header or parameter is there, whatever it says. */
  how: 'exact' | 'prefix' | 'regex' | 'present';
  value?: string;
}

export interface RoutingRule extends Fault, Resilience {
  /** Any of them must hold; none: the rule is for all requests, and must be the last. */
  matches: RequestMatch[];
  routes: WeightedVersion[];
}

export interface RequestRouting {
  service: WizardService;
  versions: WizardVersion[];
  /** The first that fits decides. */
  rules: RoutingRule[];
  existing?: Existing;
}

const wizard = 'request-routing';

/** Requests of a service by what they ask for. All HTTP routes of the VirtualService are those of the rules. */
export function requestRouting({ service, versions, rules, existing = {} }: RequestRouting): WizardResult {
  const mistakes = [
    ...subsetMistakes(versions),
    ...(rules.length === 0 ? [{ field: 'rules', message: 'there is no rule' }] : []),
    ...rules.flatMap((rule, index) => [
      ...weightMistakes(`rules[${index}].routes`, rule.routes, versions),
      ...rule.matches.flatMap((match, at) => matchMistakes(`rules[${index}].matches[${at}]`, match)),
      ...faultMistakes(`rules[${index}].`, rule),
      ...resilienceMistakes(`rules[${index}].`, rule),
      ...(rule.matches.length === 0 && index < rules.length - 1
        ? [
            {
              field: `rules[${index}].matches`,
              message: 'it is for all requests, so that the rules after it are never read',
            },
          ]
        : []),
    ]),
  ];
  return resultOf(mistakes, () => {
    const http = rules.map((rule) => ({
      ...(rule.matches.length > 0 ? { match: rule.matches.map(matchOf) } : {}),
      route: destinationsOf(service, rule.routes),
      ...faultOf(rule),
      ...resilienceOf(rule),
    }));
    const spec = { hosts: [hostOf(service)], ...existing.virtualService?.spec, http };
    return [
      ...withSubsets(service, versions, existing.destinationRule, wizard),
      written(existing.virtualService, { apiVersion: networking, kind: 'VirtualService', ...service, wizard }, spec),
    ];
  });
}

function matchMistakes(field: string, { conditions }: RequestMatch): WizardMistake[] {
  if (conditions.length === 0) return [{ field, message: 'it has no condition: leave it out to mean all requests' }];
  return conditions.flatMap(({ of, name, how, value }, index): WizardMistake[] => {
    const at = `${field}.conditions[${index}]`;
    const isNamed = of === 'header' || of === 'queryParam';
    return [
      ...(isNamed && !name ? [{ field: `${at}.name`, message: `which ${of}?` }] : []),
      ...(how === 'present' && of !== 'header'
        ? [{ field: `${at}.how`, message: 'Istio knows this of headers only' }]
        : []),
      ...(how !== 'present' && !value ? [{ field: `${at}.value`, message: 'it needs a value' }] : []),
      ...(how === 'regex' && value && !isRegex(value)
        ? [{ field: `${at}.value`, message: 'it is no regular expression' }]
        : []),
      ...(of === 'queryParam' && how === 'prefix'
        ? [{ field: `${at}.how`, message: 'of parameters Istio compares whole values, or by a regular expression' }]
        : []),
    ];
  });
}

function matchOf({ conditions }: RequestMatch): object {
  const match: Record<string, any> = {};
  for (const { of, name = '', how, value = '' } of conditions) {
    const test = how === 'present' ? {} : { [how]: value };
    // Names of headers are sent in lower case.
    if (of === 'header') match['headers'] = { ...match['headers'], [name.toLowerCase()]: test };
    else if (of === 'queryParam') match['queryParams'] = { ...match['queryParams'], [name]: test };
    else match[of] = test;
  }
  return match;
}

function isRegex(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}
