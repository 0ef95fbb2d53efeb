import { destinationsOf } from './routes.ts';
import { type Existing, hostOf, networking, type WizardChange, type WizardService, written } from './wizard.ts';

/** Changes every HTTP route of the service's VirtualService; where it has none, one that leads to the service as before. */
export function onAllRoutes(
  service: WizardService,
  { virtualService }: Existing,
  wizard: string,
  change: (route: any) => object,
): WizardChange[] {
  const before: any[] = virtualService?.spec['http'] ?? [];
  const routes = before.length > 0 ? before : [{ route: destinationsOf(service, [{ weight: 100 }]) }];
  const spec = { hosts: [hostOf(service)], ...virtualService?.spec, http: routes.map(change) };
  return [written(virtualService, { apiVersion: networking, kind: 'VirtualService', ...service, wizard }, spec)];
}
