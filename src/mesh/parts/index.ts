/** The catalogue of parts. */
import type { Part } from '../part.ts';
import { controlPlane } from './control-plane.ts';
import { customResources } from './custom-resources.ts';
import { exposure } from './exposure.ts';
import { gatewayAddresses } from './gateway-addresses.ts';
import { gateways } from './gateways.ts';
import { kiali, kialiAccess, kialiHome, kialiSecrets } from './kiali.ts';
import { loadBalancer } from './load-balancer.ts';
import { namespaces } from './namespaces.ts';
import { remoteAccess, remoteSecrets } from './remote-access.ts';
import { sample } from './sample.ts';
import { prometheusAddresses, telemetry } from './telemetry.ts';
import { trust } from './trust.ts';

export const parts: Part[] = [
  customResources,
  loadBalancer,
  namespaces,
  trust,
  gatewayAddresses,
  controlPlane,
  remoteAccess,
  remoteSecrets,
  exposure,
  gateways,
  prometheusAddresses,
  telemetry,
  kialiHome,
  kialiAccess,
  kialiSecrets,
  kiali,
  sample,
];
