/** What the pages of applications, workloads and services have in common: head, tabs, and the overview with neighbours and health. */
import { Breadcrumb, BreadcrumbItem, Grid, GridItem } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { HealthView, ObjectKey, SourceProblem, TrafficPeer } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import type { Topic } from '../api/live.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Frame, Problems } from '../common/answer.tsx';
import { Facts } from '../common/facts.tsx';
import { ClusterLabel, HealthMark } from '../common/status.tsx';
import { YamlView } from '../config/yaml-editor.tsx';
import { type EntityKey, type EntityKind, EntityLink, ObjectLink, PageLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';
import { HealthCard } from './health-card.tsx';
import { MetricsTab } from './metrics-tab.tsx';
import { MiniGraph } from './mini-graph.tsx';
import { type TabOf, TabSet } from './tab-set.tsx';
import { TrafficTab } from './traffic-tab.tsx';

interface Details {
  name: string;
  health: HealthView;
  peers: TrafficPeer[];
  problems: SourceProblem[];
}

const kinds: Record<EntityKind, { list: string; api: 'apps' | 'workloads' | 'services' }> = {
  applications: { list: 'Applications', api: 'apps' },
  workloads: { list: 'Workloads', api: 'workloads' },
  services: { list: 'Services', api: 'services' },
};

interface EntityPageProps<T extends Details> {
  kind: EntityKind;
  entity: EntityKey;
  topics: Topic[];
  overview: (data: T) => ReactNode;
  /** After the overview; before those that all have. */
  tabs?: (data: T) => TabOf[];
  /** After those that all have. */
  moreTabs?: (data: T) => TabOf[];
  /** Whether it calls others, so that what goes out of it is counted. */
  calls?: boolean;
  actions?: ReactNode;
}

export function EntityPage<T extends Details>({ kind, entity, topics, calls = true, ...of }: EntityPageProps<T>) {
  const { scope } = useScope();
  const { list, api } = kinds[kind];
  const answer = useApi<T>(
    entityPath(entity.namespace, api, entity.name),
    { clusterName: entity.cluster, duration: `${scope.duration}s` },
    ['traffic', 'health', 'config', ...topics],
  );
  const metrics = (direction: 'inbound' | 'outbound') => () => (
    <MetricsTab kind={api} entity={entity} direction={direction} />
  );
  return (
    <Frame
      name={`${entity.name} in ${entity.cluster}`}
      title={
        <span className="ist-card-title">
          {entity.name} <ClusterLabel name={entity.cluster} />
          {answer.data && <HealthMark health={answer.data.health} iconOnly={false} />}
        </span>
      }
      description={<Path list={list} path={`/${kind}`} entity={entity} />}
      actions={of.actions}
    >
      <Answer of={answer}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <TabSet
              label={`Parts of ${entity.name}`}
              tabs={[
                { key: 'overview', title: 'Overview', content: () => of.overview(data) },
                ...(of.tabs?.(data) ?? []),
                { key: 'traffic', title: 'Traffic', content: () => <TrafficTab peers={data.peers} /> },
                { key: 'in', title: 'Inbound metrics', content: metrics('inbound') },
                ...(calls ? [{ key: 'out', title: 'Outbound metrics', content: metrics('outbound') }] : []),
                ...(of.moreTabs?.(data) ?? []),
              ]}
            />
          </>
        )}
      </Answer>
    </Frame>
  );
}

function Path({ list, path, entity }: { list: string; path: string; entity: EntityKey }) {
  return (
    <Breadcrumb>
      <BreadcrumbItem>
        <PageLink to={path}>{list}</PageLink>
      </BreadcrumbItem>
      <BreadcrumbItem>
        <PageLink to={`${path}?find=${entity.cluster}`}>{entity.cluster}</PageLink>
      </BreadcrumbItem>
      <BreadcrumbItem>
        <PageLink to={`${path}?find=${entity.namespace}`}>{entity.namespace}</PageLink>
      </BreadcrumbItem>
      <BreadcrumbItem isActive>{entity.name}</BreadcrumbItem>
    </Breadcrumb>
  );
}

interface OverviewProps {
  kind: EntityKind;
  entity: EntityKey & { health: HealthView };
  facts: [string, ReactNode][];
}

/** What it is, how it is, and whom it speaks to. */
export function EntityOverview({ kind, entity, facts }: OverviewProps) {
  return (
    <Grid hasGutter>
      <GridItem lg={4} className="ist-stack">
        <Facts isHorizontal facts={facts} />
        <HealthCard health={entity.health} />
      </GridItem>
      <GridItem lg={8}>
        <MiniGraph kind={kind} entity={entity} />
      </GridItem>
    </Grid>
  );
}

export const yamlTab = (data: { name: string; yaml: string }): TabOf => ({
  key: 'yaml',
  title: 'YAML',
  content: () => <YamlView text={data.yaml} label={`YAML of ${data.name}`} />,
});

/** Links below each other, each with its cluster; false where there is none, so that the fact is left out. */
export const entityLinks = (kind: EntityKind, entities: EntityKey[]): ReactNode =>
  entities.length > 0 &&
  entities.map((entity) => (
    <div key={`${entity.cluster}/${entity.name}`}>
      <EntityLink kind={kind} entity={entity} /> <span className="ist-quiet">{entity.cluster}</span>
    </div>
  ));

export const objectLinks = (objects: ObjectKey[]): ReactNode =>
  objects.length > 0 &&
  objects.map((object) => (
    <div key={`${object.kind}${object.cluster}${object.name}`}>
      <ObjectLink object={object} />
    </div>
  ));
