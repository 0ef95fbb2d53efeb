/** Streaming subresources over websockets (v5.channel.k8s.io, KEP-4006): the first byte of a message is its channel. */
import type { WebSocket } from 'ws';
import { IsthmusError, messageOf } from '../errors/index.ts';
import type { KubeConnection } from './connection.ts';
import { KubeApiError } from './errors.ts';
import { appendQuery, type Query } from './query.ts';

/** What a stream needs of a client. */
export interface StreamClient {
  readonly connection: KubeConnection;
  readonly name: string;
  authorization(): Promise<Record<string, string>>;
}

export interface ExecOptions {
  namespace: string;
  pod: string;
  container?: string;
  command: string[];
  stdin?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;

export async function openWebSocket(
  client: StreamClient,
  path: string,
  query: Query,
  protocols: string[],
): Promise<WebSocket> {
  const { WebSocket } = await import('ws');
  const { connection } = client;
  const url = new URL(connection.server.replace(/^http/, 'ws') + path);
  appendQuery(url, query);
  const socket = new WebSocket(url, protocols, {
    headers: await client.authorization(),
    perMessageDeflate: false,
    ...(connection.ca ? { ca: connection.ca } : {}),
    ...(connection.clientCert ? { cert: connection.clientCert } : {}),
    ...(connection.clientKey ? { key: connection.clientKey } : {}),
    ...(connection.insecureSkipVerify ? { rejectUnauthorized: false } : {}),
    ...(connection.tlsServerName ? { servername: connection.tlsServerName } : {}),
  });
  return await new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', (error) =>
      reject(
        new IsthmusError({
          code: 'kube.stream',
          what: `cannot open ${path}`,
          where: client.name,
          why: messageOf(error),
          cause: error,
        }),
      ),
    );
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        let body: unknown = text;
        try {
          body = JSON.parse(text);
        } catch {}
        reject(
          new KubeApiError({ status: response.statusCode ?? 0, body, method: 'CONNECT', path, server: client.name }),
        );
      });
    });
  });
}

export async function execInPod(client: StreamClient, options: ExecOptions): Promise<ExecResult> {
  const path = `/api/v1/namespaces/${options.namespace}/pods/${options.pod}/exec`;
  const socket = await openWebSocket(
    client,
    path,
    {
      container: options.container,
      command: options.command,
      stdout: true,
      stderr: true,
      stdin: options.stdin !== undefined,
    },
    ['v5.channel.k8s.io'],
  );
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let status: any;
  return await new Promise((resolve, reject) => {
    const where = `${client.name}/${options.namespace}/${options.pod}`;
    const abort = (what: string) => {
      socket.terminate();
      reject(
        new IsthmusError({
          code: 'kube.exec',
          what,
          where,
          why: `the command was: ${options.command.join(' ').slice(0, 200)}`,
        }),
      );
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => abort(`the command did not end within ${options.timeoutMs} ms`), options.timeoutMs);
    const onAbort = () => abort('the command was interrupted');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    };
    socket.on('message', (message: Buffer) => {
      const payload = message.subarray(1);
      if (message[0] === channel.stdout) out.push(payload);
      else if (message[0] === channel.stderr) err.push(payload);
      else if (message[0] === channel.error) status = JSON.parse(payload.toString('utf8'));
    });
    socket.on('error', (error) => {
      settle();
      reject(
        new IsthmusError({
          code: 'kube.exec',
          what: 'the connection broke',
          where,
          why: messageOf(error),
          cause: error,
        }),
      );
    });
    socket.on('close', () => {
      settle();
      const stderr = Buffer.concat(err).toString('utf8');
      if (!status) return abort('the connection ended before the command did');
      const code = status.details?.causes?.find((cause: any) => cause.reason === 'ExitCode')?.message;
      const exitCode = status.status === 'Success' ? 0 : code === undefined ? -1 : Number(code);
      resolve({
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: exitCode === -1 ? `${stderr}${status.message ?? ''}` : stderr,
        exitCode,
      });
    });
    if (options.stdin !== undefined) {
      socket.send(Buffer.concat([Buffer.from([channel.stdin]), Buffer.from(options.stdin)]));
      socket.send(Buffer.from([channel.close, channel.stdin]));
    }
  });
}
