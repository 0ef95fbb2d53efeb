import { Label, LabelGroup } from '@patternfly/react-core';

export function Labels({ labels }: { labels: Record<string, string> }) {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return <span className="ist-quiet">none</span>;
  return (
    <LabelGroup numLabels={6} aria-label="Labels">
      {pairs.map(([key, value]) => (
        <Label key={key} isCompact variant="outline">
          {key}={value}
        </Label>
      ))}
    </LabelGroup>
  );
}
