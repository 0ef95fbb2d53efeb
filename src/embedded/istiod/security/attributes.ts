/**
 * The attributes of which AuthorizationPolicies speak, each with what it becomes in Envoy's RBAC filter. Those of the connection's target
 * and of the operation are permissions; those of the caller are principals. Some are known for HTTP only.
 */
import {
  anyOf,
  anyText,
  cidrRange,
  headerMatcher,
  metadataMatcher,
  pathPermission,
  quoted,
  textMatcher,
} from './matchers.ts';

export interface Attribute {
  side: 'permission' | 'principal';
  /** Not known on TCP. */
  http?: true;
  /** One value; several are one or the other. @throws Error for a value that cannot be compared. */
  one?: (value: string, context: AttributeContext) => any;
  /** All values at once, where Istio makes one matcher of them. */
  several?: (values: string[], context: AttributeContext) => any;
}

export interface AttributeContext {
  /** The key as the policy writes it: `request.headers[x]`. */
  key: string;
  /** Of the policy. */
  namespace: string;
}

export const jwtFilter = 'envoy.filters.http.jwt_authn';
export const jwtPayload = 'payload';

const authenticated = (principal_name: any): any => ({ authenticated: { principal_name } });
const regex = (text: string): any => ({ safe_regex: { regex: text } });
const text = (string_match: any): any => ({ string_match });
const claim = (name: string, value: any): any => ({
  metadata: metadataMatcher(jwtFilter, [jwtPayload, name], text(value)),
});

/** A claim is a value or a list of values: both are asked. */
function claimIn(keys: string[], values: string[]): any {
  const value = anyOf(values.map((one) => text(textMatcher(one))));
  const either = { or_match: { value_matchers: [{ list_match: { one_of: value } }, value] } };
  return { metadata: metadataMatcher(jwtFilter, [jwtPayload, ...keys], either) };
}

/** Between the last pair of brackets that enclose the whole rest of the key. */
function inBrackets(key: string, name: string): string {
  const rest = key.slice(name.length);
  if (!rest.startsWith('[') || !rest.endsWith(']')) throw new Error(`${key}: ${name}[NAME] is expected`);
  return rest.slice(1, -1);
}

/** `[a][b]` is b in a; what does not nest is one name. */
function claimPath(key: string): string[] {
  const inner = inBrackets(key, 'request.auth.claims');
  return /^[^[\]]*(\]\[[^[\]]*)*$/.test(inner) ? inner.split('][') : [inner];
}

/** Issuer and subject, parted at the last slash, since an issuer is often an address. */
function requestPrincipal(value: string): any {
  const at = value.lastIndexOf('/');
  const issuer = at < 0 ? value : value.slice(0, at);
  const subject = at < 0 ? '' : value.slice(at + 1);
  const both = (iss: any, sub: any) => ({ and_ids: { ids: [claim('iss', iss), claim('sub', sub)] } });
  if (value === '*') return both(anyText, anyText);
  if (value.startsWith('*'))
    return at < 0
      ? both(anyText, { suffix: value.slice(1) })
      : both(issuer === '*' ? anyText : { suffix: issuer.slice(1) }, { exact: subject });
  if (value.endsWith('*'))
    return at < 0
      ? both({ prefix: value.slice(0, -1) }, anyText)
      : both({ exact: issuer }, subject === '*' ? anyText : { prefix: subject.slice(0, -1) });
  return both({ exact: issuer }, { exact: subject });
}

function trustDomain(value: string): any {
  if (value === '*') return { prefix: 'spiffe://' };
  const star = value.indexOf('*');
  if (star < 0) return { prefix: `spiffe://${value}/` };
  return regex(`spiffe://${quoted(value.slice(0, star))}[^/]*${quoted(value.slice(star + 1))}/.*`);
}

/** `name` is an account of the policy's namespace, `namespace/name` of another. */
function serviceAccount(value: string, namespace: string): any {
  const slash = value.indexOf('/');
  const [of, name] = slash < 0 ? [namespace, value] : [value.slice(0, slash), value.slice(slash + 1)];
  return regex(`spiffe://.+/ns/${quoted(of)}/(.+/|)sa/${quoted(name)}(/.+)?`);
}

