import { Button, Popover } from '@patternfly/react-core';
import type { MeshLink } from '../../api.ts';
import { dayOf } from '../common/format.ts';
import { StateMark } from '../common/status.tsx';
import { kindText } from './links.ts';

/** The name of a link on its line; why it is broken stands beside. */
export function LinkLabel({ link, x, y, width }: { link: MeshLink; x: number; y: number; width: number }) {
  const { name, told } = kindText[link.kind];
  return (
    <div className={`ist-link-label ist-link-label-${link.state}`} style={{ left: x, top: y, width }}>
      <Popover
        headerContent={`${name}: ${link.from} ${link.kind === 'trust' ? 'and' : 'to'} ${link.to}`}
        bodyContent={
          <>
            <p>{told}.</p>
            <StateMark state={link.state} />
            {link.why && <p>{link.why}</p>}
            {link.fix && <p className="ist-break">{link.fix}</p>}
            {link.object && (
              <p className="ist-quiet">
                {link.object.kind} {link.object.cluster}/{link.object.namespace}/{link.object.name}
              </p>
            )}
            <p className="ist-quiet">Since {dayOf(link.since)}</p>
          </>
        }
      >
        <Button variant="plain" size="sm" className="ist-link-button">
          <StateMark state={link.state} text={name} />
          <span className="pf-v6-screen-reader">
            {' '}
            from {link.from} to {link.to}: {link.state}
          </span>
          {link.state !== 'ok' && link.why && <span className="ist-link-why">{link.why}</span>}
        </Button>
      </Popover>
    </div>
  );
}
