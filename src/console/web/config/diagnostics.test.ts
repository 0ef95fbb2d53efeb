import { expect, test } from 'vitest';
import { findingsIn, partsOf } from './diagnostics.ts';

const text = `kind: VirtualService
spec:
  hosts: [a]
  http:
    - route:
        - destination:
            host: nowhere
`;

test('a path as keys and indices', () => {
  expect(partsOf('spec/http[0]/route[1]/destination/host')).toEqual([
    'spec',
    'http',
    0,
    'route',
    1,
    'destination',
    'host',
  ]);
});

test('a finding stands at its path', () => {
  const [finding] = findingsIn(text, [
    { code: 'KIA1101', message: 'no such host', severity: 'error', path: 'spec/http[0]/route[0]/destination/host' },
  ]);
  expect(text.slice(finding!.from, finding!.to)).toBe('nowhere');
  expect(finding).toMatchObject({ severity: 'error', message: 'KIA1101: no such host' });
});

test('a path that is not there stands at the nearest', () => {
  const [finding] = findingsIn(text, [{ code: 'KIA', message: 'm', severity: 'unknown', path: 'spec/hosts[4]' }]);
  expect(text.slice(finding!.from, finding!.to)).toBe('[a]');
});

test('what is no YAML is said before anything else', () => {
  const findings = findingsIn('a: [1\nb: 2\n', [{ code: 'KIA', message: 'm', severity: 'error', path: 'a' }]);
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.every((finding) => !finding.message.startsWith('KIA'))).toBe(true);
});
