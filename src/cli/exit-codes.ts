/** What `isthmus` ends with; documented in its help. */
export const exitCodes = {
  ok: 0,
  /** A fact does not hold, or something failed. */
  failed: 1,
  /** A mistake in the mesh file or on the command line; nothing was started. */
  badInput: 2,
  /** Of `plan`: `up` would do something. A mistake in the mesh file is `failed` there, so that the two are told apart. */
  changes: 2,
  /** As shells say it for SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
