/** Health and state as icon and word: a colour alone says nothing to those who do not see it. */
import { Label, Tooltip } from '@patternfly/react-core';
import CheckCircleIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import ExclamationCircleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import ExclamationTriangleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon';
import InfoCircleIcon from '@patternfly/react-icons/dist/esm/icons/info-circle-icon';
import MinusCircleIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import QuestionCircleIcon from '@patternfly/react-icons/dist/esm/icons/question-circle-icon';
import type { ComponentType, ReactNode } from 'react';
import type { HealthStatus, HealthView, Severity, State, StatusCounts, SyncState } from '../../api.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'none' | 'info';

const icons: Record<Tone, ComponentType> = {
  good: CheckCircleIcon,
  warn: ExclamationTriangleIcon,
  bad: ExclamationCircleIcon,
  none: QuestionCircleIcon,
  info: InfoCircleIcon,
};

export const toneOfHealth: Record<HealthStatus, Tone> = {
  NA: 'none',
  Healthy: 'good',
  'Not Ready': 'info',
  Degraded: 'warn',
  Failure: 'bad',
};
export const toneOfState: Record<State, Tone> = { ok: 'good', degraded: 'warn', broken: 'bad', unknown: 'none' };
export const toneOfSeverity: Record<Severity, Tone> = { error: 'bad', warning: 'warn', unknown: 'info' };
const toneOfSync: Record<SyncState, Tone> = { Synced: 'good', Stale: 'warn', NotSent: 'none', Unknown: 'none' };

interface MarkProps {
  tone: Tone;
  /** What the icon means; read out, and shown beside it unless `iconOnly`. */
  text: string;
  iconOnly?: boolean;
  /** Shown when one points at it. */
  why?: ReactNode;
}

export function Mark({ tone, text, iconOnly = false, why }: MarkProps) {
  const Icon = tone === 'none' && text === 'No health' ? MinusCircleIcon : icons[tone];
  const mark = (
    <span className={`ist-mark ist-tone-${tone}`} {...(why ? { tabIndex: 0 } : {})}>
      <Icon aria-hidden="true" />
      <span className={iconOnly ? 'pf-v6-screen-reader' : undefined}>{text}</span>
    </span>
  );
  return why ? <Tooltip content={why}>{mark}</Tooltip> : mark;
}

export function HealthMark({ health, iconOnly = true }: { health: HealthView; iconOnly?: boolean }) {
  const text = health.status === 'NA' ? 'No health' : health.status;
  const why =
    health.reasons.length > 0
      ? health.reasons.map((reason) => <div key={reason}>{reason}</div>)
      : healthWords[health.status];
  return <Mark tone={toneOfHealth[health.status]} text={text} iconOnly={iconOnly} why={why} />;
}

const healthWords: Record<HealthStatus, string> = {
  NA: 'Neither traffic nor pods tell of its health',
  Healthy: 'Healthy',
  'Not Ready': 'Scaled to no replicas',
  Degraded: 'Degraded',
  Failure: 'Failing',
};

export const HealthWord = ({ status }: { status: HealthStatus }) => (
  <Mark tone={toneOfHealth[status]} text={status === 'NA' ? 'No health' : status} />
);

export function StateMark({
  state,
  text,
  why,
  iconOnly,
}: {
  state: State;
  text?: string;
  why?: ReactNode;
  iconOnly?: boolean;
}) {
  return <Mark tone={toneOfState[state]} text={text ?? state} iconOnly={iconOnly ?? false} why={why} />;
}

export const SyncMark = ({ state }: { state: SyncState }) => (
  <Mark tone={toneOfSync[state]} text={state === 'NotSent' ? 'Not sent' : state} />
);

export function ClusterLabel({ name }: { name: string }) {
  return (
    <Label isCompact variant="outline" color="blue">
      {name}
    </Label>
  );
}

const shown: HealthStatus[] = ['Failure', 'Degraded', 'Not Ready', 'Healthy', 'NA'];

/** Counts by status, the worst first; what is zero is left out. */
export function Counts({ counts }: { counts: StatusCounts }) {
  const present = shown.filter((status) => counts[status] > 0);
  if (present.length === 0) return <span className="ist-quiet">none</span>;
  return (
    <span className="ist-counts">
      {present.map((status) => (
        <span key={status} className={`ist-mark ist-tone-${toneOfHealth[status]}`}>
          {(() => {
            const Icon = icons[toneOfHealth[status]];
            return <Icon aria-hidden="true" />;
          })()}
          {counts[status]}
          <span className="pf-v6-screen-reader">{status}</span>
        </span>
      ))}
    </span>
  );
}

/** The parts of a whole as a bar. */
export function HealthBar({ counts, label }: { counts: StatusCounts; label: string }) {
  const total = shown.reduce((sum, status) => sum + counts[status], 0);
  const told = shown.filter((status) => counts[status] > 0).map((status) => `${counts[status]} ${status}`);
  return (
    <span className="ist-bar" role="img" aria-label={`${label}: ${told.join(', ') || 'none'}`}>
      {shown
        .toReversed()
        .filter((status) => counts[status] > 0)
        .map((status) => (
          <span
            key={status}
            className={`ist-bar-part ist-fill-${toneOfHealth[status]}`}
            style={{ flexGrow: counts[status] / total }}
          />
        ))}
    </span>
  );
}
