import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { planted } from '../../../../test/support/planted-snapshot.ts';
import { Jwks } from './jwks.ts';

let server: Server | undefined;
let jwks: Jwks | undefined;

afterEach(() => {
  jwks?.stop();
  server?.close();
});

/** An issuer whose answers are those of the function; undefined is an error. */
async function issuer(answer: (path: string) => unknown): Promise<string> {
  server = createServer((request, response) => {
    const body = answer(request.url ?? '');
    if (body === undefined) response.writeHead(503).end();
    else response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const policy = (rule: object) => planted('RequestAuthentication', 'jwt', { jwtRules: [rule] });
const keys = (kid: string) => ({ keys: [{ kty: 'RSA', kid }] });

it('fetches keys from where a rule or its issuer says, and forgets those that no rule names', async () => {
  const address = await issuer((path) =>
    path === '/.well-known/openid-configuration' ? { jwks_uri: `${address}/found` } : keys(path),
  );
  const changed = vi.fn();
  jwks = new Jwks({ onChange: changed, log: () => {} });
  await jwks.follow([policy({ issuer: address }), policy({ issuer: 'x', jwksUri: `${address}/direct` })]);
  expect(Object.fromEntries(jwks.current())).toEqual({
    [`${address}/.well-known/openid-configuration`]: JSON.stringify(keys('/found')),
    [`${address}/direct`]: JSON.stringify(keys('/direct')),
  });
  expect(changed).toHaveBeenCalledTimes(2);
  await jwks.follow([policy({ issuer: 'x', jwks: '{}' })]);
  expect(jwks.current().size).toBe(0);
});

it('asks again while it fails, and tells of keys that changed', async () => {
  let answer: unknown;
  const address = await issuer(() => answer);
  const changed = vi.fn();
  const log = vi.fn();
  jwks = new Jwks({ onChange: changed, log, refreshMs: 20, retryMs: 5 });
  await jwks.follow([policy({ jwksUri: `${address}/k` })]);
  expect(jwks.current().size).toBe(0);
  expect(log).toHaveBeenCalledWith(expect.stringContaining('answers 503'));
  answer = keys('a');
  await vi.waitFor(() => expect(jwks!.current().get(`${address}/k`)).toBe(JSON.stringify(keys('a'))), 20_000);
  answer = keys('b');
  await vi.waitFor(() => expect(jwks!.current().get(`${address}/k`)).toBe(JSON.stringify(keys('b'))), 20_000);
  expect(changed).toHaveBeenCalledTimes(2);
  // What was fetched once stays in use.
  answer = undefined;
  log.mockClear();
  await vi.waitFor(() => expect(log).toHaveBeenCalled(), 20_000);
  expect(jwks.current().get(`${address}/k`)).toBe(JSON.stringify(keys('b')));
});
