/** What a schema cannot say of networking objects: the rules of Istio's validation that keep mistakes from being taken for configuration. */
import { isAddress } from '../registry/workload-entries.ts';

/** A VirtualService without hosts is a part of others, which may hold HTTP rules only. */
export function virtualServiceProblems(spec: any): string[] {
  const problems: string[] = [];
  if (!spec.hosts?.length) {
    if (spec.gateways?.length)
      problems.push('spec.hosts: virtual service must have at least one host if it has gateways');
    if (spec.tcp?.length || spec.tls?.length)
      problems.push('spec: delegate virtual service must have no tcp and tls rules');
    if ((spec.http ?? []).some((rule: any) => rule.delegate))
      problems.push('spec.http: delegate virtual service must not delegate itself');
  }
  if (![spec.http, spec.tcp, spec.tls].some((one) => one?.length))
    problems.push('spec: http, tcp or tls must be provided in virtual service');
  for (const [index, rule] of (spec.http ?? []).entries())
    problems.push(...httpRuleProblems(rule, `spec.http[${index}]`));
  return problems;
}

function httpRuleProblems(rule: any, field: string): string[] {
  const problems: string[] = [];
  const weights = (rule.route ?? []).map((one: any) => one.weight ?? 0);
  if (weights.some((one: number) => one < 0)) problems.push(`${field}.route: weight ${Math.min(...weights)} < 0`);
  else if (weights.length > 1 && weights.every((one: number) => one === 0))
    problems.push(`${field}.route: total destination weight = 0`);
  const answers = [rule.redirect, rule.directResponse, rule.route?.length ? rule.route : undefined].filter(Boolean);
  if (rule.delegate) {
    if (answers.length > 0)
      problems.push(`${field}: root HTTP route with delegate cannot contain route, redirect or direct_response`);
  } else if (answers.length === 0) problems.push(`${field}: HTTP route, redirect or direct_response is required`);
  else if (answers.length > 1)
    problems.push(`${field}: HTTP route cannot contain more than one of route, redirect and direct_response`);
  if (rule.redirect && rule.fault) problems.push(`${field}: HTTP route cannot contain both fault and redirect`);
  if (rule.redirect && rule.rewrite)
    problems.push(`${field}: HTTP route rule cannot contain both rewrite and redirect`);
  return problems;
}

export function serviceEntryProblems(spec: any): string[] {
  const problems: string[] = [];
  const say = (field: string, text: string): void => void problems.push(`spec.${field}: ${text}`);
  const hosts: string[] = spec.hosts ?? [];
  const endpoints: any[] = spec.endpoints ?? [];
  const resolution = spec.resolution ?? 'NONE';
  if (hosts.length === 0) say('hosts', 'service entry must have at least one host');
  if (hosts.includes('*')) say('hosts', 'invalid host *');
  if (spec.workloadSelector && endpoints.length > 0)
    say('workloadSelector', 'only one of WorkloadSelector or Endpoints is allowed in Service Entry');
  const names = (spec.ports ?? []).map((one: any) => one.name);
  for (const name of new Set(names.filter((one: string, index: number) => names.indexOf(one) !== index)))
    say('ports', `service entry port name ${name} already defined`);
  if (resolution === 'NONE' && endpoints.length > 0)
    say('endpoints', 'no endpoints should be provided for resolution type none');
  if (resolution === 'STATIC')
    for (const [index, { address = '' }] of endpoints.entries())
      if (!isAddress(address) && !address.startsWith('unix://'))
        say(`endpoints[${index}].address`, `${address} is not an IP address, as resolution STATIC asks for`);
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1)
    say('endpoints', 'there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN');
  if (resolution.startsWith('DNS') && endpoints.length === 0 && !spec.workloadSelector)
    for (const host of hosts.filter((one) => one.startsWith('*')))
      say('hosts', `${host} must be a whole name if no endpoints are provided for resolution mode ${resolution}`);
  if (resolution.startsWith('DNS') && (spec.addresses ?? []).some((one: string) => /\/(?!32$)/.test(one)))
    say('addresses', 'CIDR addresses are allowed only for NONE and STATIC resolution');
  return problems;
}

export function workloadEntryProblems(spec: any): string[] {
  return spec.address || spec.network ? [] : ['spec.address: address must be set'];
}

export function sidecarProblems(spec: any): string[] {
  const egress = (spec.egress ?? []).flatMap((one: any, index: number) => {
    const field = `spec.egress[${index}].hosts`;
    if (!one.hosts?.length) return [`${field}: egress listener must contain at least one host`];
    return one.hosts
      .filter((host: string) => host.split('/').length !== 2)
      .map((host: string) => `${field}: ${host} must be of form namespace/dnsName`);
  });
  const numbers = (spec.ingress ?? []).map((one: any) => one.port?.number);
  const ingress = numbers.flatMap((number: number | undefined, index: number) =>
    number === undefined
      ? [`spec.ingress[${index}].port: port is required for ingress listeners`]
      : numbers.indexOf(number) === index
        ? []
        : [`spec.ingress[${index}].port: ports on sidecar listeners must be unique: ${number}`],
  );
  return [...egress, ...ingress];
}

export function gatewayProblems(spec: any): string[] {
  return (spec.servers ?? []).flatMap((server: any, index: number) => {
    const field = `spec.servers[${index}]`;
    const problems: string[] = [];
    const { number, protocol = '' } = server.port ?? {};
    if (!(number >= 1 && number <= 65_535))
      problems.push(`${field}.port.number: port number ${number} must be in the range 1..65535`);
    if (!server.hosts?.length) problems.push(`${field}.hosts: server must have at least one host`);
    const isTls = ['HTTPS', 'TLS'].includes(protocol.toUpperCase());
    if (isTls && !server.tls) problems.push(`${field}.tls: server must have TLS settings for HTTPS/TLS protocols`);
    if (server.tls && !isTls && !server.tls.httpsRedirect)
      problems.push(`${field}.tls: server cannot have TLS settings for plain text ports`);
    const mode = server.tls?.mode ?? 'PASSTHROUGH';
    const names =
      server.tls?.credentialName || server.tls?.credentialNames?.length || server.tls?.tlsCertificates?.length;
    if (isTls && ['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode) && !names) {
      if (!server.tls.serverCertificate) problems.push(`${field}.tls: ${mode} TLS requires a server certificate`);
      if (!server.tls.privateKey) problems.push(`${field}.tls: ${mode} TLS requires a private key`);
      if (mode !== 'SIMPLE' && !server.tls.caCertificates)
        problems.push(`${field}.tls: ${mode} TLS requires a client CA bundle`);
    }
    return problems;
  });
}
