/** `isthmus doctor` on the running mesh: nothing where all is well, and each planted fault by its code. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/index.ts';
import { eventually, isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const inSystem = (cluster: string, ...args: string[]) => kubectl(home, cluster, ['-n', 'istio-system', ...args]);

async function look(): Promise<{ code: number; codes: string[]; text: string }> {
  const { code, stdout, stderr } = await isthmus(['doctor', '-o', 'json'], { home });
  const found: Diagnosis = JSON.parse(stdout);
  return { code, codes: [...new Set(found.findings.map((one) => one.code))], text: stdout + stderr };
}

const until = (what: string, wanted: (found: { codes: string[] }) => boolean) =>
  eventually(
    what,
    async () => {
      const found = await look();
      return wanted(found) ? { value: found } : { seen: found.text };
    },
    60_000,
  );

afterEach(async () => {
  const up = await isthmus(['up', '--no-verify'], { home });
  expect(up.code, up.stderr + up.stdout).toBe(0);
  await until('the mesh is healthy again', ({ codes }) => codes.length === 0);
});

describe('doctor', () => {
  it('finds nothing in a mesh in which all is well', async () => {
    const { code, codes, text } = await until('the mesh is healthy', (found) => found.codes.length === 0);
    expect({ code, codes }, text).toEqual({ code: 0, codes: [] });
  });

  it('finds the remote secret that is missing', async () => {
    await inSystem('east', 'delete', 'secret', 'istio-remote-secret-west');
    const { code, codes } = await until('the secret is missed', (found) => found.codes.includes('ISM604'));
    expect(code).toBe(1);
    expect(codes).toContain('ISM604');
  });

  it('finds a token that was revoked, which istiod does not', async () => {
    await inSystem('west', 'delete', 'serviceaccount', 'istio-reader-service-account');
    const { code, text } = await until('the token is refused', (found) => found.codes.includes('ISM602'));
    expect(code).toBe(1);
    expect(text).toContain('is refused by west');
    expect(text).not.toMatch(/eyJ[\w-]{20,}/);
  });

  it('finds configuration that nobody reads', async () => {
    const object = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'planted', namespace: 'sample' },
      spec: {},
    };
    await kubectl(home, 'west', ['apply', '-f', '-'], JSON.stringify(object));
    const { codes } = await until('it is seen', (found) => found.codes.length > 0);
    await kubectl(home, 'west', ['-n', 'sample', 'delete', 'peerauthentication', 'planted']);
    expect(codes).toEqual(['ISM801']);
  });
});
