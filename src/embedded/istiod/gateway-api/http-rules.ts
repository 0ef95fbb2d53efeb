/** Rules of HTTPRoutes and GRPCRoutes as HTTP rules of a VirtualService, each with one match at most, so that they can be put in order. */
import { type Destinations, destinationOf, destinationsOf, type RuleContext, totalWeight } from './backends.ts';
import { corsOf, headersOf, mirroredPercentage, redirectOf, rewriteOf } from './filters.ts';
import type { Problem } from './types.ts';

export interface Rules {
  rules: any[];
  problem?: Problem | undefined;
}

/** A problem that is fatal leaves no rules. */
export function httpRules(context: RuleContext): Rules {
  const { route } = context;
  const rules: any[] = [];
  let problem: Problem | undefined;
  for (const [position, rule] of (route['spec'].rules ?? []).entries()) {
    const converted = convertRule(rule, `${route.metadata.namespace}.${route.metadata.name}.${position}`, context);
    if (converted.fatal) return { rules: [], problem: converted.fatal };
    problem = converted.problem ?? problem;
    const matchOf = context.kind === 'GRPCRoute' ? grpcMatch : httpMatch;
    const matches: any[] = rule.matches?.length ? rule.matches : [undefined];
    for (const match of matches) rules.push({ ...converted.rule, ...(match ? { match: [matchOf(match)] } : {}) });
  }
  return { rules, problem };
}

const httpFilters = [
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'RequestMirror',
  'URLRewrite',
  'CORS',
];
const grpcFilters = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'];

function convertRule(
  rule: any,
  name: string,
  context: RuleContext,
): { rule?: any; problem?: Problem | undefined; fatal?: Problem | undefined } {
  const filters: any[] = rule.filters ?? [];
  const { headers, problem: bad } = headersOf(filters, context.kind === 'GRPCRoute' ? grpcFilters : httpFilters);
  if (bad) return { fatal: bad };
  const of = (type: string): any => filters.find((one) => one.type === type);
  const { mirrors, problem: mirrorProblem } = mirrorsOf(filters, context);
  const redirect = of('RequestRedirect')?.requestRedirect;
  const rewrite = of('URLRewrite') && rewriteOf(of('URLRewrite').urlRewrite);
  const cors = of('CORS')?.cors;
  // Who has nowhere to lead to answers 500.
  const isAnswered = totalWeight(rule.backendRefs) === 0 && !redirect;
  const to: Destinations = isAnswered ? { destinations: [] } : destinationsOf(rule.backendRefs, context);
  if (to.fatal) return { fatal: to.fatal };
  return {
    rule: {
      name: rule.name ?? name,
      ...(headers ? { headers } : {}),
      ...(redirect ? { redirect: redirectOf(redirect) } : {}),
      ...(mirrors.length > 0 ? { mirrors } : {}),
      ...(rewrite ? { rewrite } : {}),
      ...(cors ? { corsPolicy: corsOf(cors) } : {}),
      ...retriesAndTimeout(rule),
      ...(isAnswered ? { directResponse: { status: 500 } } : {}),
      ...(to.destinations.length > 0 ? { route: to.destinations } : {}),
    },
    problem: joined(to.problem, mirrorProblem),
  };
}

const joined = (a: Problem | undefined, b: Problem | undefined): Problem | undefined =>
  a && b ? { reason: a.reason, message: `${a.message}; ${b.message}` } : (a ?? b);

function mirrorsOf(filters: any[], context: RuleContext): { mirrors: any[]; problem: Problem | undefined } {
  const mirrors: any[] = [];
  let problem: Problem | undefined;
  for (const { type, requestMirror } of filters) {
    if (type !== 'RequestMirror') continue;
    const found = destinationOf(requestMirror.backendRef, context);
    problem = found.fatal ?? found.problem ?? problem;
    const percentage = mirroredPercentage(requestMirror);
    if (!found.fatal && !found.problem)
      mirrors.push({ destination: found.destination, ...(percentage ? { percentage } : {}) });
  }
  return { mirrors, problem };
}

/** A time for each attempt is one for the whole where nothing is tried again. */
function retriesAndTimeout({ retry, timeouts }: any): any {
  const whole = lasting(timeouts?.request);
  const each = lasting(timeouts?.backendRequest);
  if (!retry) return { ...((each ?? whole) ? { timeout: each ?? whole } : {}) };
  const attempts = retry.attempts ?? 2;
  const reasons = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', ...(retry.codes ?? [])];
  return {
    ...(whole ? { timeout: whole } : {}),
    retries: {
      attempts,
      ...(attempts > 0 ? { retryOn: reasons.join(',') } : {}),
      ...(each ? { perTryTimeout: each } : {}),
      ...(retry.backoff ? { backoff: retry.backoff } : {}),
    },
  };
}

/** Zero is no limit. */
const lasting = (duration: string | undefined): string | undefined =>
  duration && /[1-9]/.test(duration) ? duration : undefined;

function httpMatch({ path, headers, queryParams, method }: any): any {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  const uri =
    type === 'Exact'
      ? { exact: value }
      : type === 'RegularExpression'
        ? { regex: value }
        : { prefix: value === '/' ? value : value.replace(/\/$/, '') };
  return {
    uri,
    ...valueMatches('headers', headers),
    ...valueMatches('queryParams', queryParams),
    ...(method ? { method: { exact: method } } : {}),
  };
}

function valueMatches(field: string, list: any[] | undefined): any {
  if (!list?.length) return {};
  const matches = list.map(({ name, type, value }) => [
    name,
    type === 'RegularExpression' ? { regex: value } : { exact: value },
  ]);
  return { [field]: Object.fromEntries(matches) };
}

function grpcMatch({ method, headers }: any): any {
  return { ...(method ? { uri: grpcPath(method) } : {}), ...valueMatches('headers', headers) };
}

/** A call's path is `/<service>/<method>`. */
function grpcPath({ type = 'Exact', service, method }: any): any {
  if (!service) return { regex: `/[^/]+/${method}` };
  if (type === 'Exact') return method ? { exact: `/${service}/${method}` } : { prefix: `/${service}/` };
  return { regex: `/${service}/${method ?? '.+'}` };
}
