/** Findings in configuration over the whole mesh. Kept by object, and made anew only where something changed that they had looked at. */
import { apiVersionOf, type KubeObject, kinds, knownKind } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { MeshChange, MeshModel } from '../model/mesh-model.ts';
import { type IstioKind, istioKinds, workloadKinds } from '../model/observed-kinds.ts';
import type { Workload } from '../model/workload.ts';
import type { IstioCheck, IstioValidation, NamespaceKey } from '../types/index.ts';
import { checkAmbientPolicy } from './ambient-config.ts';
import { checkAnyObject } from './any-object.ts';
import { checkDestinationRule } from './destination-rule.ts';
import { checkK8sGateway, checkReferenceGrant, checkRoute } from './gateway-api.ts';
import { Lookup } from './lookup.ts';
import { checkGateway, checkService, checkServiceEntry, checkSidecar, checkWorkloadGroup } from './other-kinds.ts';
import { checkAuthorizationPolicy, checkPeerAuthentication } from './policies.ts';
import { referencesIn } from './references-in.ts';
import { checkVirtualService } from './virtual-service.ts';
import { checkWorkload } from './workload.ts';

type Checker = (object: KubeObject, lookup: Lookup) => IstioCheck[];
export type ValidatedKind = IstioKind | 'Service' | 'Workload';

const checkers: Partial<Record<ValidatedKind, Checker>> = {
  VirtualService: checkVirtualService,
  DestinationRule: checkDestinationRule,
  Gateway: checkGateway,
  Sidecar: checkSidecar,
  ServiceEntry: checkServiceEntry,
  WorkloadGroup: checkWorkloadGroup,
  AuthorizationPolicy: checkAuthorizationPolicy,
  PeerAuthentication: checkPeerAuthentication,
  RequestAuthentication: checkAmbientPolicy('RequestAuthentication'),
  WasmPlugin: checkAmbientPolicy('WasmPlugin'),
  Telemetry: checkAmbientPolicy('Telemetry'),
  K8sGateway: checkK8sGateway,
  K8sHTTPRoute: checkRoute('HTTPRoute'),
  K8sGRPCRoute: checkRoute('GRPCRoute'),
  K8sTCPRoute: checkRoute('TCPRoute'),
  K8sTLSRoute: checkRoute('TLSRoute'),
  K8sReferenceGrant: checkReferenceGrant,
  Service: checkService,
  Workload: checkWorkload,
};

const isConfig = (kind: ValidatedKind): kind is IstioKind => kind !== 'Service' && kind !== 'Workload';

/** Kiali's annotation: empty for all codes, else a list of them. */
const ignoreAnnotation = 'kiali.io/ignore-validations';

interface Kept {
  object: KubeObject;
  asked: Set<string>;
  validation: IstioValidation;
}

export class Validator {
  readonly #model: MeshModel;
  readonly #kept = new Map<string, Kept>();
  readonly #askers = new Map<string, Set<string>>();

