/** What every cluster process does, whosever API server it runs: reads its configuration, says when it is ready, stops when it is asked. */
import { mkdirSync, readFileSync, writeSync } from 'node:fs';
import { messageOf } from '../../errors/index.ts';
import { KubeClient } from '../../kube/index.ts';
import { apiServerPort, clusterPaths, type EmbeddedCluster, type WorldConfig } from './config.ts';

export interface ClusterRun {
  config: WorldConfig;
  cluster: EmbeddedCluster;
  paths: ReturnType<typeof clusterPaths>;
  logger(part: string): (line: string) => void;
  /** A client of the cluster's own API server, from inside. */
  client(caPem: string, identity: { certPem: string; keyPem: string }, userAgent: string): KubeClient;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** @param start gives what it started, in the order in which it is to be stopped. */
export async function runClusterProcess(start: (run: ClusterRun) => Promise<Stoppable[]>): Promise<void> {
  process.on('uncaughtException', endOn('uncaught exception'));
  process.on('unhandledRejection', endOn('unhandled rejection'));
  const [clusterName, configPath] = process.argv.slice(-2) as [string, string];
  const config: WorldConfig = JSON.parse(readFileSync(configPath, 'utf8'));
  const cluster = config.clusters.find((candidate) => candidate.name === clusterName);
  if (!cluster) throw new Error(`no cluster ${clusterName} in ${configPath}`);
  const paths = clusterPaths(config.home, cluster.name);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const parts = await start({
    config,
    cluster,
    paths,
    logger: (part) => (line) => console.log(new Date().toISOString(), part, line),
    client: (ca, identity, userAgent) =>
      new KubeClient({
        server: `https://127.0.0.1:${apiServerPort}`,
        ca,
        clientCert: identity.certPem,
        clientKey: identity.keyPem,
        userAgent,
        name: cluster.name,
      }),
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const part of parts) await part.stop();
    process.exit(0);
  };
  process.stdin.on('end', () => void stop()).on('error', () => void stop());
  process.stdin.resume();
  process.on('SIGTERM', () => void stop());
  writeSync(3, `${JSON.stringify({ type: 'ready' })}\n`);
}

/** A fault in one part must be seen in the log with its place, and must not leave half a cluster running. */
function endOn(kind: string): (error: unknown) => void {
  return (error) => {
    console.error(new Date().toISOString(), kind, error instanceof Error ? error.stack : messageOf(error));
    process.exit(1);
  };
}
