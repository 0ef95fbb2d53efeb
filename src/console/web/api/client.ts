/** Asks the console's server. */
import type { ApiError } from '../../api.ts';

export type Params = Record<string, string | number | boolean | undefined>;

/** An answer that is not the data: what the server said of it, or that it did not answer. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly details: ApiError;

  constructor(status: number, details: ApiError) {
    super(details.error);
    this.name = 'ApiFailure';
    this.status = status;
    this.details = details;
  }
}

/** `path` is below /api. Parameters that are undefined or empty are left out. */
export function apiUrl(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return `/api/${path}${text ? `?${text}` : ''}`;
}

/** @throws ApiFailure */
export async function getJson<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(apiUrl(path, params), signal ? { signal } : {});
}

/** Sends an object as a text in YAML. @throws ApiFailure */
export async function sendText<T>(method: 'PUT' | 'POST', path: string, params: Params, body: string): Promise<T> {
  return ask<T>(apiUrl(path, params), { method, body, headers: { 'content-type': 'application/yaml' } });
}

/** @throws ApiFailure */
export async function postForm(path: string, fields: Record<string, string>): Promise<void> {
  await ask(apiUrl(path), { method: 'POST', body: new URLSearchParams(fields) });
}

/** @throws ApiFailure */
export async function remove<T = void>(path: string, params: Params = {}): Promise<T> {
  return ask<T>(apiUrl(path, params), { method: 'DELETE' });
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiFailure(0, {
      error: 'The console does not answer',
      code: 'console.unreachable',
      why: error instanceof Error ? error.message : String(error),
      fix: 'Look whether `isthmus console` still runs.',
    });
  }
  if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  throw new ApiFailure(response.status, await errorOf(response));
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const parsed = JSON.parse(text) as Partial<ApiError>;
    if (typeof parsed.error === 'string') return { code: 'console.failed', ...parsed, error: parsed.error };
  } catch {
    // No JSON: a proxy between may have answered.
  }
  return { error: `The server answered ${response.status} ${response.statusText}`, code: 'console.failed', why: text };
}

/** The path of one entity, with its cluster, as the API has it. */
export function entityPath(namespace: string, kind: string, name: string): string {
  return `namespaces/${encodeURIComponent(namespace)}/${kind}/${encodeURIComponent(name)}`;
}
