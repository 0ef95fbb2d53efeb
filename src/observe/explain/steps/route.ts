/** The route of an HTTP request: virtual host, rule, and the VirtualService that they are from. */
import { configOf, decision, leftOut, nameText, referenceOf, unreadFor } from '../config.ts';
import type { ProxyDump } from '../envoy/dump.ts';
import { type Request, routeFor, virtualHostFor } from '../envoy/routes.ts';
import { gatewayRouteOf, isMadeOfRoutes } from '../istio/gateway-route.ts';
import { ruleOf, virtualServiceFor } from '../istio/virtual-service.ts';
import { firstOf, portOf, type ServiceView } from '../service.ts';
import { endOf, percent, step, type Trace } from '../trace.ts';
import type { Deviation, End, Step } from '../types.ts';

export interface Routed {
  step: Step;
  targets: { name: string; share: number }[];
  /** Kinds of failure after which Envoy tries another endpoint. */
  retryOn: string;
  retries: number;
  end?: End;
}

export function requestOf({ to, headers }: Trace): Request {
  const standard = to.scheme === 'https' ? 443 : 80;
  const authority = headers['host'] ?? (to.port === standard ? to.host : `${to.host}:${to.port}`);
  return { method: to.method, authority, scheme: to.scheme === 'https' ? 'https' : 'http', path: to.path, headers };
}

export function routeStep(trace: Trace, dump: ProxyDump, manager: any, service: ServiceView | undefined): Routed {
  const { client, to } = trace;
  const name: string = manager.rds?.route_config_name ?? manager.route_config?.name ?? '';
  const config = manager.route_config ?? dump.routes.get(name);
  const made = step({
    kind: 'route',
    at: { cluster: client.cluster, namespace: client.namespace, pod: client.pod },
    title: '',
    envoy: { resource: 'route', name },
  });
  const request = requestOf(trace);
  const host = virtualHostFor(config, request.authority);
  const found = routeFor(host, request);
  const none = { step: made, targets: [], retryOn: '', retries: 0 };
  const choice = service && virtualServices(trace, made, service);
  if (!host || !found) {
    made.title = host
      ? `no route of ${host.name} takes ${to.method} ${to.path}`
      : `no virtual host for ${request.authority}`;
    made.deviations.push(noMatch(trace, choice?.chosen, request, host));
    return { ...none, end: endOf('fails', 'no route takes the request', { status: 404, flag: 'NR' }) };
  }
  const { route, index } = found;
  made.title = `${host.name}: route ${index + 1} of ${host.routes.length}${route.name ? `, ${route.name}` : ''}, takes ${to.method} ${to.path} (${matchText(route.match)})`;
  attribute(trace, made, route, choice?.chosen);
  if (route.direct_response) {
    const { status } = route.direct_response;
    if (host.name === 'block_all') {
      made.details.push('outboundTrafficPolicy is REGISTRY_ONLY: hosts that the mesh does not know are refused');
      made.deviations.push({
        code: 'host-unknown',
        severity: 'error',
        message: `${request.authority} is no host of the mesh, and the mesh's outboundTrafficPolicy is REGISTRY_ONLY.`,
        fix: 'make a ServiceEntry for it, or allow any: outboundTrafficPolicy.mode: ALLOW_ANY in ConfigMap istio',
      });
      return { ...none, end: endOf('fails', `the proxy answers ${status}`, { status, flag: 'NR' }) };
    }
    return { ...none, end: endOf('answered', `the proxy answers ${status} by itself`, { status }) };
  }
  if (route.redirect) {
    const status = redirects[route.redirect.response_code ?? 'MOVED_PERMANENTLY'] ?? 301;
    return { ...none, end: endOf('answered', `the proxy redirects (${status})`, { status }) };
  }
  if (host.name === 'allow_any' && service && portOf(firstOf(service).object, to.port) && names(service, to.host))
    made.deviations.push(
      leftOut(
        trace.config,
        { namespace: client.namespace, labels: client.object.metadata.labels ?? {} },
        { ...firstOf(service), hostname: service.hostname },
      ),
    );
  if (host.name === 'allow_any')
    made.details.push(`no virtual host names ${request.authority}: it is passed on to where the client wanted`);
  const action = route.route ?? {};
  const weighted: any[] =
    action.weighted_clusters?.clusters ?? (action.cluster ? [{ name: action.cluster, weight: 1 }] : []);
  const total = weighted.reduce((sum, one) => sum + Number(one.weight ?? 0), 0);
  const targets = weighted
    .filter((one) => Number(one.weight ?? 0) > 0)
    .map((one) => ({ name: one.name, share: one.weight / total }));
  if (targets.length > 1)
    made.details.push(`split: ${targets.map((one) => `${percent(one.share)} ${one.name}`).join(', ')}`);
  const retry = action.retry_policy;
  made.details.push(
    [
      action.timeout && action.timeout !== '0s' ? `timeout ${action.timeout}` : 'no timeout',
      retry ? `${Number(retry.num_retries ?? 1)} retries on ${retry.retry_on}` : 'no retries',
      ...(action.prefix_rewrite ? [`path rewritten to ${action.prefix_rewrite}`] : []),
      ...(action.host_rewrite_literal ? [`host rewritten to ${action.host_rewrite_literal}`] : []),
      ...(action.request_mirror_policies ?? []).map((one: any) => `mirrored to ${one.cluster}`),
    ].join(', '),
  );
  faults(made, route);
  return { step: made, targets, retryOn: retry?.retry_on ?? '', retries: retry ? Number(retry.num_retries ?? 1) : 0 };
}

/** By an address no virtual host need be known: a client may call pods directly. */
const names = (service: ServiceView, host: string): boolean => host.startsWith(service.name);

