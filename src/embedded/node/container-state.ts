/** The states of a container, and how the API shows them. */

export type State =
  | { kind: 'waiting'; reason: string; message?: string }
  | { kind: 'running'; startedAt: string }
  | {
      kind: 'terminated';
      exitCode: number;
      signal?: number;
      reason: string;
      startedAt: string;
      finishedAt: string;
      message?: string;
    };

export const timestamp = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/** A terminated state as a pod's status has it, taken back. */
export const endedState = ({ containerID: _, ...rest }: any): State => ({ kind: 'terminated', ...rest });

/** Of what ran when the node went down nobody knows how it ended. */
export const lostState = (startedAt: string): State => ({
  kind: 'terminated',
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the node started again',
  startedAt,
  finishedAt: timestamp(),
});

export function shown(state: State, containerID: string): any {
  const { kind, ...rest } = state;
  return { [kind]: kind === 'terminated' ? { ...rest, containerID } : rest };
}
