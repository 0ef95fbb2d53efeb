/**
 * Kubernetes, istiod and Prometheus of all clusters read together: what stands, what joins the clusters, who speaks to whom, and how well.
 * It reads only, keeps what watches say in memory, and has no home cluster. It knows no mesh file, no page and no command line.
 */
export { changeConfig, createConfig, deleteConfig } from './config/change.ts';
export { configDifferences } from './config/differences.ts';
export { configDetails, configItems, istioKindOf, istioKindsOf, schemaOf } from './config/list.ts';
export { serviceWizardData } from './config/wizard-data.ts';
export { appDetails, appList } from './entities/apps.ts';
export { readEnvoy } from './entities/envoy.ts';
export { readLogs } from './entities/logs.ts';
export { type MetricsOptions, readMetrics } from './entities/metrics.ts';
export { overview } from './entities/overview.ts';
export { podView, proxyTable } from './entities/pods.ts';
export { serviceDetails, serviceList } from './entities/services.ts';
export { workloadDetails, workloadList } from './entities/workloads.ts';
export { type ExplainOptions, explain, type ObservedCluster } from './explain/index.ts';
export type { GraphFocus } from './graph/index.ts';
export { defaultTolerances } from './health/thresholds.ts';
export type { ClusterModel } from './model/cluster-model.ts';
export { followSources, type KubeconfigOptions, readSources } from './model/kubeconfig.ts';
export type { ClusterSource, MeshChange, MeshModel } from './model/mesh-model.ts';
export { RemoteClusters } from './model/remote-clusters.ts';
export { Observer } from './observer.ts';
export { proxyStatuses, staleTypes } from './topology/control-planes.ts';
export { problemsOf } from './topology/index.ts';
export type * from './types/index.ts';
