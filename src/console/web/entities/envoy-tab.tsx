/** What Envoy of a pod really has: listeners, routes, clusters, endpoints, and the dump itself. */
import { Toolbar, ToolbarContent } from '@patternfly/react-core';
import type { EnvoyConfig, PodView } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Nothing } from '../common/answer.tsx';
import { DataTable } from '../common/data-table.tsx';
import { ChoiceMenu } from '../common/menus.tsx';
import { YamlView } from '../config/yaml-editor.tsx';
import { useParam } from '../shell/scope.ts';
import { ProxySync } from './pods-tab.tsx';

const parts = ['listeners', 'routes', 'clusters', 'endpoints', 'bootstrap', 'dump'] as const;
type Part = (typeof parts)[number];

export function EnvoyTab({ pods }: { pods: PodView[] }) {
  const withProxy = pods.filter((pod) => pod.containers.some((container) => container.isProxy));
  const [podName, setPod] = useParam('pod', withProxy[0]?.name ?? '');
  const [part, setPart] = useParam('part', 'listeners');
  const pod = withProxy.find((one) => one.name === podName) ?? withProxy[0];
  const config = useApi<EnvoyConfig>(
    `${entityPath(pod?.namespace ?? '', 'pods', pod?.name ?? '')}/config_dump`,
    { clusterName: pod?.cluster },
    [],
    { enabled: pod !== undefined },
  );
  if (!pod) return <Nothing title="No pod of it has a proxy" />;
  return (
    <>
      <ProxySync pods={withProxy} />
      <Toolbar>
        <ToolbarContent>
          <ChoiceMenu
            label="Pod"
            chosen={pod.name}
            onChange={setPod}
            options={withProxy.map(({ name }) => ({ value: name, text: name }))}
          />
          <ChoiceMenu
            label="Part"
            chosen={part}
            onChange={setPart}
            options={parts.map((one) => ({ value: one, text: one }))}
          />
        </ToolbarContent>
      </Toolbar>
      <Answer of={config}>{(data) => <EnvoyPart config={data} part={part as Part} />}</Answer>
    </>
  );
}

function EnvoyPart({ config, part }: { config: EnvoyConfig; part: Part }) {
  switch (part) {
    case 'routes':
      return (
        <DataTable
          label="Routes of Envoy"
          rows={config.routes.map((row, index) => ({ ...row, index }))}
          idOf={(row) => String(row.index)}
          textOf={(row) => `${row.route} ${row.name} ${row.domains} ${row.match} ${row.destination}`}
          columns={[
            { title: 'Route', cell: (row) => row.route, sort: (row) => row.route },
            { title: 'Name', cell: (row) => row.name, sort: (row) => row.name },
            {
              title: 'Domains',
              cell: (row) => <span className="ist-break">{row.domains}</span>,
              sort: (row) => row.domains,
            },
            { title: 'Match', cell: (row) => row.match, sort: (row) => row.match },
            {
              title: 'Destination',
              cell: (row) => <span className="ist-break">{row.destination}</span>,
              sort: (row) => row.destination,
            },
            {
              title: 'Virtual service',
              cell: (row) => row.virtualService ?? '',
              sort: (row) => row.virtualService ?? '',
            },
          ]}
        />
      );
    case 'clusters':
      return (
        <DataTable
          label="Clusters of Envoy"
          rows={config.clusters.map((row, index) => ({ ...row, index }))}
          idOf={(row) => String(row.index)}
          textOf={(row) => `${row.service} ${row.port} ${row.subset} ${row.direction} ${row.type}`}
          columns={[
            {
              title: 'Service',
              cell: (row) => <span className="ist-break">{row.service}</span>,
              sort: (row) => row.service,
            },
            { title: 'Port', cell: (row) => row.port || '', sort: (row) => row.port },
            { title: 'Subset', cell: (row) => row.subset, sort: (row) => row.subset },
            { title: 'Direction', cell: (row) => row.direction, sort: (row) => row.direction },
            { title: 'Type', cell: (row) => row.type, sort: (row) => row.type },
            {
              title: 'Destination rule',
              cell: (row) => row.destinationRule ?? '',
              sort: (row) => row.destinationRule ?? '',
            },
          ]}
        />
      );
    case 'endpoints':
      return (
        <DataTable
          label="Endpoints of Envoy"
          rows={config.endpoints.map((row, index) => ({ ...row, index }))}
          idOf={(row) => String(row.index)}
          textOf={(row) => `${row.cluster} ${row.address} ${row.port} ${row.health} ${row.locality}`}
          columns={[
            {
              title: 'Cluster',
              cell: (row) => <span className="ist-break">{row.cluster}</span>,
              sort: (row) => row.cluster,
            },
            { title: 'Address', cell: (row) => `${row.address}:${row.port}`, sort: (row) => row.address },
            { title: 'Health', cell: (row) => row.health, sort: (row) => row.health },
            { title: 'Weight', cell: (row) => row.weight ?? '', sort: (row) => row.weight ?? 0 },
            { title: 'Priority', cell: (row) => row.priority, sort: (row) => row.priority },
            { title: 'Locality', cell: (row) => row.locality, sort: (row) => row.locality },
          ]}
        />
      );
    case 'bootstrap':
      return <YamlView text={JSON.stringify(config.bootstrap, null, 2)} label="Bootstrap of Envoy" />;
    case 'dump':
      return <YamlView text={JSON.stringify(config.configDump, null, 2)} label="Configuration dump of Envoy" />;
    default:
      return (
        <DataTable
          label="Listeners of Envoy"
          rows={config.listeners.map((row, index) => ({ ...row, index }))}
          idOf={(row) => String(row.index)}
          textOf={(row) => `${row.address} ${row.port} ${row.name} ${row.match} ${row.destination}`}
          columns={[
            { title: 'Address', cell: (row) => row.address, sort: (row) => row.address },
            { title: 'Port', cell: (row) => row.port, sort: (row) => row.port },
            { title: 'Name', cell: (row) => row.name, sort: (row) => row.name },
            { title: 'Match', cell: (row) => <span className="ist-break">{row.match}</span>, sort: (row) => row.match },
            {
              title: 'Destination',
              cell: (row) => <span className="ist-break">{row.destination}</span>,
              sort: (row) => row.destination,
            },
          ]}
        />
      );
  }
}
