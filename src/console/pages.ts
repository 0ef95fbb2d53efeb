import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IsthmusError } from '../errors/index.ts';

/** The folder of the web application, bundled if it is not yet. */
export async function preparePages(): Promise<{ folder: string }> {
  const bundler = join(import.meta.dirname, 'bundle.ts');
  if (!existsSync(bundler))
    throw new IsthmusError({
      code: 'console.no-pages',
      what: 'this build of Isthmus has no pages, but the API answers',
      where: bundler,
    });
  const { buildWeb } = await import(bundler);
  return buildWeb();
}
