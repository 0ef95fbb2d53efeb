/** Objects on their way into clusters: first as a dry run of each API server, then for good, one after the other. */
import type { ConfigChange } from '../../api.ts';
import type { ConfigObject } from '../../wizards/objects.ts';
import { ApiFailure, sendText } from '../api/client.ts';
import { type ConfigKey, configKindPath, configPath } from '../api/queries.ts';

export interface Write {
  key: ConfigKey;
  /** It is not there yet. */
  isNew: boolean;
  /** The object in YAML. */
  text: string;
}

export interface Outcome {
  write: Write;
  change?: ConfigChange;
  failure?: Error;
}

export function keyOf(cluster: string, { apiVersion, kind, metadata }: ConfigObject): ConfigKey {
  const [group = '', version = ''] = apiVersion.split('/');
  return { cluster, namespace: metadata.namespace, name: metadata.name, group, version, kind };
}

/** As in `VirtualService sample/helloworld in east`. */
export const nameOf = ({ kind, namespace, name, cluster }: ConfigKey): string =>
  `${kind} ${namespace}/${name} in ${cluster}`;

function send(write: Write, dryRun: boolean): Promise<ConfigChange> {
  const params = { clusterName: write.key.cluster, dryRun };
  return write.isNew
    ? sendText('POST', configKindPath(write.key), params, write.text)
    : sendText('PUT', configPath(write.key), params, write.text);
}

/** All at once: a dry run changes nothing. */
export function tryAll(writes: Write[]): Promise<Outcome[]> {
  return Promise.all(
    writes.map((write) =>
      send(write, true).then(
        (change): Outcome => ({ write, change }),
        (failure: Error): Outcome => ({ write, failure }),
      ),
    ),
  );
}

/** In their order, up to the first that fails; what was written before it stays, and is told. */
export async function writeAll(writes: Write[]): Promise<Outcome[]> {
  const done: Outcome[] = [];
  for (const write of writes) {
    try {
      done.push({ write, change: await send(write, false) });
    } catch (error) {
      const failure =
        error instanceof Error ? error : new ApiFailure(0, { error: String(error), code: 'console.failed' });
      return [...done, { write, failure }];
    }
  }
  return done;
}
