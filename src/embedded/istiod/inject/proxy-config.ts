/** The ProxyConfig that an injected proxy starts with: the mesh's default, over which others are laid, the nearest last. */
import { parse } from 'yaml';
import type { KubeObject, Pod } from '../../../kube/index.ts';

type Settings = Readonly<Record<string, unknown>>;

/**
 * Istio's order: defaultConfig of the mesh, ProxyConfig objects of the root namespace, of the pod's namespace, and of those that select the
 * pod, then the pod's annotation proxy.istio.io/config. Of several objects of one level the oldest holds.
 * @throws Error for an annotation that is no YAML mapping
 */
export function effectiveProxyConfig(
  defaults: Settings,
  objects: readonly KubeObject[],
  { rootNamespace, namespace, pod }: { rootNamespace: string; namespace: string; pod: Pod },
): Settings {
  const forAll = (of: string) => objects.find((one) => one.metadata.namespace === of && labelsOf(one).length === 0);
  const selecting = objects.find(
    (one) =>
      one.metadata.namespace === namespace &&
      labelsOf(one).length > 0 &&
      labelsOf(one).every(([key, value]) => pod.metadata.labels?.[key] === value),
  );
  const own = namespace === rootNamespace ? undefined : forAll(namespace);
  return [forAll(rootNamespace), own, selecting]
    .map((one) => settingsOf(one))
    .concat(annotationOf(pod))
    .reduce(laidOver, defaults);
}

const labelsOf = (object: KubeObject): [string, string][] =>
  Object.entries<string>(object['spec']?.selector?.matchLabels ?? {});

function settingsOf(object: KubeObject | undefined): Settings {
  const { concurrency, environmentVariables } = object?.['spec'] ?? {};
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(environmentVariables ? { proxyMetadata: environmentVariables } : {}),
  };
}

function annotationOf(pod: Pod): Settings {
  const written = pod.metadata.annotations?.['proxy.istio.io/config'];
  const read: unknown = written ? parse(written) : {};
  if (typeof read !== 'object' || read === null)
    throw new Error('the annotation proxy.istio.io/config is not a mapping');
  return read as Settings;
}

/** Variables are added to, all else is replaced. */
function laidOver(below: Settings, above: Settings): Settings {
  const variables = { ...(below['proxyMetadata'] as object), ...(above['proxyMetadata'] as object) };
  return { ...below, ...above, ...(Object.keys(variables).length > 0 ? { proxyMetadata: variables } : {}) };
}
