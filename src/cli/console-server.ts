/** Options of `isthmus console` as the server takes them. */
import { type Console, consolePort, startConsole } from '../console/index.ts';
import { IsthmusError } from '../errors/index.ts';
import type { Observer } from '../observe/index.ts';
import { isthmusVersion } from './commands/version.ts';

export interface ListenOptions {
  observer: Observer;
  options: Record<string, unknown>;
  pages: () => Promise<{ folder: string }>;
}

/** Where no port is asked for and the usual one is taken, any that is free. @throws IsthmusError `cli.arguments`, and those of startConsole */
export async function listenOn({ observer, options, pages }: ListenOptions): Promise<Console> {
  const port = options['port'] === undefined ? undefined : Number(options['port']);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    throw wrong('--port', options['port'], 'a number from 0 to 65535');
  const auth = options['auth'] ?? 'anonymous';
  if (auth !== 'anonymous' && auth !== 'token') throw wrong('--auth', auth, 'anonymous or token');
  const version = await isthmusVersion();
  const start = (on: number): Promise<Console> =>
    startConsole({
      observer,
      port: on,
      auth,
      listen: options['listen'] as string | undefined,
      allowEdit: options['allowEdit'] === true,
      version,
      pages,
    });
  try {
    return await start(port ?? consolePort);
  } catch (error) {
    if (port !== undefined || !(error instanceof IsthmusError) || error.code !== 'console.port') throw error;
    return start(0);
  }
}

function wrong(option: string, value: unknown, wanted: string): IsthmusError {
  return new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: `${option} ${String(value)} is not ${wanted}`,
  });
}
