/** Listening sockets on the host's loopback, which are handed down into the world. */
import { createServer, type Server } from 'node:net';

export async function listenOnLoopback(preferred: number | undefined): Promise<Server> {
  const listen = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  if (preferred === undefined) return listen(0);
  return listen(preferred).catch(() => listen(0));
}

export const portOf = (server: Server): number => (server.address() as { port: number }).port;

export function fileDescriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}
