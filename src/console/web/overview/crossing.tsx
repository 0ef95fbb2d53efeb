import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import type { Overview } from '../../api.ts';
import { percentText, rateText } from '../common/format.ts';

/** Who calls whom: clusters of the callers down, clusters of the called across. */
export function Crossing({ crossing, clusters }: { crossing: Overview['crossing']; clusters: string[] }) {
  const names = [...new Set([...clusters, ...crossing.flatMap((one) => [one.from, one.to])])].sort();
  const most = Math.max(...crossing.map((one) => one.rate), 0);
  const cell = (from: string, to: string) => crossing.find((one) => one.from === from && one.to === to);
  return (
    <Card isFullHeight isCompact>
      <CardTitle component="h2">Requests between clusters</CardTitle>
      <CardBody>
        <table className="ist-matrix">
          <caption>Requests in a second: down the callers, across the called</caption>
          <thead>
            <tr>
              <td />
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((from) => (
              <tr key={from}>
                <th scope="row">{from}</th>
                {names.map((to) => {
                  const one = cell(from, to);
                  const share = one && most > 0 ? Math.round((one.rate / most) * 4) : 0;
                  return (
                    <td key={to} className={`ist-heat-${share}`}>
                      {one ? rateText(one.rate) : '–'}
                      {one && one.errorRate > 0 && (
                        <span className="ist-bad"> {percentText((100 * one.errorRate) / one.rate)} failed</span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </CardBody>
    </Card>
  );
}
