import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../kube/index.ts';
import { Container } from './container.ts';
import { ContainerLog } from './container-log.ts';
import { checkGrpcHealth } from './grpc-probe.ts';
import { runHook } from './hooks.ts';
import type { PodContext } from './pod-context.ts';
import { hostsFile, resolvConf } from './pod-files.ts';
import { podStatus } from './pod-status.ts';
import type { ProbeTarget } from './probes.ts';
import { messageFrom, prepareMessage } from './termination-message.ts';
import { usageBelow } from './usage.ts';
import { setUpVolume, VolumeError, type VolumeSources } from './volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-lifecycle-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a gRPC probe', () => {
  let server: GrpcServer;
  let port: number;
  beforeAll(async () => {
    server = new GrpcServer();
    const bytes = (value: Buffer) => value;
    const definition = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    // The request is one string, in field 1; the answer one enum.
    const states: Record<string, number> = { '': 1, up: 1, down: 2 };
    server.addService(
      { Check: definition },
      {
        Check: ({ request }: any, reply: any) => {
          const state = states[request.subarray(2).toString()];
          if (state === undefined) reply({ code: 5, message: 'unknown service' });
          else reply(null, Buffer.from([0x08, state]));
        },
      },
    );
    port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
  });
  afterAll(() => server.forceShutdown());

  it.each([
    ['', undefined],
    ['up', undefined],
    ['down', 'NOT_SERVING'],
    ['other', 'status 5: unknown service'],
  ])('of service "%s" says %s', async (service, why) => {
    const said = await checkGrpcHealth('127.0.0.1', port, service, 5_000);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(why);
  });
  it('says when nothing listens there, and when what listens speaks something else', async () => {
    const web = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const { port: other } = web.address() as AddressInfo;
    expect(await checkGrpcHealth('127.0.0.1', other, '', 5_000)).toBeDefined();
    web.close();
    await once(web, 'close');
    expect(await checkGrpcHealth('127.0.0.1', other, '', 5_000)).toContain('ECONNREFUSED');
  });
});

