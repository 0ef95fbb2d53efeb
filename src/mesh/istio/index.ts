/** Istio's own control plane, as an installer of Istio renders it. */
export { plannedCommands } from './commands.ts';
export { istioVersionOf } from './installer-version.ts';
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
