/** Istio's own control plane, as an installer of Istio renders it. */
export { istioVersionOf } from './installer.ts';
export {
  injectionLabel,
  injectorName,
  isIstio,
  istiodName,
  meshConfigName,
  revisionLabel,
  revisionOf,
} from './naming.ts';
export { isDefinition, isReader, istioObjects, networkingVersion } from './objects.ts';
export { metricsFilter } from './upstream-envoy.ts';
