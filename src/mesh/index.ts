/**
 * What is put into the clusters to make them a mesh: one file a part, and reconcile, which brings them up in the order of what they need.
 * It speaks to the Kubernetes API only and never asks what is behind it.
 */
export { injectionLabel, istioVersionOf } from './istio/index.ts';
export { kialiChartOf, kialiName, kialiSecretName } from './kiali/index.ts';
export { type MeshTarget, type RotatingTrustStore, systemNamespace } from './part.ts';
export { gatewayName } from './parts/gateway-addresses.ts';
export { remoteSecretName } from './parts/remote-access.ts';
export { sampleVersion } from './parts/sample.ts';
export { carriesTraffic, type Plan, type PlannedCommand, type PlannedObject, planMesh } from './plan/index.ts';
export { addressOf, explainAddress, explainDeployment, whyNoAddress, whyNotAvailable } from './predicates.ts';
export { type ReconcileOptions, reconcile } from './reconcile.ts';
export { type RemoteToken, remoteTokens } from './remote-tokens.ts';
export { type Removed, removeAll, removeDistributed } from './removal/index.ts';
export type { PartResult, ReconcileEvent, ReconcileResult } from './result.ts';
export { requestTokens, rotateIntermediates, rotateRoot } from './rotation/index.ts';
export { type Judge, type Lack, type Unready, type Waiter, waiter } from './wait.ts';
