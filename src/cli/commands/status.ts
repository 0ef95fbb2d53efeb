import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { printStructured } from '../render/structured.ts';
import { formatBytes, formatUntil, styleFor } from '../render/style.ts';
import { renderTable } from '../render/table.ts';
import type { ClusterStatus, MeshStatus } from '../status.ts';

export const status: CommandSpec = {
  name: 'status',
  summary: 'show what stands: clusters, addresses, control plane, certificates, memory',
  description:
    'Shows what stands, as it is read now. Ends with 1 when a cluster does not answer or something is not ready.',
  formats: true,
  async run(context) {
    const [{ requireStandingMesh }, { readStatus }] = await Promise.all([
      import('../load-mesh.ts'),
      import('../status.ts'),
    ]);
    const mesh = await requireStandingMesh(context);
    const found = await readStatus(mesh, context.home, context.signal);
    if (!(await printStructured(context, found)))
      context.out.write(`${render(found, styleFor(context.out, context.env))}\n`);
    return found.healthy ? exitCodes.ok : exitCodes.failed;
  },
};

function render(found: MeshStatus, style: ReturnType<typeof styleFor>): string {
  const good = (isGood: boolean, text: string) => style(isGood ? 'green' : 'red', text);
  const clusters = renderTable(
    ['CLUSTER', 'ROLE', 'NETWORK', 'KUBERNETES', 'API SERVER', 'EAST-WEST GATEWAY', 'PODS READY'],
    found.clusters.map((cluster) => [
      cluster.name,
      cluster.role,
      cluster.network,
      cluster.version ?? good(false, 'no answer'),
      cluster.server,
      cluster.gatewayAddress ?? '-',
      cluster.pods
        ? good(cluster.pods.ready === cluster.pods.total, `${cluster.pods.ready}/${cluster.pods.total}`)
        : '-',
    ]),
  );
  const controlPlanes = renderTable(
    ['CONTROL PLANE', 'VERSION', 'SERVES', 'SYNC', 'PROXIES'],
    found.controlPlanes.flatMap((plane) =>
      plane.serves.length === 0
        ? [[plane.cluster, plane.version ?? '-', '-', good(false, plane.problem ?? 'unknown'), '-']]
        : plane.serves.map((served) => [
            plane.cluster,
            plane.version ?? '-',
            served.cluster,
            good(served.synced === true, served.state),
            served.proxies === undefined ? '-' : String(served.proxies),
          ]),
    ),
  );
  const certificates = renderTable(
    ['CERTIFICATE', 'OF', 'ENDS', 'LEFT'],
    found.clusters.flatMap((cluster) =>
      cluster.certificates.map((certificate) => [
        certificate.kind,
        cluster.name,
        certificate.notAfter.slice(0, 10),
        formatUntil(new Date(certificate.notAfter), new Date()),
      ]),
    ),
  );
  const tokens = renderTable(
    ['TOKEN OF', 'READ BY', 'ENDS', 'LEFT'],
    found.tokens.map(({ cluster, reader, notAfter, problem }) => [
      cluster,
      reader,
      problem ?? notAfter?.slice(0, 10) ?? 'never',
      notAfter ? formatUntil(new Date(notAfter), new Date()) : '-',
    ]),
  );
  const problems = found.clusters.flatMap((cluster: ClusterStatus) =>
    cluster.problems.map((problem) => `${style('red', '✗')} ${cluster.name}: ${problem}`),
  );
  return [
    `${found.mesh} ${style('dim', `mesh ID ${found.meshID}, trust domain ${found.trustDomain}, state in ${found.home}`)}`,
    ...(found.console ? [`console ${found.console}`] : []),
    ...(found.kiali
      ? [`Kiali in ${found.kiali.cluster}: ${good(found.kiali.ready, found.kiali.problem ?? 'ready')}`]
      : []),
    clusters,
    ...(found.controlPlanes.length > 0 ? [controlPlanes] : []),
    ...(found.clusters.some((cluster) => cluster.certificates.length > 0) ? [certificates] : []),
    ...(found.tokens.length > 0 ? [tokens] : []),
    ...(found.memory.length > 0
      ? [
          renderTable(
            ['PROCESSES', 'NUMBER', 'MEMORY'],
            [
              ...found.memory.map((entry) => [entry.name, String(entry.processes), formatBytes(entry.bytes)]),
              [
                'all',
                String(found.memory.reduce((sum, entry) => sum + entry.processes, 0)),
                formatBytes(found.memoryTotal),
              ],
            ],
          ),
        ]
      : []),
    ...(problems.length > 0 ? [problems.join('\n')] : []),
  ].join('\n\n');
}
