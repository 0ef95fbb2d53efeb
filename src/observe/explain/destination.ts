/** Where a request goes, as a client writes it: `host[:port][/path]`, with or without a scheme. */
import { IsthmusError } from '../../errors/index.ts';
import type { ExplainedDestination } from './types.ts';

const ports = { http: 80, https: 443, tcp: 0 } as const;

/** @throws IsthmusError `explain.destination` saying how to write one. */
export function parseDestination(written: string, method = 'GET'): ExplainedDestination {
  const refuse = (why: string): never => {
    throw new IsthmusError({
      code: 'explain.destination',
      fault: 'user',
      what: `"${written}" is no destination`,
      why,
      fix: 'write it as the client does, for example helloworld.sample:5000/hello, https://example.com or tcp://db.sample:5432',
    });
  };
  const [, scheme = 'http', host = '', port, path = '/'] =
    /^(?:([a-z]+):\/\/)?([^/:?]+)(?::(\d+))?([/?].*)?$/i.exec(written.trim()) ?? refuse('it is not host[:port][/path]');
  const known = scheme.toLowerCase();
  if (known !== 'http' && known !== 'https' && known !== 'tcp')
    return refuse(`the scheme ${scheme} is not http, https or tcp`);
  const number = Number(port ?? ports[known]);
  if (number < 1 || number > 65_535) return refuse(port === undefined ? 'tcp needs a port' : `${port} is no port`);
  return {
    written,
    scheme: known,
    host: host.toLowerCase(),
    port: number,
    path: path.startsWith('?') ? `/${path}` : path,
    method: method.toUpperCase(),
  };
}
