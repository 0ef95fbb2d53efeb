/** Who asks: by client certificate, by service-account token, or nobody known. */
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ServerContext } from './context.ts';
import { isAllowed, type User } from './rbac.ts';
import { StatusError } from './status.ts';

const anonymous: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const bySocket = new WeakMap<object, User | undefined>();

/** @throws StatusError 401 for credentials that are wrong; none at all is anonymous. */
export function authenticate(context: ServerContext, socket: TLSSocket, headers: IncomingHttpHeaders): User {
  const user = fromHeader(context, headers) ?? fromCertificate(socket) ?? anonymous;
  return impersonated(context, user, headers);
}

function fromHeader(context: ServerContext, headers: IncomingHttpHeaders): User | undefined {
  const protocols = String(headers['sec-websocket-protocol'] ?? '');
  const inProtocol = /base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)/.exec(protocols)?.[1];
  const header = inProtocol ? `Bearer ${Buffer.from(inProtocol, 'base64url')}` : headers.authorization;
  if (!header) return undefined;
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  let why = 'only bearer tokens are accepted';
  if (token) {
    try {
      const result = context.tokens.check(token, context.storage, [context.tokens.issuer]);
      if ('user' in result) return result.user;
      why = result.why;
    } catch {
      why = 'the token cannot be read';
    }
  }
  context.log(`Unable to authenticate the request: ${why}`);
  throw new StatusError(401, 'Unauthorized', 'Unauthorized');
}

function fromCertificate(socket: TLSSocket): User | undefined {
  if (bySocket.has(socket)) return bySocket.get(socket);
  let user: User | undefined;
  if (socket.authorized) {
    const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined;
    if (subject?.CN) user = { username: subject.CN, groups: [...[subject.O ?? []].flat(), 'system:authenticated'] };
  }
  bySocket.set(socket, user);
  return user;
}

function impersonated(context: ServerContext, user: User, headers: IncomingHttpHeaders): User {
  const name = headers['impersonate-user'];
  if (typeof name !== 'string') return user;
  const groups = [headers['impersonate-group'] ?? []].flat().flatMap((text) => text.split(/,\s*/));
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const asked = [
    account
      ? { verb: 'impersonate', group: '', resource: 'serviceaccounts', namespace: account[1], name: account[2] }
      : { verb: 'impersonate', group: '', resource: 'users', name },
    ...groups.map((group) => ({ verb: 'impersonate', group: '', resource: 'groups', name: group })),
  ];
  for (const attributes of asked)
    if (!isAllowed(context.storage, user, attributes))
      throw new StatusError(
        403,
        'Forbidden',
        `${attributes.resource} "${attributes.name}" is forbidden: User "${user.username}" cannot impersonate resource "${attributes.resource}" in API group "" at the cluster scope`,
      );
  const implied =
    account && groups.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
  return { username: name, groups: [...new Set([...groups, ...implied, 'system:authenticated'])] };
}
