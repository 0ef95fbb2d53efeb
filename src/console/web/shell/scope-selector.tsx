/** Clusters, namespaces and the range of time that all pages go by. */
import { ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { useClusters, useNamespaces, useServerConfig } from '../api/queries.ts';
import { durationText } from '../common/format.ts';
import { CheckMenu, ChoiceMenu } from '../common/menus.tsx';
import { useScope } from './scope.ts';

const commonDurations = [60, 300, 600, 1800, 3600, 10_800, 21_600];

export function ScopeSelector() {
  const { scope, setScope } = useScope();
  const clusters = useClusters().data ?? [];
  const namespaces = useNamespaces().data ?? [];
  const durations = useServerConfig().data?.durations ?? commonDurations;
  const names = [...new Set(namespaces.map((namespace) => namespace.name))].sort();
  return (
    <ToolbarGroup variant="filter-group">
      <ToolbarItem>
        <CheckMenu
          label="Clusters"
          options={clusters.map((cluster) => ({
            value: cluster.name,
            text: cluster.name,
            ...(cluster.accessible
              ? { description: cluster.network ?? '' }
              : { description: `unreachable: ${cluster.reason ?? 'no reason is known'}`, bad: true }),
          }))}
          chosen={scope.clusters}
          onChange={(chosen) => setScope({ clusters: chosen })}
        />
      </ToolbarItem>
      <ToolbarItem>
        <CheckMenu
          label="Namespaces"
          options={names.map((name) => ({
            value: name,
            text: name,
            description: namespaces
              .filter((namespace) => namespace.name === name)
              .map((namespace) => namespace.cluster)
              .join(', '),
          }))}
          chosen={scope.namespaces}
          onChange={(chosen) => setScope({ namespaces: chosen })}
        />
      </ToolbarItem>
      <ToolbarItem>
        <ChoiceMenu
          label="Range of time"
          options={[...new Set([...durations, scope.duration])]
            .sort((a, b) => a - b)
            .map((seconds) => ({ value: String(seconds), text: `Last ${durationText(seconds)}` }))}
          chosen={String(scope.duration)}
          onChange={(value) => setScope({ duration: Number(value) })}
        />
      </ToolbarItem>
    </ToolbarGroup>
  );
}
