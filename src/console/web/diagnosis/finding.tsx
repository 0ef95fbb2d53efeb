import { ClipboardCopy, Label } from '@patternfly/react-core';
import type { DoctorFinding } from '../../api.ts';
import { awayText, dayOf } from '../common/format.ts';
import { ClusterLabel, Mark } from '../common/status.tsx';
import { foundHref, PageLink } from '../shell/links.tsx';
import { useParam } from '../shell/scope.ts';
import { partsOfFix, severityText } from './report.ts';

/** What is wrong, where, why it matters and what to do, with its command ready to be copied. */
export function Finding({ finding }: { finding: DoctorFinding }) {
  const { severity, code, title, message, object, fix, since } = finding;
  const [, setCode] = useParam('code');
  const { tone, one } = severityText[severity];
  return (
    <article className={`ist-finding ist-finding-${tone}`} id={finding.id}>
      <header>
        <Mark tone={tone} text={one} iconOnly />
        <strong className="ist-break">{message}</strong>
      </header>
      <dl>
        <dt>Where</dt>
        <dd>{object ? <Where object={object} /> : 'the mesh'}</dd>
        <dt>Does not hold</dt>
        <dd>
          {title}{' '}
          <Label isCompact variant="outline" onClick={() => setCode(code)} title="Show only findings of this check">
            {code}
          </Label>
        </dd>
        {fix && (
          <>
            <dt>What to do</dt>
            <dd>
              <Fix text={fix} />
            </dd>
          </>
        )}
        <dt>Since</dt>
        <dd title={dayOf(since)}>{awayText(since, Date.now())}</dd>
      </dl>
    </article>
  );
}

function Where({ object }: { object: NonNullable<DoctorFinding['object']> }) {
  const { cluster, kind, namespace, name } = object;
  const text = `${kind} ${[namespace, name].filter(Boolean).join('/')}`;
  const href = foundHref(object);
  return (
    <span className="ist-break">
      <ClusterLabel name={cluster} />{' '}
      {href ? (
        <PageLink to={href}>{text}</PageLink>
      ) : (
        <>
          {text} <PageLink to={`/mesh?focus=${cluster}`}>on the map</PageLink>
        </>
      )}
    </span>
  );
}

/** Text with its commands apart, each with a button that copies it. */
export function Fix({ text }: { text: string }) {
  return partsOfFix(text).map((part) =>
    part.isCommand ? (
      <ClipboardCopy key={part.text} isReadOnly isCode variant="inline-compact" hoverTip="Copy" clickTip="Copied">
        {part.text}
      </ClipboardCopy>
    ) : (
      <div key={part.text}>{part.text}</div>
    ),
  );
}
