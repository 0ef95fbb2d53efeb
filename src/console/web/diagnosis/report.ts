/** How findings are counted, ordered and named. */
import type { DoctorFinding, DoctorReport } from '../../api.ts';
import type { Tone } from '../common/status.tsx';

export const severities = ['error', 'warning', 'info'] as const;
type Severity = DoctorFinding['severity'];

export const severityText: Record<Severity, { one: string; many: string; tone: Tone }> = {
  error: { one: 'error', many: 'Errors', tone: 'bad' },
  warning: { one: 'warning', many: 'Warnings', tone: 'warn' },
  info: { one: 'remark', many: 'Remarks', tone: 'info' },
};

/** As in `2 errors, 1 remark`; what is zero is left out. */
export function countsText(counts: DoctorReport['counts']): string {
  return severities
    .filter((one) => counts[one] > 0)
    .map((one) => `${counts[one]} ${severityText[one].one}${counts[one] === 1 ? '' : 's'}`)
    .join(', ');
}

/** The worst of a report. What could not be read is not called sound. */
export function verdictOf({ counts, unread, checks }: DoctorReport): { tone: Tone; text: string } {
  const text = countsText(counts);
  const notJudged = unread.length > 0 || checks.some((check) => check.state === 'unknown');
  if (counts.error > 0) return { tone: 'bad', text };
  if (counts.warning > 0) return { tone: 'warn', text };
  if (notJudged) return { tone: 'none', text: text ? `${text}; not all could be read` : 'not all could be read' };
  return text ? { tone: 'info', text } : { tone: 'good', text: 'nothing found' };
}

/** Groups as in `Errors in east`, the worst first, within a severity by cluster. */
export function bySeverityAndCluster(findings: DoctorFinding[]): [string, DoctorFinding[]][] {
  const groups = new Map<string, DoctorFinding[]>();
  const order = findings.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (a.object?.cluster ?? '').localeCompare(b.object?.cluster ?? '') ||
      a.code.localeCompare(b.code),
  );
  for (const finding of order) {
    const title = `${severityText[finding.severity].many} ${finding.object ? `in ${finding.object.cluster}` : 'of the mesh'}`;
    groups.set(title, [...(groups.get(title) ?? []), finding]);
  }
  return [...groups];
}

/** The commands in a text of what to do, apart from the words around them. */
export function partsOfFix(fix: string): { text: string; isCommand: boolean }[] {
  return fix
    .split(/((?:kubectl|istioctl|isthmus|\.\/isthmus) (?:(?!; ).)+)/)
    .map((text, index) => ({
      text: index % 2 === 1 ? text.trim() : text.replace(/^; |; $/g, '').trim(),
      isCommand: index % 2 === 1,
    }))
    .filter(({ text }) => text !== '' && text !== ';');
}
