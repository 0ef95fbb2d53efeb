import { Card, CardBody, CardExpandableContent, CardHeader, CardTitle } from '@patternfly/react-core';
import { useState } from 'react';
import type { ConfigDifference, ConfigDifferences } from '../../api.ts';
import { Nothing, Problems } from '../common/answer.tsx';
import { YamlEditor } from './yaml-editor.tsx';

/** What should be the same in several clusters and is not, field by field. */
export function Differences({ data }: { data: ConfigDifferences }) {
  return (
    <div className="ist-stack">
      <Problems problems={data.problems} />
      {data.differences.length === 0 && (
        <Nothing title="No differences">What should be the same in several clusters is the same.</Nothing>
      )}
      {data.differences.map((one) => (
        <Difference key={`${one.kind} ${one.namespace} ${one.name}`} of={one} />
      ))}
    </div>
  );
}

function Difference({ of }: { of: ConfigDifference }) {
  const [open, setOpen] = useState(false);
  const [first, second] = of.variants;
  const clusters = [...new Set(of.fields.flatMap((field) => field.values.map((value) => value.cluster)))];
  return (
    <Card isCompact isExpanded={open}>
      <CardHeader
        onExpand={() => setOpen(!open)}
        toggleButtonProps={{ 'aria-label': `${of.kind} ${of.namespace}/${of.name}`, 'aria-expanded': open }}
      >
        <CardTitle component="h2">
          {of.kind} {of.namespace}/{of.name}
        </CardTitle>
      </CardHeader>
      <CardBody>
        <p>{of.why}</p>
        {of.missingIn.length > 0 && <p className="ist-warn">Missing in {of.missingIn.join(', ')}.</p>}
        {of.fields.length > 0 && (
          <table className="ist-small-table">
            <caption className="pf-v6-screen-reader">Fields that differ</caption>
            <thead>
              <tr>
                <th scope="col">Field</th>
                {clusters.map((cluster) => (
                  <th key={cluster} scope="col">
                    {cluster}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {of.fields.map((field) => (
                <tr key={field.path}>
                  <th scope="row">
                    <code>{field.path}</code>
                  </th>
                  {clusters.map((cluster) => (
                    <td key={cluster}>
                      <code>{field.values.find((value) => value.cluster === cluster)?.value ?? '–'}</code>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </CardBody>
      <CardExpandableContent>
        <CardBody>
          {first && second && (
            <YamlEditor
              text={second.yaml}
              original={first.yaml}
              label={`${of.name}: ${second.clusters.join(', ')} against ${first.clusters.join(', ')}`}
            />
          )}
          {first && !second && <YamlEditor text={first.yaml} label={`${of.name} in ${first.clusters.join(', ')}`} />}
        </CardBody>
      </CardExpandableContent>
    </Card>
  );
}
