import type { IstioCheck, IstioConfigItem } from '../../api.ts';
import type { Tone } from '../common/status.tsx';

/** The worst that is said of an object, in words, and its place among others: errors first. */
export function worstOf(item: Pick<IstioConfigItem, 'validation'>): { tone: Tone; text: string; order: number } {
  const { checks, valid } = item.validation;
  const count = (severity: IstioCheck['severity']): number =>
    checks.filter((check) => check.severity === severity).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('unknown')];
  if (errors > 0 || !valid) return { tone: 'bad', text: errors === 1 ? '1 error' : `${errors} errors`, order: 0 };
  if (warnings > 0) return { tone: 'warn', text: warnings === 1 ? '1 warning' : `${warnings} warnings`, order: 1 };
  if (infos > 0) return { tone: 'info', text: infos === 1 ? '1 remark' : `${infos} remarks`, order: 2 };
  return { tone: 'good', text: 'valid', order: 3 };
}
