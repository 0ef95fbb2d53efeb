import type { Deviation, End, Explanation } from '../../api.ts';
import type { Tone } from '../common/status.tsx';

export const toneOfOutcome: Record<Explanation['outcome'], Tone> = {
  reaches: 'good',
  partly: 'warn',
  fails: 'bad',
  answered: 'info',
  unknown: 'none',
};

export const toneOfEnd: Record<End['result'], Tone> = {
  reaches: 'good',
  answered: 'info',
  fails: 'bad',
  unknown: 'none',
};

export const toneOfDeviation: Record<Deviation['severity'], Tone> = { error: 'bad', warning: 'warn', info: 'info' };
