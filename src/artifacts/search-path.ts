import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** Ordinary users often have no sbin in PATH, though what stands there serves them as well. */
const alwaysSearched = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Every executable of that name in PATH, the first first, each by its real path. */
export async function searchPath(name: string, path: string): Promise<string[]> {
  const folders = [...new Set([...path.split(delimiter).filter(isAbsolute), ...alwaysSearched])];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const candidate = join(folder, name);
      try {
        await access(candidate, constants.X_OK);
        const real = await realpath(candidate);
        return (await stat(real)).isFile() ? real : undefined;
      } catch {
        return undefined;
      }
    }),
  );
  return [...new Set(found.filter((candidate) => candidate !== undefined))];
}