function port(value: string): any {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error(`invalid port ${value}`);
  return { destination_port: number };
}

/** `experimental.envoy.filters.a.b[c]`: metadata of a filter; a value in brackets is one of a list. */
function filterMetadata(values: string[], key: string): any {
  const [, filter, name] = /^experimental\.([^[]+)\[(.*)\]$/.exec(key) ?? [];
  if (filter === undefined) throw new Error(`invalid key: ${key}`);
  const matchers = values.map((value) =>
    value.startsWith('[') && value.endsWith(']')
      ? { list_match: { one_of: text(textMatcher(value.replace(/^\[+|\]+$/g, ''))) } }
      : text(textMatcher(value)),
  );
  return { metadata: metadataMatcher(filter, [name!], anyOf(matchers)) };
}

const principal: Attribute = {
  side: 'principal',
  one: (value) => authenticated(textMatcher(value, 'spiffe://')),
};
const namespace: Attribute = {
  side: 'principal',
  one: (value) => authenticated(regex(`.*/ns/${value.split('*').map(quoted).join('.*')}/.*`)),
};
const or = (ids: any[]): any => (ids.length === 1 ? ids[0] : { or_ids: { ids } });

/** By the names of `when`; the fields of `from` and `to` are the same attributes. */
export const attributes: Record<string, Attribute> = {
  'destination.ip': { side: 'permission', one: (value) => ({ destination_ip: cidrRange(value) }) },
  'destination.port': { side: 'permission', one: port },
  'connection.sni': { side: 'permission', one: (value) => ({ requested_server_name: textMatcher(value) }) },
  'source.ip': { side: 'principal', one: (value) => ({ direct_remote_ip: cidrRange(value) }) },
  'remote.ip': { side: 'principal', one: (value) => ({ remote_ip: cidrRange(value) }) },
  'source.namespace': namespace,
  'source.serviceAccount': {
    side: 'principal',
    one: (value, context) => authenticated(serviceAccount(value, context.namespace)),
  },
  'source.trustDomain': { side: 'principal', one: (value) => authenticated(trustDomain(value)) },
  'source.principal': principal,
  'request.auth.principal': { side: 'principal', http: true, several: (values) => or(values.map(requestPrincipal)) },
  'request.auth.audiences': { side: 'principal', http: true, several: (values) => claimIn(['aud'], values) },
  'request.auth.presenter': { side: 'principal', http: true, several: (values) => claimIn(['azp'], values) },
  'request.auth.claims': {
    side: 'principal',
    http: true,
    several: (values, { key }) => claimIn(claimPath(key), values),
  },
  'request.headers': {
    side: 'principal',
    http: true,
    one: (value, { key }) => ({ header: headerMatcher(inBrackets(key, 'request.headers'), value) }),
  },
  'experimental.envoy.filters.': { side: 'permission', several: (values, { key }) => filterMetadata(values, key) },
  // No names of `when`: fields of an operation.
  hosts: { side: 'permission', http: true, one: (value) => ({ header: headerMatcher(':authority', value, true) }) },
  methods: { side: 'permission', http: true, one: (value) => ({ header: headerMatcher(':method', value) }) },
  paths: { side: 'permission', http: true, one: pathPermission },
};

/** The fields of a source and of an operation, in the order in which Istio asks them. */
export const sourceFields: [field: string, attribute: string][] = [
  ['principals', 'source.principal'],
  ['requestPrincipals', 'request.auth.principal'],
  ['serviceAccounts', 'source.serviceAccount'],
  ['trustDomains', 'source.trustDomain'],
  ['namespaces', 'source.namespace'],
  ['remoteIpBlocks', 'remote.ip'],
  ['ipBlocks', 'source.ip'],
];
export const operationFields: [field: string, attribute: string][] = [
  ['hosts', 'hosts'],
  ['methods', 'methods'],
  ['paths', 'paths'],
  ['ports', 'destination.port'],
];

/** The attribute that a key of `when` names; undefined for one that Istio does not know. */
export function attributeOf(key: string): string | undefined {
  const prefix = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'].find((one) =>
    key.startsWith(one),
  );
  if (prefix) return prefix;
  return key.includes('.') && key in attributes ? key : undefined;
}
