/** Parts of a page as tabs; which one is seen is in the address. */
import { Tab, TabContent, TabContentBody, Tabs, TabTitleText } from '@patternfly/react-core';
import type { ReactNode } from 'react';
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