  constructor(model: MeshModel) {
    this.#model = model;
    model.on((change) => this.#accept(change));
  }

  of(cluster: ClusterModel, kind: ValidatedKind, object: KubeObject): IstioValidation {
    const key = `${cluster.context}|${kind}|${object.metadata.namespace}/${object.metadata.name}`;
    const known = this.#kept.get(key);
    if (known && known.object === object) return known.validation;
    const { validation, asked } = this.judge(cluster, kind, object);
    this.#forget(key);
    this.#kept.set(key, { object, asked, validation });
    for (const token of asked) {
      const askers = this.#askers.get(token) ?? new Set();
      this.#askers.set(token, askers.add(key));
    }
    return validation;
  }

  /** Findings that an object has or, before it is written, would have. */
  judge(
    cluster: ClusterModel,
    kind: ValidatedKind,
    object: KubeObject,
  ): { validation: IstioValidation; asked: Set<string> } {
    const lookup = new Lookup(this.#model.clusters, cluster);
    const all = [
      ...(isConfig(kind) ? checkAnyObject(kind, object, lookup) : []),
      ...(checkers[kind]?.(object, lookup) ?? []),
    ];
    const ignored = object.metadata.annotations?.[ignoreAnnotation];
    const codes = (ignored ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean);
    const checks =
      ignored === undefined ? all : codes.length === 0 ? [] : all.filter((one) => !codes.includes(one.code));
    const { namespace = '', name = '' } = object.metadata;
    return {
      asked: lookup.asked,
      validation: {
        cluster: cluster.name,
        namespace,
        name,
        objectGVK: kind === 'Workload' ? gvkOfWorkload(object) : gvkOf(kind),
        valid: !checks.some((one) => one.severity === 'error'),
        checks,
        references: isConfig(kind) ? referencesIn(kind, object, lookup) : [],
      },
    };
  }

  all(isWanted: (where: NamespaceKey) => boolean): IstioValidation[] {
    return this.#model.clusters.flatMap((cluster) => [
      ...([...istioKinds, 'Service'] as const).flatMap((kind) =>
        cluster
          .list(kind)
          .filter((one) => isWanted({ cluster: cluster.name, namespace: one.metadata.namespace ?? '' }))
          .map((one) => this.of(cluster, kind, one)),
      ),
      ...cluster.workloads
        .list()
        .filter(({ namespace }) => isWanted({ cluster: cluster.name, namespace }))
        .flatMap((one) => objectOf(one) ?? [])
        .map((one) => this.of(cluster, 'Workload', one)),
    ]);
  }

  #accept(change: MeshChange): void {
    // A cluster that comes or goes may change the answer to any question.
    if (!('kind' in change)) {
      this.#kept.clear();
      this.#askers.clear();
      return;
    }
    const { kind, event, cluster } = change;
    const { namespace = '', name = '' } = event.object.metadata;
    this.#forget(`${cluster.context}|${kind}|${namespace}/${name}`);
    if (event.type === 'deleted') this.#forget(`${cluster.context}|Workload|${namespace}/${name}`);
    const token = kind === 'Pod' || (workloadKinds as readonly string[]).includes(kind) ? 'Workload' : kind;
    if (token === 'Workload' && event.type === 'updated' && sameLabels(event.old, event.object)) return;
    for (const one of [`${token}/*`, `${token}/${namespace}`, ...(kind === 'Deployment' ? ['Deployment/*'] : [])])
      for (const key of this.#askers.get(one) ?? []) this.#forget(key);
  }

  #forget(key: string): void {
    const known = this.#kept.get(key);
    if (!known) return;
    this.#kept.delete(key);
    for (const token of known.asked) this.#askers.get(token)?.delete(key);
  }
}

/** Labels of a pod or template, its containers' ports and whether the ambient mesh has it, are all that checks look at. */
function sameLabels(old: KubeObject, object: KubeObject): boolean {
  const seen = ({ metadata, ['spec']: spec }: KubeObject): string => {
    const { template, containers } = spec ?? {};
    return JSON.stringify([
      metadata.labels,
      metadata.annotations?.['ambient.istio.io/redirection'],
      template?.metadata?.labels,
      (template?.spec?.containers ?? containers ?? []).map((one: any) => [one.name, one.ports]),
    ]);
  };
  return seen(old) === seen(object);
}

const objectOf = ({ object, pods }: Workload): KubeObject | undefined =>
  object ?? [...pods.values()].find((one) => !one.metadata.ownerReferences?.length);

export function gvkOf(kind: Exclude<ValidatedKind, 'Workload'>): IstioValidation['objectGVK'] {
  const known = kinds[kind];
  return { Group: known.group, Version: apiVersionOf(known).split('/').at(-1) ?? '', Kind: known.kind };
}

function gvkOfWorkload({ kind = 'Pod' }: KubeObject): IstioValidation['objectGVK'] {
  const known = knownKind(`apps/v1`, kind) ?? knownKind('batch/v1', kind);
  return { Group: known?.group ?? '', Version: known?.version ?? 'v1', Kind: kind };
}
