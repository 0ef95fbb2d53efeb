import type { Check } from '../check.ts';
import { addressPools } from './address-pools.ts';
import { caChain } from './ca-chain.ts';
import { caLife } from './ca-life.ts';
import { clusterIds } from './cluster-ids.ts';
import { controlPlaneAnnotation } from './control-plane-annotation.ts';
import { defaultClusterId } from './default-cluster-id.ts';
import { gatewayAddress } from './gateway-address.ts';
import { gatewayPort } from './gateway-port.ts';
import { kiali } from './kiali.ts';
import { networkGateways } from './network-gateways.ts';
import { networks } from './networks.ts';
import { notInjected } from './not-injected.ts';
import { proxiesSynced } from './proxies-synced.ts';
import { remoteCredentials } from './remote-credentials.ts';
import { remoteNames } from './remote-names.ts';
import { remotesSynced } from './remotes-synced.ts';
import { roots } from './roots.ts';
import { serviceExposure } from './service-exposure.ts';
import { servicePorts } from './service-ports.ts';
import { straySecrets } from './stray-secrets.ts';
import { strictPlain } from './strict-plain.ts';
import { unreadConfiguration } from './unread-configuration.ts';
import { webhookBundles } from './webhook-bundles.ts';
import { webhookTargets } from './webhook-targets.ts';

/** Every check, in the order of its code. */
export const checks: Check[] = [
  clusterIds,
  defaultClusterId,
  networks,
  roots,
  caLife,
  caChain,
  gatewayAddress,
  networkGateways,
  addressPools,
  gatewayPort,
  serviceExposure,
  webhookBundles,
  webhookTargets,
  notInjected,
  controlPlaneAnnotation,
  straySecrets,
  remoteCredentials,
  remoteNames,
  remotesSynced,
  servicePorts,
  unreadConfiguration,
  proxiesSynced,
  strictPlain,
  kiali,
];
