/** Keeps the mesh's root on disk between runs. The files are named as Istio's tools name them. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RotatingTrustStore } from '../mesh/index.ts';
import { writePrivate } from './state.ts';

type Root = { certPem: string; keyPem: string };

export function trustStoreIn(folder: string): RotatingTrustStore {
  const pathsOf = (prefix: string) => [join(folder, `${prefix}root-cert.pem`), join(folder, `${prefix}root-key.pem`)];
  const next = 'next-';
  const load = async (prefix: string): Promise<Root | undefined> => {
    const [certPath, keyPath] = pathsOf(prefix) as [string, string];
    try {
      const [certPem, keyPem] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
      return { certPem, keyPem };
    } catch (error) {
      // Half of a pair, from a crash between two writes, is no root.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
  const save = async (prefix: string, { certPem, keyPem }: Root): Promise<void> => {
    const [certPath, keyPath] = pathsOf(prefix) as [string, string];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writePrivate(keyPath, keyPem);
    await writePrivate(certPath, certPem);
  };
  return {
    load: () => load(''),
    save: (root) => save('', root),
    loadNext: () => load(next),
    async saveNext(root) {
      if (root) return save(next, root);
      for (const path of pathsOf(next)) await rm(path, { force: true });
    },
  };
}
