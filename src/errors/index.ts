/** The one error class that people see: what, where, why, and what to do. Rendering is the command line's. */

/** `user`: theirs to mend; `environment`: the machine or a cluster; `internal`: ours. */
export type Fault = 'user' | 'environment' | 'internal';

export interface IsthmusErrorFields {
  /** Stable and documented: a word of the room, then the fault, as in `spec.invalid` or `artifacts.missing`. */
  code: string;
  /** What went wrong, one sentence without a full stop at the end. */
  what: string;
  /** cluster/namespace/name, or file:line:column. */
  where?: string;
  why?: string;
  /** What the reader can do, with the whole command where there is one. */
  fix?: string;
  fault?: Fault;
  cause?: unknown;
}

export class IsthmusError extends Error {
  readonly code: string;
  readonly what: string;
  readonly where: string | undefined;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly fault: Fault;

  constructor(fields: IsthmusErrorFields) {
    super(
      [fields.where ? `${fields.where}: ${fields.what}` : fields.what, fields.why].filter(Boolean).join(': '),
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.name = 'IsthmusError';
    this.code = fields.code;
    this.what = fields.what;
    this.where = fields.where;
    this.why = fields.why;
    this.fix = fields.fix;
    this.fault = fields.fault ?? 'environment';
  }
}

/** The message of anything thrown, for a `why`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
