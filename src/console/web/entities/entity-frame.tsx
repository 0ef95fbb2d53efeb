/** The head of one application, workload or service, and its tabs; the tab is in the address. */
import {
  Breadcrumb,
  BreadcrumbItem,
  Tab,
  TabContent,
  TabContentBody,
  Tabs,
  TabTitleText,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { HealthView } from '../../api.ts';
import { Frame } from '../common/answer.tsx';
import { ClusterLabel, HealthMark } from '../common/status.tsx';
import { type EntityKey, PageLink } from '../shell/links.tsx';
import { useParam } from '../shell/scope.ts';

export interface TabOf {
  key: string;
  title: string;
  content: () => ReactNode;
}

export function TabSet({ tabs, label }: { tabs: TabOf[]; label: string }) {
  const [chosen, choose] = useParam('tab', tabs[0]!.key);
  const active = tabs.find((tab) => tab.key === chosen) ?? tabs[0]!;
  return (
    <>
      <Tabs activeKey={active.key} onSelect={(_event, key) => choose(String(key))} aria-label={label} role="region">
        {tabs.map((tab) => (
          <Tab
            key={tab.key}
            eventKey={tab.key}
            title={<TabTitleText>{tab.title}</TabTitleText>}
            tabContentId={`tab-${tab.key}`}
          />
        ))}
      </Tabs>
      {tabs.map((tab) => (
        <TabContent
          key={tab.key}
          id={`tab-${tab.key}`}
          eventKey={tab.key}
          hidden={tab !== active}
          aria-label={tab.title}
        >
          {/* Only what is seen asks the server. */}
          {tab === active && <TabContentBody className="ist-tab">{tab.content()}</TabContentBody>}
        </TabContent>
      ))}
    </>
  );
}

interface EntityFrameProps {
  /** As in Workloads. */
  list: string;
  path: string;
  entity: EntityKey;
  health?: HealthView | undefined;
  children: ReactNode;
}

export function EntityFrame({ list, path, entity, health, children }: EntityFrameProps) {
  return (
    <Frame
      name={`${entity.name} in ${entity.cluster}`}
      title={
        <span className="ist-card-title">
          {entity.name} <ClusterLabel name={entity.cluster} />
          {health && <HealthMark health={health} iconOnly={false} />}
        </span>
      }
      description={
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
      }
    >
      {children}
    </Frame>
  );
}
