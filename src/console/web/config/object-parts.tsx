import { Alert, Title } from '@patternfly/react-core';
import type { ConfigChange, IstioCheck } from '../../api.ts';
import { Mark, toneOfSeverity } from '../common/status.tsx';

/** What the API server says that it would change. */
export function ChangeSummary({ change }: { change: ConfigChange }) {
  if (!change.changed)
    return (
      <Alert variant="info" isInline title="The API server says that nothing would change." className="ist-alert" />
    );
  return (
    <Alert
      variant="info"
      isInline
      title={`The API server would change ${change.fields.length} fields`}
      className="ist-alert"
    >
      <ul className="ist-plain-list">
        {change.fields.map((field) => (
          <li key={field.path}>
            <code>{field.path}</code>: {field.before ?? 'nothing'} → {field.after ?? 'nothing'}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

/** What is wrong in the object, where, and what to do. */
export function Checks({ checks }: { checks: IstioCheck[] }) {
  return (
    <section>
      <Title headingLevel="h2" size="md">
        Validation
      </Title>
      {checks.length === 0 && <Mark tone="good" text="Nothing to find fault with" />}
      <ul className="ist-plain-list">
        {checks.map((check) => (
          <li key={`${check.code} ${check.path} ${check.message}`}>
            <Mark tone={toneOfSeverity[check.severity]} text={`${check.code}: ${check.message}`} />
            {check.path && (
              <div className="ist-quiet">
                <code>{check.path}</code>
              </div>
            )}
            {check.fix && <div>{check.fix}</div>}
          </li>
        ))}
      </ul>
    </section>
  );
}
