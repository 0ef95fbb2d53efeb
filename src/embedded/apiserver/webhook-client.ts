/** One call of a webhook: JSON there and back over TLS, within its time. */
import { Agent, request as httpsRequest } from 'node:https';
import type { ServerContext } from './context.ts';

/** Sends a review to a webhook: to its URL, or to its Service by the Service's address, which this process can route to. */
export function callEndpoint(
  context: ServerContext,
  clientConfig: any,
  timeoutSeconds = 10,
  review: unknown = {},
): Promise<any> {
  let url: URL;
  let serverName: string | undefined;
  if (clientConfig.url) url = new URL(clientConfig.url);
  else {
    const { name, namespace, port = 443, path = '/' } = clientConfig.service;
    const service = context.storage.get('/services', namespace, name)?.object;
    if (!service) throw new Error(`service "${name}" not found`);
    const address = service['spec'].clusterIP;
    if (!address || address === 'None')
      throw new Error(
        `service "${name}" has no cluster IP: an ExternalName or headless service cannot be called by the API server`,
      );
    url = new URL(`https://${address}:${port}${path.startsWith('/') ? path : `/${path}`}`);
    serverName = `${name}.${namespace}.svc`;
  }
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString('utf8') : undefined;
  url.searchParams.set('timeout', `${timeoutSeconds}s`);
  const body = JSON.stringify(review);
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, {
      method: 'POST',
      agent: new Agent({ keepAlive: false }),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json',
      },
      timeout: timeoutSeconds * 1000,
      ...(ca ? { ca } : {}),
      ...(serverName ? { servername: serverName } : {}),
    });
    const timer = setTimeout(
      () => call.destroy(new Error(`Post "${url.href}": context deadline exceeded`)),
      timeoutSeconds * 1000,
    );
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        clearTimeout(timer);
        const text = Buffer.concat(chunks).toString('utf8');
        if (answer.statusCode !== 200)
          return reject(new Error(`the server answered ${answer.statusCode}: ${text.slice(0, 200)}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(error.message.startsWith('Post ') ? error.message : `Post "${url.href}": ${error.message}`));
    });
    call.end(body);
  });
}
