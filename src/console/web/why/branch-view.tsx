/** A way or a part of one: its steps one below the other, then its end, or the ways into which it forks, side by side. */
import { Label } from '@patternfly/react-core';
import type { Branch, End, Step, StepKind } from '../../api.ts';
import { percentText } from '../common/format.ts';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { DeviationList, Reference } from './deviations.tsx';
import { toneOfEnd } from './tones.ts';

const kinds: Record<StepKind, string> = {
  client: 'Client',
  name: 'Name',
  listener: 'Listener',
  route: 'Route',
  cluster: 'Cluster',
  endpoints: 'Endpoints',
  tls: 'TLS',
  gateway: 'Gateway',
  inbound: 'Inbound',
  authorization: 'Authorization',
  application: 'Application',
};

export function BranchView({ branch, depth }: { branch: Branch; depth: number }) {
  return (
    <section className="ist-branch" aria-label={branch.label || 'The way of the request'}>
      {depth > 0 && (
        <header className="ist-branch-head">
          <Label color="blue">{percentText(branch.share * 100)}</Label>
          <strong>{branch.label}</strong>
        </header>
      )}
      <ol className="ist-steps">
        {branch.steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no names, and stay in their order.
          <StepView key={index} step={step} />
        ))}
      </ol>
      {branch.branches.length > 0 && (
        <div className="ist-fork">
          {branch.branches.map((one) => (
            <BranchView key={one.label} branch={one} depth={depth + 1} />
          ))}
        </div>
      )}
      {branch.end && <EndView end={branch.end} />}
    </section>
  );
}

function StepView({ step }: { step: Step }) {
  const wrong = step.deviations.some((one) => one.severity === 'error');
  return (
    <li className={`ist-step ${wrong ? 'ist-step-wrong' : ''}`}>
      <div className="ist-step-head">
        <span className="ist-step-kind">{kinds[step.kind]}</span>
        <ClusterLabel name={step.at.cluster} />
        {step.at.pod && <span className="ist-quiet">{[step.at.namespace, step.at.pod].filter(Boolean).join('/')}</span>}
      </div>
      <div className="ist-step-title">{step.title}</div>
      {step.details.map((detail) => (
        <div key={detail} className="ist-quiet ist-break">
          {detail}
        </div>
      ))}
      {step.envoy && (
        <div className="ist-quiet ist-break">
          Envoy's {step.envoy.resource} <code>{step.envoy.name}</code>
        </div>
      )}
      {step.decisions.length > 0 && (
        <ul className="ist-decisions">
          {step.decisions.map((decision) => (
            <li
              key={`${decision.kind} ${decision.cluster} ${decision.namespace} ${decision.name} ${decision.field} ${decision.says}`}
            >
              <Reference object={decision} />
              {decision.field && <code> {decision.field}</code>}: {decision.says}
            </li>
          ))}
        </ul>
      )}
      <DeviationList deviations={step.deviations} />
    </li>
  );
}

function EndView({ end }: { end: End }) {
  const told = [
    end.status ? `status ${end.status}` : undefined,
    end.flag ? `flag ${end.flag}` : undefined,
    end.retried ? 'tried again elsewhere' : undefined,
  ];
  return (
    <div className={`ist-end ist-end-${end.result}`}>
      <Mark tone={toneOfEnd[end.result]} text={end.text} />
      <span className="ist-quiet"> {told.filter(Boolean).join(', ')}</span>
    </div>
  );
}
