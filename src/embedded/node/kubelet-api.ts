/** The kubelet's own API on port 10250: logs, exec, attach, port-forward, what runs and what it uses. Only the API server may call it, by its client certificate. */
import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Pod } from '../../kube/index.ts';
import { type LogQuery, readLog, show } from './container-log.ts';
import type { KubeletOptions } from './options.ts';
import type { PodWorker } from './pod-worker.ts';
import { refuse, upgrades } from './streaming/index.ts';
import { resourceMetrics, statsSummary } from './usage.ts';

interface Pods {
  find(namespace: string, name: string): PodWorker | undefined;
  pods(): Pod[];
  workers(): Iterable<PodWorker>;
}

export async function startKubeletApi(options: KubeletOptions, pods: Pods): Promise<{ stop(): Promise<void> }> {
  const server: Server = createServer({
    cert: options.tls.certPem,
    key: options.tls.keyPem,
    ca: options.clientCaPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const streams = upgrades();
  const open = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => answer(options, pods, request, response));
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const [action, namespace = '', name = '', container = ''] = url.pathname
      .split('/')
      .filter(Boolean)
      .map(decodeURIComponent);
    const worker = pods.find(namespace, name);
    if (!worker) return refuse(socket, 404, `pod ${namespace}/${name} is not on this node`);
    const target = { query: url.searchParams, pod: { name: `${namespace}/${name}`, ...worker.network } };
    if (action === 'portForward') return streams.serve({ ...target, action }, request, socket, head);
    if (action !== 'exec' && action !== 'attach') return refuse(socket, 501, `${action} is not served by this kubelet`);
    const running = worker.containers.find((one) => one.spec.name === container);
    if (!running?.pid) return refuse(socket, 404, `container ${container} in pod ${name} is not running`);
    streams.serve({ ...target, action, container: running }, request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listen.port, options.listen.address, resolve);
  });
  return {
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer({ nodeName }: KubeletOptions, pods: Pods, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const [root, namespace = '', name = '', container = ''] = url.pathname
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);
  const json = (value: unknown): void => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
  if (root === 'healthz') response.end('ok');
  else if (root === 'pods') json({ kind: 'PodList', apiVersion: 'v1', items: pods.pods() });
  else if (url.pathname === '/stats/summary') json(statsSummary(nodeName, pods.workers()));
  else if (url.pathname === '/metrics/resource')
    response
      .setHeader('content-type', 'text/plain; version=0.0.4')
      .end(resourceMetrics(statsSummary(nodeName, pods.workers())));
  else if (root === 'containerLogs') sendLogs(pods.find(namespace, name), container, url.searchParams, response);
  else response.writeHead(404).end('404 page not found\n');
}

function sendLogs(
  worker: PodWorker | undefined,
  containerName: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const container = worker?.containers.find((one) => one.spec.name === containerName);
  response.setHeader('content-type', 'text/plain');
  if (!worker || !container) {
    response.writeHead(404).end(`container ${containerName} not found`);
    return;
  }
  const number = (key: string): number | undefined => (query.get(key) ? Number(query.get(key)) : undefined);
  const since = number('sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const wanted: LogQuery = {
    tailLines: number('tailLines'),
    sinceTime: since !== undefined ? new Date(Date.now() - since * 1000) : sinceTime ? new Date(sinceTime) : undefined,
    timestamps: query.get('timestamps') === 'true',
    limitBytes: number('limitBytes'),
  };
  if (query.get('previous') === 'true') {
    const previous = newestBefore(join(worker.logFolder, containerName), container.restartCount);
    if (!previous) response.writeHead(400).end(`previous terminated container "${containerName}" in pod not found`);
    else response.end(show(readLog(previous), wanted));
    return;
  }
  const { log } = container;
  if (!log) {
    response.end();
    return;
  }
  if (query.get('follow') !== 'true') {
    response.end(log.read(wanted));
    return;
  }
  response.flushHeaders();
  response.write(log.read(wanted));
  const end = log.tail(wanted, (text) => response.write(text));
  response.on('close', end);
  void container.finished.then(() => response.end());
}

function newestBefore(folder: string, restart: number): string | undefined {
  if (!existsSync(folder)) return undefined;
  const numbers = readdirSync(folder)
    .map((name) => /^(\d+)\.log$/.exec(name)?.[1])
    .filter((one) => one !== undefined)
    .map(Number)
    .filter((one) => one < restart);
  return numbers.length > 0 ? join(folder, `${Math.max(...numbers)}.log`) : undefined;
}