const redirects: Record<string, number> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/** VirtualServices that name the host, whether or not they hold. */
function virtualServices({ config, client }: Trace, made: Step, service: ServiceView) {
  const cluster = config.cluster ?? client.cluster;
  const choice = virtualServiceFor(config.virtualServices, {
    hostname: service.hostname,
    clientNamespace: client.namespace,
    domain: config.domain,
    defaultExportTo: config.defaultExportTo.virtualService,
  });
  for (const { object, why } of choice.others) {
    const reference = referenceOf(cluster, { ...object, kind: 'VirtualService' });
    made.deviations.push({
      code: 'config-overruled',
      severity: 'info',
      message: `${nameText(reference)} names ${service.hostname} and does not hold for this client: ${why}.`,
      object: reference,
    });
  }
  made.deviations.push(...unreadFor(config, service.hostname, 'VirtualService'));
  return choice;
}

/** Envoy's own metadata says which object a route is from; where a release writes none, Istio's rules say it. */
function attribute({ config, client }: Trace, made: Step, route: any, chosen: any): void {
  const cluster = config.cluster ?? client.cluster;
  const said = configOf(route);
  if (said && isMadeOfRoutes(said)) {
    const found = gatewayRouteOf(route.name ?? '', said.namespace, config.gatewayRoutes);
    if (found) {
      made.decisions.push(
        decision(cluster, found.object, 'its rule, by the precedence of the Gateway API', found.field),
      );
      return;
    }
  }
  const object = said
    ? config.virtualServices.find((one) => one.metadata.name === said.name && one.metadata.namespace === said.namespace)
    : route.name !== 'default' && route.name !== 'allow_any' && route.name !== 'block_all'
      ? chosen
      : undefined;
  if (!object) {
    if (said)
      made.deviations.push({
        code: 'proxy-not-synced',
        severity: 'warning',
        message: `The route was made from ${said.kind} ${said.namespace}/${said.name}, which is there no more.`,
      });
    else if (chosen)
      made.details.push(
        `${chosen.metadata.namespace}/${chosen.metadata.name} has no http rule for this port and client`,
      );
    else if (route.name === 'default') made.details.push("no VirtualService: Istio's default route");
    return;
  }
  const rule = ruleOf(object, route);
  made.decisions.push(
    decision(
      cluster,
      { ...object, kind: 'VirtualService' },
      rule ? `rule ${ruleText(rule.rule)}` : 'its rules',
      rule?.field ?? 'spec.http',
    ),
  );
  if (chosen && object !== chosen)
    made.deviations.push({
      code: 'proxy-not-synced',
      severity: 'warning',
      message: `The proxy's route is from ${object.metadata.namespace}/${object.metadata.name}; by Istio's rules ${chosen.metadata.namespace}/${chosen.metadata.name} should hold.`,
      object: referenceOf(cluster, { ...chosen, kind: 'VirtualService' }),
    });
}

function ruleText(rule: any): string {
  const targets = (rule.route ?? []).map(
    ({ destination, weight }: any) =>
      `${destination?.host}${destination?.subset ? ` subset ${destination.subset}` : ''}${weight === undefined ? '' : ` ${weight} %`}`,
  );
  return [rule.name, targets.join(' + ')].filter(Boolean).join(': ') || 'answers by itself';
}

function noMatch({ config, client, to }: Trace, chosen: any, request: Request, host: any): Deviation {
  const cluster = config.cluster ?? client.cluster;
  if (!chosen)
    return {
      code: 'route-no-match',
      severity: 'error',
      message: host
        ? `No route of virtual host ${host.name} takes ${to.method} ${to.path}.`
        : `No virtual host of the proxy is for ${request.authority}.`,
    };
  const reference = referenceOf(cluster, { ...chosen, kind: 'VirtualService' });
  const matches = (chosen.spec?.http ?? [])
    .flatMap((rule: any) => rule.match ?? [])
    .map((one: any) => JSON.stringify(one));
  return {
    code: 'route-no-match',
    severity: 'error',
    message: `No rule of ${nameText(reference)} takes ${to.method} ${to.path}, and a VirtualService leaves no default route. Its matches are ${matches.join(', ')}.`,
    object: reference,
    fix: `add a rule without match at the end: kubectl --context ${cluster} -n ${reference.namespace} edit virtualservice ${reference.name}`,
  };
}

export function matchText(match: any = {}): string {
  const path =
    match.path !== undefined
      ? `path ${match.path}`
      : match.path_separated_prefix !== undefined
        ? `prefix ${match.path_separated_prefix}/`
        : match.safe_regex
          ? `regex ${match.safe_regex.regex}`
          : `prefix ${match.prefix ?? '/'}`;
  return [
    path,
    ...(match.headers ?? []).map((one: any) => `header ${one.name}`),
    ...(match.query_parameters ?? []).map((one: any) => `parameter ${one.name}`),
  ].join(', ');
}

function faults(made: Step, route: any): void {
  const fault = route.typed_per_filter_config?.['envoy.filters.http.fault'];
  if (!fault) return;
  const part = (percentage: any): string => {
    const of: Record<string, number> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };
    return percent(Number(percentage?.numerator ?? 100) / (of[percentage?.denominator ?? 'HUNDRED'] ?? 100));
  };
  const said = [
    fault.abort && `${part(fault.abort.percentage)} are answered ${fault.abort.http_status}`,
    fault.delay && `${part(fault.delay.percentage)} wait ${fault.delay.fixed_delay}`,
  ].filter(Boolean);
  made.deviations.push({
    code: 'fault-injected',
    severity: 'warning',
    message: `Faults are injected here: ${said.join(', ')}.`,
    fix: 'take fault out of the rule of the VirtualService',
  });
}
