/** kubectl's streams, as it carries them today (websockets) and as older clients do (SPDY). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { tryRun } from '../../src/process/index.ts';
import { kubectl } from '../support/isthmus.ts';

const home = inject('home');
const inSample = ['--kubeconfig', join(home, 'kubeconfig'), '--context', 'west', '-n', 'sample'];

describe.each([
  { carrier: 'websockets', env: {} },
  { carrier: 'SPDY', env: { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false', KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' } },
])('kubectl over $carrier', ({ carrier, env }) => {
  const settings = { env: { ...process.env, ...env }, timeoutMs: 30_000 };

  it('forwards a port to what listens on the loopback of a pod only', async () => {
    const child = spawn(
      'kubectl',
      [...inSample, 'port-forward', '-v6', 'deploy/helloworld-v2', ':5000', ':15000'],
      settings,
    );
    try {
      let output = '';
      const ports = await new Promise<string[]>((resolve, reject) => {
        const take = (chunk: Buffer): void => {
          output += chunk;
          const found = [...output.matchAll(/Forwarding from 127\.0\.0\.1:(\d+)/g)].map(([, port = '']) => port);
          if (found.length === 2) resolve(found);
        };
        child.stdout.on('data', take);
        child.stderr.on('data', take);
        child.on('exit', () => reject(new Error(output)));
      });
      const [application, admin] = ports;
      const answer = await fetch(`http://127.0.0.1:${application}/hello`);
      expect(await answer.text()).toContain('Hello version: v2');
      const dump = await (await fetch(`http://127.0.0.1:${admin}/config_dump`)).text();
      expect(JSON.parse(dump).configs.length).toBeGreaterThan(3);
      expect(output).not.toContain('fallback');
    } finally {
      child.kill();
    }
  });

  it('says when nothing listens there', async () => {
    const child = spawn('kubectl', [...inSample, 'port-forward', 'deploy/helloworld-v2', ':4444'], settings);
    try {
      let errors = '';
      child.stderr.on('data', (chunk) => {
        errors += chunk;
      });
      const port = await new Promise<string>((resolve) =>
        child.stdout.on('data', (chunk) => {
          const found = /127\.0\.0\.1:(\d+)/.exec(String(chunk))?.[1];
          if (found) resolve(found);
        }),
      );
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
      await expect.poll(() => errors).toContain('ECONNREFUSED');
    } finally {
      child.kill();
    }
  });

  it('gives a command its input, both its outputs and its exit code', async () => {
    const exec = [...inSample, 'exec', '-i', 'deploy/curl', '-c', 'curl', '--'];
    const command = ['sh', '-c', 'cat; echo problem >&2; exit 4'];
    const result = await tryRun('kubectl', [...exec, ...command], { ...settings, input: `by ${carrier}\n` });
    expect(result).toMatchObject({ code: 4, stdout: `by ${carrier}\n` });
    expect(result.stderr).toContain('problem');
  });

  it('gives a command a terminal of the size of the user’s', async () => {
    const exec = ['kubectl', ...inSample, 'exec', '-it', 'deploy/curl', '-c', 'curl', '--'].join(' ');
    const inside = 'sh -c \'until [ "$(stty size)" = "33 111" ]; do sleep 0.1; done; tty; echo $TERM; exit 3\'';
    const result = await tryRun('script', ['-qec', `stty cols 111 rows 33; ${exec} ${inside}`, '/dev/null'], settings);
    expect(result.code, result.stdout).toBe(3);
    expect(result.stdout).toMatch(/\/dev\/pts\/\d+\s+xterm/);
  });
});

it('carries what is large', async () => {
  const { stdout } = await kubectl(home, 'east', [
    ...['-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--'],
    ...['sh', '-c', 'yes 0123456789abcde | head -c 3000000'],
  ]);
  expect(stdout.length).toBe(3_000_000);
});
