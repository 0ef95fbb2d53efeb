import { Alert } from '@patternfly/react-core';
import type { DoctorReport } from '../../api.ts';

/** What could not be read, and so was not judged. */
export function Unread({ unread }: { unread: DoctorReport['unread'] }) {
  if (unread.length === 0) return null;
  return (
    <Alert
      variant="warning"
      isInline
      title="Some of the mesh could not be read and was not judged."
      className="ist-alert"
    >
      <ul className="ist-plain-list">
        {unread.map((one) => (
          <li key={`${one.cluster} ${one.what}`}>
            <strong>{one.cluster}</strong>, {one.what}: {one.why}
          </li>
        ))}
      </ul>
    </Alert>
  );
}
