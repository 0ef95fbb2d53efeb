/** The shell around the pages, and which page an address means. */
import { Page, SkipToContent } from '@patternfly/react-core';
import { Route, Switch } from 'wouter';
import type { LiveUpdates } from './api/live.ts';
import type { ConfigKey } from './api/queries.ts';
import { later } from './common/later.tsx';
import { AppsPage, ServicesPage, WorkloadsPage } from './entities/lists.tsx';
import { MeshPage } from './mesh/mesh-page.tsx';
import { OverviewPage } from './overview/overview-page.tsx';
import { Header } from './shell/header.tsx';
import type { EntityKey } from './shell/links.tsx';
import { Navigation } from './shell/navigation.tsx';
import { NotFound } from './shell/not-found.tsx';
import { useRouteFocus } from './shell/route-focus.ts';
import { SignInGate } from './shell/sign-in.tsx';

const AppPage = later(async () => (await import('./entities/app-page.tsx')).AppPage);
const ConfigPage = later(async () => (await import('./config/config-page.tsx')).ConfigPage);
const CreatePage = later(async () => (await import('./create/create-page.tsx')).CreatePage);
const DoctorPage = later(async () => (await import('./diagnosis/doctor-page.tsx')).DoctorPage);
const EventsPage = later(async () => (await import('./events/events-page.tsx')).EventsPage);
const GraphPage = later(async () => (await import('./graph/graph-page.tsx')).GraphPage);
const ObjectPage = later(async () => (await import('./config/object-page.tsx')).ObjectPage);
const ServicePage = later(async () => (await import('./entities/service-page.tsx')).ServicePage);
const WhyPage = later(async () => (await import('./why/why-page.tsx')).WhyPage);
const WorkloadPage = later(async () => (await import('./entities/workload-page.tsx')).WorkloadPage);

const place = '/clusters/:cluster/namespaces/:namespace';
const mainId = 'main';

export function App({ live }: { live: LiveUpdates }) {
  return (
    <SignInGate>
      <Page
        masthead={<Header live={live} />}
        sidebar={<Navigation />}
        isManagedSidebar
        mainContainerId={mainId}
        skipToContent={<SkipToContent href={`#${mainId}`}>Skip to content</SkipToContent>}
        isContentFilled
      >
        <Pages />
      </Page>
    </SignInGate>
  );
}

/** `key` makes a page anew for another object, so that nothing of the last one stays. */
function Pages() {
  useRouteFocus(mainId);
  return (
    <Switch>
      <Route path="/" component={OverviewPage} />
      <Route path="/mesh" component={MeshPage} />
      <Route path="/graph" component={GraphPage} />
      <Route path="/applications" component={AppsPage} />
      <Route path="/workloads" component={WorkloadsPage} />
      <Route path="/services" component={ServicesPage} />
      <Route path="/istio" component={ConfigPage} />
      <Route path="/create">
        <CreatePage what={undefined} />
      </Route>
      <Route path="/create/:what">{({ what }) => <CreatePage key={what} what={what} />}</Route>
      <Route path="/doctor" component={DoctorPage} />
      <Route path="/why" component={WhyPage} />
      <Route path="/events" component={EventsPage} />
      <Route path={`${place}/applications/:name`}>
        {(params) => <AppPage key={keyOf(params)} {...entityOf(params)} />}
      </Route>
      <Route path={`${place}/workloads/:name`}>
        {(params) => <WorkloadPage key={keyOf(params)} {...entityOf(params)} />}
      </Route>
      <Route path={`${place}/services/:name`}>
        {(params) => <ServicePage key={keyOf(params)} {...entityOf(params)} />}
      </Route>
      <Route path={`${place}/istio/:group/:version/:kind/:name`}>
        {(params) => <ObjectPage key={keyOf(params)} {...(params as unknown as ConfigKey)} />}
      </Route>
      <Route component={NotFound} />
    </Switch>
  );
}

type Params = Record<string, string | undefined>;
const keyOf = (params: Params): string => Object.values(params).join('/');
const entityOf = (params: Params): EntityKey => ({
  cluster: params['cluster'] ?? '',
  namespace: params['namespace'] ?? '',
  name: params['name'] ?? '',
});
