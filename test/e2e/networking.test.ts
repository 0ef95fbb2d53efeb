/** Gateways, VirtualServices, ServiceEntries and Sidecars: what real proxies do with them for real requests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Explanation } from '../../src/observe/index.ts';
import { createRoot, issueLeaf, type KeyPair } from '../../src/pki/index.ts';
import { eventually, isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const east = (args: string[], input?: string) => kubectl(home, 'east', args, input);
const planted = readFileSync(join(import.meta.dirname, 'planted/networking.yaml'), 'utf8');

let gateway = '';
let ca: KeyPair;

/** curl of a client: the sample's in the mesh of east, or one without a proxy. */
async function curl(client: 'mesh' | 'outside', ...args: string[]): Promise<{ status: number; text: string }> {
  const pod = client === 'mesh' ? ['-n', 'sample', 'exec', 'deploy/curl'] : ['-n', 'edge', 'exec', 'outside'];
  const command = ['curl', '-s', '-i', '--max-time', '10', '-w', '\n~%{http_code}', ...args];
  const { stdout } = await east([...pod, '-c', 'curl', '--', ...command]);
  return { status: Number(/~(\d{3})$/.exec(stdout)?.[1] ?? 0), text: stdout };
}

const get = (path: string, ...args: string[]) => curl('mesh', ...args, `http://helloworld.sample:5000${path}`);
const ingress = (host: string, path: string) => curl('outside', '-H', `Host: ${host}`, `http://${gateway}${path}`);
const secured = (host: string, ...args: string[]) =>
  curl('outside', '--cacert', '/tmp/ca.crt', '--resolve', `${host}:443:${gateway}`, ...args, `https://${host}/hello`);

async function apply(text: string): Promise<void> {
  const { code, stderr } = await east(['apply', '-f', '-'], text);
  expect(code, stderr).toBe(0);
}

async function put(path: string, text: string): Promise<void> {
  const command = ['-n', 'edge', 'exec', '-i', 'outside', '-c', 'curl', '--', 'sh', '-c', `cat > ${path}`];
  expect((await east(command, text)).code).toBe(0);
}

const until = (what: string, ask: () => Promise<{ status: number; text: string }>, status: number) =>
  eventually(what, async () => {
    const answer = await ask();
    return answer.status === status ? { value: answer } : { seen: answer.text };
  });

async function secret(name: string, pair: KeyPair, root?: string): Promise<void> {
  const data = { 'tls.crt': pair.certPem, 'tls.key': pair.keyPem, ...(root ? { 'ca.crt': root } : {}) };
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  await apply(
    JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'edge' }, data: encoded }),
  );
}

const leaf = (name: string): Promise<KeyPair> => issueLeaf(ca, { commonName: name, dnsNames: [name], seconds: 86_400 });

beforeAll(async () => {
  ca = await createRoot({ commonName: 'test' });
  await east(['create', 'namespace', 'edge']);
  await secret('hello-cert', await leaf('hello.example'));
  await secret('mutual-cert', await leaf('mutual.example'), ca.certPem);
  await apply(planted);
  for (const what of ['deploy/ingress', 'pod/outside']) {
    const condition = what.startsWith('pod') ? 'Ready' : 'Available';
    const { code, stderr } = await east(['-n', 'edge', 'wait', `--for=condition=${condition}`, what, '--timeout=60s']);
    expect(code, stderr).toBe(0);
  }
  const path = 'jsonpath={.status.loadBalancer.ingress[0].ip}';
  gateway = (await east(['-n', 'edge', 'get', 'service', 'ingress', '-o', path])).stdout;
  const client = await leaf('client.example');
  await put('/tmp/ca.crt', ca.certPem);
  await put('/tmp/client.crt', client.certPem);
  await put('/tmp/client.key', client.keyPem);
});

afterAll(async () => {
  await east(['-n', 'sample', 'delete', 'virtualservice,destinationrule,sidecar', '--all']);
  await east(['delete', 'namespace', 'edge', '--wait=true', '--timeout=60s']);
});

describe('an ingress gateway', () => {
  it('lets requests for its hosts in, to both clusters, and no others', async () => {
    await until('the gateway serves', () => ingress('hello.example', '/hello'), 200);
    const { text } = await curl('outside', '-H', 'Host: hello.example', `http://${gateway}/hello?[1-30]`);
    expect(new Set(text.match(/version: v\d/g))).toEqual(new Set(['version: v1', 'version: v2']));
    expect((await ingress('hello.example', '/other')).status).toBe(404);
    expect((await ingress('other.example', '/hello')).status).toBe(404);
  });

  it('rewrites, and tells the server who has called and nobody outside who has answered', async () => {
    const { text } = await ingress('hello.example', '/api/headers');
    expect(text).toContain('"x-forwarded-for"');
    expect(text).toContain('spiffe://cluster.local/ns/edge/sa/default');
    expect(text).not.toContain('x-isthmus-peer');
  });

  it('sends to HTTPS what is to come by HTTPS', async () => {
    const { status, text } = await ingress('secure.example', '/hello');
    expect(status).toBe(301);
    expect(text).toContain('location: https://secure.example/hello');
  });

  it('ends TLS with the certificate of a Secret, and with a new one as soon as it is there', async () => {
    expect((await secured('hello.example')).status).toBe(200);
    await secret(
      'hello-cert',
      await issueLeaf(ca, { commonName: 'newer', dnsNames: ['hello.example'], seconds: 86_400 }),
    );
    await eventually('the newer certificate is served', async () => {
      const { text } = await secured('hello.example', '-w', '%{certs}');
      return /CN ?= ?newer/.test(text) ? { value: true } : { seen: text.slice(0, 200) };
    });
  });

  it('asks for a certificate where TLS is to be mutual', async () => {
    expect((await secured('mutual.example')).status).toBe(0);
    const own = ['--cert', '/tmp/client.crt', '--key', '/tmp/client.key'];
    expect((await secured('mutual.example', ...own)).status).toBe(200);
  });

  it('passes TLS on by its server name, and TCP by its port', async () => {
    const url = 'https://kubernetes.default.svc/version';
    const { text } = await curl('outside', '-k', '--resolve', `kubernetes.default.svc:443:${gateway}`, url);
    expect(text).toMatch(/"gitVersion"|"Status"/);
    expect((await curl('outside', `http://${gateway}:31400/hello`)).status).toBe(200);
  });
});

