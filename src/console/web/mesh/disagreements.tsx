import { Alert } from '@patternfly/react-core';
import type { NameDisagreement } from '../../api.ts';

/** Names that must agree and do not. */
export function Disagreements({ disagreements }: { disagreements: NameDisagreement[] }) {
  return disagreements.map((one) => (
    <Alert
      key={`${one.what} ${one.cluster}`}
      variant="warning"
      isInline
      className="ist-problems"
      title={`${one.cluster}: the names of its ${one.what} do not agree`}
    >
      <p>{one.why}</p>
      <ul className="ist-plain-list">
        {one.values.map((value) => (
          <li key={value.where}>
            {value.where}: <code>{value.value}</code>
          </li>
        ))}
      </ul>
      {one.fix && <p>{one.fix}</p>}
    </Alert>
  ));
}
