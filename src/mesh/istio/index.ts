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
export { isDefinition, isReader, istioObjects, networkingVersion, objectsOf } from './objects.ts';
export { metricsFilter } from './upstream-envoy.ts';
export { merged } from './values.ts';
