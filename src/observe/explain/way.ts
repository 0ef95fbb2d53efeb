/** Pieces of a way, and how they are put together. */
import { branch } from './trace.ts';
import type { Branch, End, Step } from './types.ts';

/** A way that is still to be joined to what goes before it. */
export interface Way {
  steps: Step[];
  branches: Branch[];
  end?: End;
}

export const ending = (steps: Step[], end: End): Way => ({ steps, branches: [], end });
export const joined = (steps: Step[], rest: Way): Way => ({ ...rest, steps: [...steps, ...rest.steps] });

/** Several ways, or the one way there is. */
export function forked(steps: Step[], ways: { label: string; share: number; way: Way }[]): Way {
  const [only] = ways;
  if (only && ways.length === 1) return joined(steps, only.way);
  return { steps, branches: ways.map(({ label, share, way }) => branch(label, share, way.steps, way)) };
}

/** Endpoints beyond these are named and not followed. */
export const mostFollowed = 12;
