/** What `up` says at its end: what stands, where, and what to do with it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayName, type ReconcileResult } from '../mesh/index.ts';
import type { ProvidedCluster } from '../providers/index.ts';
import type { Mesh } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import { countObjects } from './reconciliation.ts';
import { asTyped } from './render/as-typed.ts';
import { printStructured } from './render/structured.ts';
import { formatMilliseconds, styleFor } from './render/style.ts';
import { renderTable } from './render/table.ts';
import type { VerifiedMesh } from './verification.ts';

export interface Standing {
  mesh: Mesh;
  clusters: ProvidedCluster[];
  /** Whether clusters were started by this run. */
  started: boolean;
  made: ReconcileResult;
  facts: VerifiedMesh | undefined;
  /** Undefined where none was wanted, or it did not start. */
  console: { url: string } | undefined;
  milliseconds: number;
  context: CommandContext;
}

export async function printStanding(standing: Standing): Promise<void> {
  const { mesh, clusters, started, made, facts, milliseconds, context } = standing;
  const addressOf = (cluster: string, service: string): string | undefined =>
    made.addresses.find((one) => one.cluster === cluster && one.service === service)?.address;
  const rows = mesh.clusters.map((cluster, index) => ({
    name: cluster.name,
    role: cluster.role,
    network: cluster.network,
    server: clusters[index]!.connection.server,
    internalServer: clusters[index]!.internalServer,
    eastWestGateway: addressOf(cluster.name, gatewayName),
  }));
  const changed = started || made.changed;
  const summary = {
    mesh: mesh.name,
    meshID: mesh.meshID,
    changed,
    objects: countObjects(made),
    clusters: rows,
    addresses: made.addresses,
    ...(standing.console ? { console: standing.console.url } : {}),
    ...(facts ? { verified: facts.ok, facts: facts.facts } : {}),
    seconds: Math.round(milliseconds) / 1000,
  };
  if (await printStructured(context, summary)) return;
  const style = styleFor(context.out, context.env);
  const table = renderTable(
    ['CLUSTER', 'ROLE', 'NETWORK', 'API SERVER', 'FOR OTHER CLUSTERS', 'EAST-WEST GATEWAY'],
    rows.map((row) => [row.name, row.role, row.network, row.server, row.internalServer, row.eastWestGateway ?? '-']),
  );
  const verdict =
    facts === undefined
      ? 'stands, not verified'
      : facts.ok
        ? 'stands and is verified'
        : 'stands, but not all of it works';
  const first =
    `${style('bold', mesh.name)} ${verdict} (${formatMilliseconds(milliseconds)}). ${changed ? '' : 'Nothing was changed.'}`.trimEnd();
  const hints = [
    ...(standing.console ? [`console:    ${standing.console.url}`] : []),
    'kubectl:    export KUBECONFIG="$(isthmus kubeconfig --path)"',
    `            kubectl --context ${mesh.clusters[0]?.name} get pods -A`,
    'look again: isthmus status   isthmus verify',
    'take down:  isthmus down',
  ].join('\n');
  context.out.write(asTyped(`\n${first}\n\n${table}\n\n${hints}\n`, context.env));
}

/** Whether a failed `up` has left something to look at. */
export function isKept(home: string): boolean {
  return existsSync(join(home, 'world.json'));
}
