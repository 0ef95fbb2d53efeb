/** The web application's files, with a policy under which nothing runs that is not one of them. */
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { faultOf } from './http.ts';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
};

export const securityHeaders: Record<string, string> = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Answers with a file of the folder, or with index.html: pages have addresses of their own that the application reads. */
export async function sendFile(
  folder: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = (await fileIn(folder, path)) ?? join(folder, 'index.html');
  const packed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    ? await readFile(`${file}.gz`).catch(() => undefined)
    : undefined;
  const content = packed ?? (await readFile(file));
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
  const headers = {
    etag,
    'cache-control': 'no-cache',
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    vary: 'accept-encoding',
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, 'content-length': content.length });
  response.end(request.method === 'HEAD' ? undefined : content);
}

/** Undefined for what is no file inside the folder, wherever `..` or a link would lead. */
async function fileIn(folder: string, path: string): Promise<string | undefined> {
  const file = join(folder, normalize(`/${path}`));
  try {
    const [real, root] = await Promise.all([realpath(file), realpath(folder)]);
    return real.startsWith(root + sep) && extname(real) !== '' ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Until the application is bundled, which is done once; then why it could not be, if so. Needs no script: the browser asks again. */
export function sendPreparing(response: ServerResponse, fault: string | undefined): void {
  const text = fault
    ? `The pages could not be prepared: ${escapeHtml(fault)}`
    : 'The pages are being prepared. This happens once and takes some seconds.';
  response.writeHead(fault ? 500 : 503, {
    'content-type': types['.html']!,
    'cache-control': 'no-store',
    ...(fault ? {} : { refresh: '1', 'retry-after': '1' }),
  });
  response.end(plainPage(`<p>${text}</p><p>The <a href="/api">API</a> answers already.</p>`));
}

/** A fault that the browser meets on its way to the pages. */
export function sendFaultPage(response: ServerResponse, error: unknown): void {
  const { status, body } = faultOf(error);
  const lines = [body.error, body.where, body.why, body.fix].filter((one) => one !== undefined);
  response.writeHead(status, { 'content-type': types['.html']!, 'cache-control': 'no-store' });
  response.end(
    plainPage(
      `${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}<p><a href="/">Back to the console</a></p>`,
    ),
  );
}

const plainPage = (content: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Isthmus</title></head><body><main><h1>Isthmus</h1>${content}</main></body></html>`;

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
