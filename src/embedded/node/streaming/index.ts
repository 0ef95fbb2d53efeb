/** Upgraded connections to the kubelet: exec, attach and port-forward, by websocket and by SPDY. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Container } from '../container.ts';
import { attachOnChannels } from './attach.ts';
import { type Channels, spdyChannels, webSocketChannels } from './channels.ts';
import { execRequest, runOnChannels, streamsOf } from './exec.ts';
import { type ForwardedPod, forwardPorts } from './port-forward.ts';

const portForward = 'portforward.k8s.io';
const channels = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const overWebSocket = {
  exec: channels,
  // kubectl carries SPDY in a websocket here.
  portForward: `SPDY/3.1+${portForward}`,
};
const overSpdy = {
  exec: channels,
  attach: channels,
  portForward: [portForward],
};

export interface UpgradeTarget {
  action: 'exec' | 'attach' | 'portForward';
  query: URLSearchParams;
  /** Of exec and attach; it runs. */
  container?: Container | undefined;
  pod: ForwardedPod;
}

export interface Upgrades {
  serve(target: UpgradeTarget, request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function upgrades(): Upgrades {
  const options = { noServer: true, perMessageDeflate: false };
  const execs = new WebSocketServer({
    ...options,
    handleProtocols: (offered) => overWebSocket.exec.find((one) => offered.has(one)) ?? false,
  });
  // The name of this protocol holds a slash, which the library refuses in one: it is agreed upon here.
  const forwards = new WebSocketServer(options);
  forwards.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${overWebSocket.portForward}`));
  return {
    serve(target, request, socket, head) {
      const { action } = target;
      if (request.headers.upgrade?.toLowerCase() !== 'websocket')
        return void serveBySpdy(target, request, socket, head);
      if (action !== 'portForward')
        return execs.handleUpgrade(request, socket, head, (webSocket) =>
          serveChannels(webSocketChannels(webSocket), target),
        );
      if (!request.headers['sec-websocket-protocol']?.split(/, */).includes(overWebSocket.portForward))
        return refuse(socket, 403, `no protocol in common: ${overWebSocket.portForward}`);
      delete request.headers['sec-websocket-protocol'];
      forwards.handleUpgrade(
        request,
        socket,
        head,
        (webSocket) => void quietly(forwardPorts(createWebSocketStream(webSocket), target.pod)),
      );
    },
  };
}

async function serveBySpdy(
  target: UpgradeTarget,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { action, query, pod } = target;
  const offered = String(request.headers['x-stream-protocol-version'] ?? '').split(/, */);
  const chosen = overSpdy[action].find((one) => offered.includes(one));
  if (request.headers.upgrade?.toLowerCase() !== 'spdy/3.1' || !chosen)
    return refuse(socket, 403, `no protocol in common: ${overSpdy[action].join(', ')} over SPDY/3.1 or a websocket`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  await quietly(
    action === 'portForward'
      ? forwardPorts(socket, pod)
      : spdyChannels(socket, streamsOf(execRequest(query))).then((opened) => serveChannels(opened, target)),
  );
}

function serveChannels(opened: Channels, { action, container, query }: UpgradeTarget): void {
  if (action === 'attach') attachOnChannels(opened, container!, execRequest(query));
  else runOnChannels(opened, container!.pid!, execRequest(query));
}

/** A client that leaves, or sends what is none of the protocol, has ended its own connection and no more. */
async function quietly(serving: Promise<void>): Promise<void> {
  await serving.catch(() => {});
}

export function refuse(socket: Duplex, code: number, message: string): void {
  socket.end(
    `HTTP/1.1 ${code} Refused\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}
