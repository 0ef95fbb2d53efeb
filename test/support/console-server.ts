/**
 * A server that gives the console's web application planted answers, under the same content security policy as the real one: for states
 * that are hard to bring about, and for graphs that are bigger than a test's mesh.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { buildWeb } from '../../src/console/bundle.ts';

/** By path below /api/; a function is given the query and the body. What is not planted is answered with 404. */
export type PlantedAnswers = Record<string, unknown | ((query: URLSearchParams, body: string) => unknown)>;

export interface PlantedConsole {
  url: string;
  answers: PlantedAnswers;
  /** Sends a message to all streams. */
  send(message: unknown): void;
  close(): Promise<void>;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; worker-src 'self'; " +
  "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

export async function startPlantedConsole(answers: PlantedAnswers): Promise<PlantedConsole> {
  const { folder } = await buildWeb();
  const streams = new Set<ServerResponse>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://console');
    if (url.pathname === '/api/events/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"ping"}\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    if (url.pathname.startsWith('/api/')) {
      let body = '';
      for await (const chunk of request) body += chunk;
      const path = decodeURIComponent(url.pathname.slice('/api/'.length));
      const planted = answers[path];
      const answer = typeof planted === 'function' ? planted(url.searchParams, body) : planted;
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: `Nothing is planted for ${path}`, code: 'planted.missing' }));
      return;
    }
    const file = extname(url.pathname) ? normalize(url.pathname) : '/index.html';
    try {
      const content = await readFile(join(folder, file));
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': policy,
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    send: (message) => {
      for (const stream of streams) stream.write(`data: ${JSON.stringify(message)}\n\n`);
    },
    close: async () => {
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
