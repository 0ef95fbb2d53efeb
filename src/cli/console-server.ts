/** Options of `isthmus console` as the server takes them. */
import { readFile } from 'node:fs/promises';
import { type Console, type ConsoleOptions, consolePort, startConsole } from '../console/index.ts';
import { IsthmusError, messageOf } from '../errors/index.ts';
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
  if (auth !== 'anonymous' && auth !== 'token' && auth !== 'openid')
    throw wrong('--auth', auth, 'anonymous, token or openid');
  const openId = await openIdOf(auth, options);
  const version = await isthmusVersion();
  const start = (on: number): Promise<Console> =>
    startConsole({
      observer,
      port: on,
      auth,
      openId,
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

/** A secret is given by a file only: arguments of processes are for all to read. */
async function openIdOf(auth: string, options: Record<string, unknown>): Promise<ConsoleOptions['openId']> {
  const [issuer, clientId, secretFile, scopes] = [
    'oidcIssuer',
    'oidcClientId',
    'oidcClientSecretFile',
    'oidcScopes',
  ].map((name) => options[name] as string | undefined);
  const isAsked = auth === 'openid';
  if ([issuer, clientId].some((one) => Boolean(one) !== isAsked) || (!isAsked && (secretFile ?? scopes)))
    throw new IsthmusError({
      code: 'cli.arguments',
      fault: 'user',
      what: isAsked ? '--auth openid needs --oidc-issuer and --oidc-client-id' : '--oidc-... needs --auth openid',
    });
  if (!issuer || !clientId) return undefined;
  const clientSecret = secretFile ? await secretIn(secretFile) : undefined;
  return { issuer, clientId, clientSecret, scopes: scopes?.split(/[\s,]+/).filter(Boolean) };
}

async function secretIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw unreadable(file, messageOf(error));
  });
  const secret = text.trim();
  if (!secret) throw unreadable(file, 'it is empty');
  return secret;
}

const unreadable = (file: string, why: string): IsthmusError =>
  new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: '--oidc-client-secret-file gives no secret',
    where: file,
    why,
  });

function wrong(option: string, value: unknown, wanted: string): IsthmusError {
  return new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: `${option} ${String(value)} is not ${wanted}`,
  });
}
