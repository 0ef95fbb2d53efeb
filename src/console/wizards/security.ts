/** Who may speak to whom, and by which TLS. */
import {
  type ConfigObject,
  nameMistakes,
  rangeMistakes,
  resultOf,
  security,
  type WizardMistake,
  type WizardResult,
  written,
} from './wizard.ts';

export interface MutualTls {
  /** The root namespace is meant for the whole mesh. */
  namespace: string;
  /** Labels of workloads; without it the whole namespace. */
  selector?: Record<string, string>;
  /** Needed with a selector; `default` without one, as Istio's own documents have it. */
  name?: string;
  mode: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
  /** By port of the workload; Istio takes them with a selector only. */
  portModes?: { port: number; mode: 'DISABLE' | 'PERMISSIVE' | 'STRICT' }[];
  existing?: ConfigObject;
}

/** A PeerAuthentication: what servers accept. */
export function mutualTls({ namespace, selector, name, mode, portModes = [], existing }: MutualTls): WizardResult {
  const isWide = !selector || Object.keys(selector).length === 0;
  const made = name ?? (isWide ? 'default' : '');
  const mistakes: WizardMistake[] = [
    ...nameMistakes('name', made),
    ...portModes.flatMap((one, index) => rangeMistakes(`portModes[${index}].port`, one.port, [1, 65_535])),
    ...(isWide && portModes.length > 0
      ? [{ field: 'portModes', message: 'modes of ports need a selector of workloads' }]
      : []),
  ];
  return resultOf(mistakes, () => [
    written(
      existing,
      { apiVersion: security, kind: 'PeerAuthentication', namespace, name: made, wizard: 'mutual-tls' },
      {
        ...(isWide ? {} : { selector: { matchLabels: selector } }),
        mtls: { mode },
        ...(portModes.length > 0
          ? { portLevelMtls: Object.fromEntries(portModes.map((one) => [String(one.port), { mode: one.mode }])) }
          : {}),
      },
    ),
  ]);
}

export interface AuthorizationRule {
  /** Any of them; none: whoever it is. All fields of one must hold, any value of a field. */
  from?: { principals?: string[]; namespaces?: string[]; ipBlocks?: string[]; requestPrincipals?: string[] }[];
  to?: { hosts?: string[]; ports?: string[]; methods?: string[]; paths?: string[] }[];
  when?: { key: string; values?: string[]; notValues?: string[] }[];
}

export interface Authorization {
  namespace: string;
  name: string;
  selector?: Record<string, string>;
  action: 'ALLOW' | 'DENY' | 'AUDIT';
  /** None: with ALLOW nobody may do anything, as Istio's documents say allow-nothing. A rule of nothing fits everything. */
  rules: AuthorizationRule[];
  existing?: ConfigObject;
}

export function authorization(input: Authorization): WizardResult {
  const { namespace, name, selector, action, rules, existing } = input;
  const mistakes: WizardMistake[] = [
    ...nameMistakes('name', name),
    ...(action !== 'ALLOW' && rules.length === 0
      ? [{ field: 'rules', message: `${action} without a rule does nothing` }]
      : []),
    ...rules.flatMap((rule, index) => ruleMistakes(`rules[${index}]`, rule)),
  ];
  return resultOf(mistakes, () => [
    written(
      existing,
      { apiVersion: security, kind: 'AuthorizationPolicy', namespace, name, wizard: 'authorization' },
      {
        ...(selector && Object.keys(selector).length > 0 ? { selector: { matchLabels: selector } } : {}),
        action,
        ...(rules.length > 0 ? { rules: rules.map(ruleOf) } : {}),
      },
    ),
  ]);
}

function ruleMistakes(at: string, { from = [], to = [], when = [] }: AuthorizationRule): WizardMistake[] {
  const empty = (field: string, all: object[]): WizardMistake[] =>
    all.flatMap((one, index) =>
      Object.values(one).some((values) => values?.length > 0)
        ? []
        : [{ field: `${at}.${field}[${index}]`, message: 'it says nothing: leave it out to mean all' }],
    );
  return [
    ...empty('from', from),
    ...empty('to', to),
    ...to.flatMap(({ ports = [] }, index) =>
      ports
        .filter((one) => !(/^\d+$/.test(one) && Number(one) >= 1 && Number(one) <= 65_535))
        .map((one) => ({ field: `${at}.to[${index}].ports`, message: `${one} is no port` })),
    ),
    ...when.flatMap(({ key, values = [], notValues = [] }, index) => [
      ...(key === '' ? [{ field: `${at}.when[${index}].key`, message: 'which attribute?' }] : []),
      ...(values.length + notValues.length === 0
        ? [{ field: `${at}.when[${index}].values`, message: 'it needs a value' }]
        : []),
    ]),
  ];
}

function ruleOf({ from = [], to = [], when = [] }: AuthorizationRule): object {
  const filled = (one: object) => Object.fromEntries(Object.entries(one).filter(([, value]) => value?.length > 0));
  return {
    ...(from.length > 0 ? { from: from.map((one) => ({ source: filled(one) })) } : {}),
    ...(to.length > 0 ? { to: to.map((one) => ({ operation: filled(one) })) } : {}),
    ...(when.length > 0 ? { when: when.map(filled) } : {}),
  };
}
