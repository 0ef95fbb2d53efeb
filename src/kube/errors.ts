import { IsthmusError } from '../errors/index.ts';

/** An answer of the API server that is not a success, with the Status object it sent. */
export class KubeApiError extends IsthmusError {
  readonly status: number;
  readonly reason: string;
  /** The Status object, or the text if the answer was not JSON. */
  readonly body: any;

  constructor(fields: { status: number; body: any; method: string; path: string; server: string }) {
    const message =
      typeof fields.body?.message === 'string' && fields.body.message !== ''
        ? fields.body.message
        : `HTTP ${fields.status} ${typeof fields.body === 'string' ? fields.body.trim().slice(0, 300) : ''}`.trim();
    super({
      code: 'kube.api',
      what: message,
      where: `${fields.server}: ${fields.method} ${fields.path}`,
      ...(fields.status === 401 ? { fix: 'check the credentials of this context; the token may have expired' } : {}),
    });
    this.name = 'KubeApiError';
    this.status = fields.status;
    this.reason = typeof fields.body?.reason === 'string' ? fields.body.reason : '';
    this.body = fields.body;
  }
}

const hasStatus = (error: unknown, status: number, reason?: string): boolean =>
  error instanceof KubeApiError && error.status === status && (reason === undefined || error.reason === reason);

export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
export const isAlreadyExists = (error: unknown): boolean => hasStatus(error, 409, 'AlreadyExists');
/** A resourceVersion that the server no longer holds: list again. */
export const isGone = (error: unknown): boolean => hasStatus(error, 410);