describe('a hook', () => {
  let server: Server;
  const asked: string[] = [];
  const target: ProbeTarget = {
    podIp: '127.0.0.1',
    port: (port) => (port === 'web' ? (server.address() as AddressInfo).port : Number(port)),
    exec: async (command) => (command[0] === 'false' ? { exitCode: 1, output: 'no' } : { exitCode: 0, output: '' }),
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers['x-who']}`);
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  it('calls, runs or waits, and says why it failed', async () => {
    const get = (path: string) => ({ httpGet: { port: 'web', path, httpHeaders: [{ name: 'x-who', value: 'me' }] } });
    expect(await runHook(get('/start'), target, 5_000)).toBeUndefined();
    expect(asked).toEqual(['/start me']);
    expect(await runHook(get('/bad'), target, 5_000)).toContain('unexpected status 500');
    expect(await runHook({ exec: { command: ['false', 'x'] } }, target, 5_000)).toBe(
      "command 'false x' exited with 1: no",
    );
    expect(await runHook({ sleep: { seconds: 0 } }, target, 5_000)).toBeUndefined();
  });
});

describe('a container of a pod that the node ran before', () => {
  const made = (spec: object, before: object): Container => {
    const pod: Pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec };
    const context = { pod: () => pod, logFolder: join(folder, 'logs'), changed: () => {} } as unknown as PodContext;
    return new Container({ name: 'main', image: 'busybox' }, 'main', context, { containerID: 'x', ...before });
  };
  const running = { restartCount: 2, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } };
  const ended = (exitCode: number) => ({
    restartCount: 2,
    state: { terminated: { exitCode, reason: 'x', containerID: 'x' } },
  });

  it('counts on, and says that nobody knows how it ended', () => {
    const { restartCount, lastState, state } = made({ restartPolicy: 'Always' }, running).status();
    expect([restartCount, state.waiting.reason]).toEqual([3, 'ContainerCreating']);
    expect(lastState.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  });
  it('stays as it is when it was done', async () => {
    const done = made({ restartPolicy: 'OnFailure' }, ended(0));
    await done.finished;
    expect(done.status()).toMatchObject({ restartCount: 2, state: { terminated: { exitCode: 0 } } });
    expect(made({ restartPolicy: 'OnFailure' }, ended(1)).status().restartCount).toBe(3);
  });
  it('is lost where nothing may run twice', () => {
    const container = made({ restartPolicy: 'Never' }, running);
    container.lose();
    const pod: Pod = { metadata: {}, spec: { restartPolicy: 'Never' } };
    const facts = {
      hostIp: '',
      podIp: '',
      startTime: '',
      init: [],
      main: [container],
      ephemeral: [],
      failure: undefined,
    };
    const status = podStatus(pod, { ...facts, initialized: true, sandboxReady: true });
    expect(status['phase']).toBe('Failed');
  });
});

describe('what a container leaves', () => {
  const log = new ContainerLog(join(folder, 'message.log'));
  log.line('stderr', 'it broke');
  it.each([
    ['a message', 'File', 'said', 1, 'said'],
    ['nothing', 'File', '', 1, undefined],
    ['the end of its log', 'FallbackToLogsOnError', '', 1, 'it broke\n'],
    ['no log after success', 'FallbackToLogsOnError', '', 0, undefined],
  ])('is %s', (_, terminationMessagePolicy, written, exitCode, expected) => {
    const path = join(folder, 'message');
    prepareMessage(path);
    writeFileSync(path, written);
    expect(messageFrom(path, { terminationMessagePolicy }, exitCode, log)).toBe(expected);
  });
});

describe('names', () => {
  const pod = (spec: object): Pod => ({
    metadata: { name: 'web-0', namespace: 'n' },
    spec: { nodeName: 'east', ...spec },
  });
  const cluster = { clusterDns: '10.96.0.10', clusterDomain: 'cluster.local' };
  it('are looked for in the cluster, with what the pod adds', () => {
    const dnsConfig = { searches: ['corp'], options: [{ name: 'timeout', value: '1' }] };
    expect(resolvConf(pod({ dnsPolicy: 'ClusterFirst', dnsConfig }), cluster)).toBe(
      'search n.svc.cluster.local svc.cluster.local cluster.local corp\nnameserver 10.96.0.10\noptions ndots:5 timeout:1\n',
    );
    expect(resolvConf(pod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } }), cluster)).toBe(
      'nameserver 1.1.1.1\n',
    );
    expect(resolvConf(pod({ dnsPolicy: 'ClusterFirst', hostNetwork: true }), cluster)).not.toContain('10.96.0.10');
    expect(resolvConf(pod({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }), cluster)).toContain(
      '10.96.0.10',
    );
  });
  it('of a pod are its own, of a StatefulSet’s with the Service, on the node’s network the node’s', () => {
    expect(hostsFile(pod({ subdomain: 'web' }), '10.0.0.1', 'cluster.local')).toContain(
      '10.0.0.1\tweb-0.web.n.svc.cluster.local web-0\n',
    );
    expect(hostsFile(pod({ hostNetwork: true }), '192.0.2.1', 'cluster.local')).toContain('192.0.2.1\teast\n');
  });
});

describe('a volume', () => {
  const sources = (source: unknown) =>
    ({ pod: { metadata: { name: 'p' }, spec: {} }, claimed: async () => source }) as unknown as VolumeSources;
  const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data-p' } };
  it('of a claim is the folder that it is bound to, and is waited for', async () => {
    const path = join(folder, 'volumes', 'pvc-1');
    const source = { hostPath: { path, type: 'DirectoryOrCreate' } };
    expect(await setUpVolume(claim, folder, sources(source))).toBe(path);
    expect(existsSync(path)).toBe(true);
    await expect(setUpVolume(claim, folder, sources(undefined))).rejects.toThrow('claim "data-p" is not bound');
  });
  it('of the host is what its type says', async () => {
    const mount = (type: string) =>
      setUpVolume({ name: 'h', hostPath: { path: join(folder, 'nothing'), type } }, folder, sources(undefined));
    await expect(mount('Directory')).rejects.toThrow(VolumeError);
    await expect(mount('FileOrCreate')).resolves.toBe(join(folder, 'nothing'));
    await expect(mount('Directory')).rejects.toThrow('is not a directory');
  });
});

it('what a process and those below it use is added up', async () => {
  const child = spawn('sh', ['-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 60 & wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    await once(child.stdout, 'data');
    const { cpuNanoseconds, memoryBytes } = usageBelow(child.pid!);
    expect(cpuNanoseconds).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(50_000);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
});
