import { afterEach, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createIntermediate, createRoot } from '../../src/pki/index.ts';
import { notPassing, verifyFacts } from '../support/facts.ts';
import { eventually, isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const inSystem = (cluster: string, ...args: string[]) => kubectl(home, cluster, ['-n', 'istio-system', ...args]);

async function mend(): Promise<void> {
  const up = await isthmus(['up', '--no-verify'], { home });
  expect(up.code, up.stderr + up.stdout).toBe(0);
}

/** After each fault the mesh must come back to all green by itself or by `up`: else the next fault would be judged on a broken mesh. */
afterEach(async () => {
  await eventually(
    'the mesh is whole again',
    async () => {
      const failing = notPassing((await verifyFacts(home)).facts);
      return failing.length === 0 ? { value: true } : { seen: failing.join('; ') };
    },
    60_000,
  );
});

describe('verify', () => {
  it('turns red when the gateway of a cluster is stopped', async () => {
    await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=0');
    await inSystem('west', 'wait', '--for=delete', 'pod', '-l', 'istio=eastwestgateway', '--timeout=40s');
    const { code, facts } = await verifyFacts(home);
    expect(code).toBe(1);
    expect(facts.get('reach/east')?.status).toBe('fail');
    expect(facts.get('link/east-west')?.status).toBe('fail');
    expect(facts.get('link/east-east')?.status).toBe('pass');
    await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=1');
    await inSystem('west', 'rollout', 'status', 'deploy/istio-eastwestgateway', '--timeout=40s');
  });

  it('turns red when the remote secret is missing, and up mends it', async () => {
    await inSystem('east', 'delete', 'secret', 'istio-remote-secret-west');
    const { code, facts } = await verifyFacts(home);
    expect(code).toBe(1);
    const fact = facts.get('remote-synced/west');
    expect(fact?.status).toBe('fail');
    expect(fact?.why).toContain('istio-remote-secret-west');
    expect(facts.get('reach/east')?.status).toBe('fail');
    await mend();
  });

  it('turns red when a cluster has a foreign root, and up refuses to overwrite it', async () => {
    const root = await createRoot({ commonName: 'Foreign Root' });
    const intermediate = await createIntermediate(root, { commonName: 'Foreign Intermediate' });
    const encoded = (pem: string) => Buffer.from(pem).toString('base64');
    const data = {
      'ca-cert.pem': encoded(intermediate.certPem),
      'ca-key.pem': encoded(intermediate.keyPem),
      'root-cert.pem': encoded(root.certPem),
      'cert-chain.pem': encoded(intermediate.certPem + root.certPem),
    };
    await inSystem('west', 'delete', 'secret', 'cacerts');
    const secret = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'cacerts', namespace: 'istio-system' },
      data,
    });
    await kubectl(home, 'west', ['apply', '-f', '-'], secret);
    const { code, facts } = await verifyFacts(home);
    expect(code).toBe(1);
    expect(facts.get('one-root')?.status).toBe('fail');
    const refused = await isthmus(['up', '--no-verify'], { home });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('west/istio-system/cacerts');
    await inSystem('west', 'delete', 'secret', 'cacerts');
    await mend();
  });

  it('turns red when federation is gone, and up mends it', async () => {
    const { stdout } = await inSystem(
      'east',
      'get',
      'configmap',
      'prometheus',
      '-o',
      'jsonpath={.data.prometheus\\.yml}',
    );
    const config = parse(stdout);
    config.scrape_configs = config.scrape_configs.filter((job: any) => !job.job_name.startsWith('federate'));
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'prometheus', namespace: 'istio-system' },
      data: { 'prometheus.yml': stringify(config) },
    };
    const applied = await kubectl(
      home,
      'east',
      ['apply', '--server-side', '--field-manager=isthmus', '-f', '-'],
      JSON.stringify(object),
    );
    expect(applied.code, applied.stderr).toBe(0);
    const { code, facts } = await verifyFacts(home);
    expect(code).toBe(1);
    expect(facts.get('metrics/west-west')?.status).toBe('fail');
    expect(facts.get('reach/west')?.status).toBe('pass');
    await mend();
  });
});
