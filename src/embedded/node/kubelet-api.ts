/** The kubelet's own API on port 10250: logs, exec and what runs. Only the API server may call it, by its client certificate. */
import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Pod } from '../../kube/index.ts';
import { type LogQuery, readLog, show } from './container-log.ts';
import { startInContainer } from './exec.ts';
import type { KubeletOptions } from './options.ts';
import type { PodWorker } from './pod-worker.ts';

interface Pods {
  find(namespace: string, name: string): PodWorker | undefined;
  pods(): Pod[];
}

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

export async function startKubeletApi(options: KubeletOptions, pods: Pods): Promise<{ stop(): Promise<void> }> {
  const server: Server = createServer({
    cert: options.tls.certPem,
    key: options.tls.keyPem,
    ca: options.clientCaPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
    perMessageDeflate: false,
  });
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
    const pid = pods.find(namespace, name)?.containers.find((one) => one.spec.name === container)?.pid;
    const refuse = (code: number, message: string) =>
      socket.end(
        `HTTP/1.1 ${code} Refused\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
      );
    if (action !== 'exec') return refuse(501, `${action} is not served by this kubelet`);
    if (!pid) return refuse(404, `container ${container} in pod ${name} is not running`);
    sockets.handleUpgrade(request, socket, head, (webSocket) => execOver(webSocket, pid, url.searchParams));
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

function answer(_options: KubeletOptions, pods: Pods, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const [root, namespace = '', name = '', container = ''] = url.pathname
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);
  if (root === 'healthz') response.end('ok');
  else if (root === 'pods')
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items: pods.pods() }));
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

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };

/** Runs a command with its streams on the channels of a websocket. A terminal is not given: the command sees pipes. */
function execOver(socket: WebSocket, pid: number, query: URLSearchParams): void {
  const command = query.getAll('command');
  const child = startInContainer(pid, command);
  const send = (channel: number, chunk: Buffer | string): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(chunk)]));
  };
  // The kubelet's names of the streams are not those of the API.
  const wants = (name: 'input' | 'output' | 'error' | 'tty'): boolean => query.get(name) === '1';
  child.stdout?.on('data', (chunk) => wants('output') && send(channels.stdout, chunk));
  child.stderr?.on('data', (chunk) =>
    wants('error') ? send(channels.stderr, chunk) : wants('tty') && send(channels.stdout, chunk),
  );
  child.stdin?.on('error', () => {});
  if (!wants('input')) child.stdin?.end();
  socket.on('message', (message: Buffer) => {
    if (message[0] === channels.stdin) child.stdin?.write(message.subarray(1));
    else if (message[0] === channels.close && message[1] === channels.stdin) child.stdin?.end();
  });
  socket.on('close', () => child.kill('SIGKILL'));
  socket.on('error', () => child.kill('SIGKILL'));
  const finish = (status: unknown): void => {
    send(channels.error, JSON.stringify(status));
    socket.close(1000);
  };
  child.on('error', (error) =>
    finish({ metadata: {}, status: 'Failure', reason: 'InternalError', message: error.message, code: 500 }),
  );
  child.on('close', (code, signal) => {
    const exit = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
    if (exit === 0) return finish({ metadata: {}, status: 'Success' });
    finish({
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code: exit status ${exit}`,
      details: { causes: [{ reason: 'ExitCode', message: String(exit) }] },
    });
  });
}
