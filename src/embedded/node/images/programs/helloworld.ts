/** The server of the sample: GET /hello, /health, and /headers, which shows what of a request arrived. Nothing is imported but node. */
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const version = process.env['SERVICE_VERSION'] ?? 'v1';
const port = Number(process.env['PORT'] ?? 5000);

const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?')[0];
  if (path === '/hello') response.end(`Hello version: ${version}, instance: ${hostname()}\n`);
  else if (path === '/health') response.end('Helloworld is healthy');
  else if (path === '/headers')
    response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
  else response.writeHead(404).end('Not Found\n');
});
server.keepAliveTimeout = 75_000;
server.listen(port, '0.0.0.0', () => console.log(`helloworld ${version} listens on ${port}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 5_000).unref();
});
