/** What all steps of one explanation share, and small helpers to write steps. */
import type { FoundClient } from './client.ts';
import type { IstioConfig } from './config.ts';
import type { MeshFacts } from './facts.ts';
import type { Branch, End, ExplainedDestination, Step } from './types.ts';

export interface Trace {
  facts: MeshFacts;
  /** What the client's proxy is configured by. */
  config: IstioConfig;
  client: FoundClient;
  to: ExplainedDestination;
  /** Headers that the client sends, by lower-case name. */
  headers: Record<string, string>;
}

export function step(fields: Omit<Step, 'details' | 'decisions' | 'deviations'> & Partial<Step>): Step {
  return { details: [], decisions: [], deviations: [], ...fields };
}

export const endOf = (result: End['result'], text: string, more: Partial<End> = {}): End => ({ result, text, ...more });

export function branch(label: string, share: number, steps: Step[], rest: { end?: End; branches?: Branch[] }): Branch {
  return { label, share, steps, branches: rest.branches ?? [], ...(rest.end ? { end: rest.end } : {}) };
}

/** 50 %, 33.3 %. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
