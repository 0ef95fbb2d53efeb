/** The least that an API needs of a web framework: routes with parameters, JSON answers, errors as the API says them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import type { ApiError } from '../api.ts';

export interface ApiRequest {
  method: string;
  url: URL;
  /** Values of the path's `{name}` parts. */
  params: Record<string, string>;
  raw: IncomingMessage;
  response: ServerResponse;
}

export type Handler = (request: ApiRequest) => Promise<unknown> | unknown;

interface Route {
  method: string;
  parts: string[];
  handler: Handler;
}

/** Says that the handler has answered by itself. */
export const answered = Symbol('answered');

export class HttpError extends IsthmusError {
  readonly status: number;
  constructor(status: number, fields: ConstructorParameters<typeof IsthmusError>[0]) {
    super(fields);
    this.status = status;
  }
}

export const notFound = (what: string, where?: string): HttpError =>
  new HttpError(404, { code: 'console.not-found', what, ...(where ? { where } : {}) });

export const badRequest = (what: string, fix?: string): HttpError =>
  new HttpError(400, { code: 'console.bad-request', fault: 'user', what, ...(fix ? { fix } : {}) });

export class Router {
  readonly #routes: Route[] = [];

  /** @param path as in /api/namespaces/{namespace}/pods/{pod} */
  add(method: string, path: string, handler: Handler): this {
    this.#routes.push({ method, parts: path.split('/'), handler });
    return this;
  }

  find(method: string, path: string): { handler: Handler; params: Record<string, string> } | 'method' | undefined {
    const parts = path.replace(/\/$/, '').split('/');
    let hasPath = false;
    for (const route of this.#routes) {
      const params = match(route.parts, parts);
      if (!params) continue;
      hasPath = true;
      if (route.method === method) return { handler: route.handler, params };
    }
    return hasPath ? 'method' : undefined;
  }
}

function match(wanted: string[], parts: string[]): Record<string, string> | undefined {
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const given = parts[index]!;
    if (part.startsWith('{')) {
      try {
        params[part.slice(1, -1)] = decodeURIComponent(given);
      } catch {
        return undefined;
      }
    } else if (part !== given) return undefined;
  }
  return params;
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, body } = faultOf(error);
  sendJson(response, status, body);
}

export function faultOf(error: unknown): { status: number; body: ApiError } {
  const status = error instanceof HttpError ? error.status : statusOf(error);
  const known = error instanceof IsthmusError ? error : undefined;
  const body: ApiError = {
    error: known?.what ?? messageOf(error),
    code: known?.code ?? 'console.internal',
    ...(known?.where ? { where: known.where } : {}),
    ...(known?.why ? { why: known.why } : {}),
    ...(known?.fix ? { fix: known.fix } : {}),
  };
  return { status, body };
}

/** What an API server has refused is refused in the same way; a cluster or Prometheus that is silent is a bad gateway. */
function statusOf(error: unknown): number {
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400) return status;
  if (error instanceof IsthmusError) return error.fault === 'user' ? 400 : error.fault === 'environment' ? 502 : 500;
  return 500;
}

const largestBody = 1_000_000;

/** @throws HttpError 413 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largestBody)
      throw new HttpError(413, { code: 'console.too-large', fault: 'user', what: 'the body is larger than 1 MB' });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