describe('a VirtualService', () => {
  it('rewrites paths, hosts and headers', async () => {
    const { status, text } = await get('/changed', '-H', 'x-gone: gone');
    expect(status).toBe(200);
    const seen = JSON.parse(/\{.*\}/.exec(text)![0]);
    expect(seen).toMatchObject({ host: 'changed.example', 'x-set': 'one' });
    expect(seen).not.toHaveProperty('x-gone');
    expect(text).toContain('x-answer: two');
    expect((await get('/v77')).text).toContain('version: v2');
  });

  it('redirects, answers by itself and aborts', async () => {
    expect((await get('/moved')).text).toMatch(/307[\s\S]*location: http:\/\/helloworld.sample:5000\/hello/);
    expect((await get('/closed')).text).toMatch(/418[\s\S]*closed/);
    expect((await get('/never')).status).toBe(429);
  });

  it('matches queries, and leaves the rest to another one', async () => {
    const versions = async (path: string, ...args: string[]) =>
      new Set((await get(path, ...args)).text.match(/version: v\d/g));
    expect(await versions('/hello?only=v2&n=[1-10]')).toEqual(new Set(['version: v2']));
    expect(await versions('/hello?n=[1-10]', '-H', 'x-version: v1')).toEqual(new Set(['version: v1']));
  });

  it('keeps one user with one endpoint', async () => {
    for (const user of ['anna', 'bert', 'carl']) {
      const { text } = await get('/sticky?[1-10]', '-H', `x-user: ${user}`);
      expect(new Set(text.match(/instance: \S+/g)).size).toBe(1);
    }
  });
});

describe('a ServiceEntry', () => {
  it('leads to the pods that it selects, by host and by address', async () => {
    const url = 'http://static.example/hello';
    const answer = await until(
      'it is known',
      () => curl('mesh', '--resolve', 'static.example:80:240.240.0.1', url),
      200,
    );
    expect(answer.text).toContain('instance: outside');
    expect((await curl('mesh', 'http://240.240.0.1:6000/hello')).text).toContain('instance: outside');
  });

  it('leads to what DNS finds, and says nothing of the mesh to it', async () => {
    const { text } = await curl('mesh', '-H', 'Host: dns.example', 'http://240.0.0.9/headers');
    expect(text).toContain('"host":"dns.example"');
    expect(text).not.toContain('x-isthmus-peer');
  });

  it('has TLS where a DestinationRule asks for it', async () => {
    // The gateway, which ends it, says how the request came.
    const { text } = await curl('mesh', '-H', 'Host: originated.example', 'http://240.0.0.9/api/headers');
    expect(text).toContain('"x-forwarded-proto":"https"');
  });
});

describe('explain', () => {
  const explain = async (from: string, to: string, ...more: string[]): Promise<Explanation> => {
    const { stdout, stderr } = await isthmus(['explain', from, to, '-o', 'json', ...more], { home });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };
  const decided = ({ path }: Explanation) =>
    path.steps.flatMap(({ decisions }) => decisions.map(({ kind, name }) => `${kind} ${name}`));

  it('follows a request through a gateway, whoever asks', async () => {
    for (const [from, to] of [
      ['east/edge/ingress', 'http://hello.example/hello'],
      ['west/sample/curl', `http://${gateway}/hello`],
    ] as const) {
      const found = await explain(from, to, '-H', 'Host: hello.example');
      expect(found.outcome).toBe('reaches');
      expect(decided(found)).toEqual(expect.arrayContaining(['Gateway front', 'VirtualService front']));
      expect(found.path.branches).toHaveLength(2);
    }
  });

  it('knows what leaves the mesh by a ServiceEntry', async () => {
    const found = await explain('east/sample/curl', 'http://dns.example/hello');
    expect(found.path.end?.result).toBe('reaches');
    expect(decided(found)).toContain('ServiceEntry dns');
  });
});

describe('a Sidecar', () => {
  it('lets nothing out but what it imports', async () => {
    const egress = [{ hosts: ['./*', 'istio-system/*', 'edge/dns.example'] }];
    const spec = { egress, outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } };
    const metadata = { name: 'default', namespace: 'sample' };
    await apply(JSON.stringify({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec }));
    const elsewhere = () => curl('mesh', '-H', 'Host: static.example', 'http://240.0.0.9/hello');
    await until('what is not imported is refused', elsewhere, 502);
    expect((await get('/hello')).status).toBe(200);
    expect((await curl('mesh', '-H', 'Host: dns.example', 'http://240.0.0.9/hello')).status).toBe(200);
    expect((await curl('mesh', 'http://240.240.0.1:6000/hello')).status).toBe(0);
    await east(['-n', 'sample', 'delete', 'sidecar', 'default']);
    await until('what is known is reached again', elsewhere, 200);
  });
});
