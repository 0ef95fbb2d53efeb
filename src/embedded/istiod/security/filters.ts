/** All that decides who is let in, in the order in which a chain asks: providers, tokens, policies. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { authorizationFilters, customAuthorizationFilters } from './authorization.ts';
import { requestAuthenticationFilters } from './request-authentication.ts';

export interface SecurityFilters {
  http: any[];
  tcp: any[];
}

/** For the inbound chains of a sidecar and for the servers of a gateway; outbound traffic of sidecars is not asked. */
export const securityFilters = (snapshot: MeshSnapshot, proxy: MeshProxy): SecurityFilters => ({
  http: [
    ...customAuthorizationFilters(snapshot, proxy, 'http'),
    ...requestAuthenticationFilters(snapshot, proxy),
    ...authorizationFilters(snapshot, proxy, 'http'),
  ],
  tcp: [...customAuthorizationFilters(snapshot, proxy, 'tcp'), ...authorizationFilters(snapshot, proxy, 'tcp')],
});
