/** The streams between a client and a command in a container, whichever protocol carries them. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type SpdyStream, serveSpdy } from './spdy.ts';

export interface TerminalSize {
  Width: number;
  Height: number;
}

export interface Channels {
  send(to: 'stdout' | 'stderr' | 'error', chunk: Buffer | string): void;
  /** Undefined is the end. */
  onInput(listener: (chunk: Buffer | undefined) => void): void;
  onResize(listener: (size: TerminalSize) => void): void;
  onLeave(listener: () => void): void;
  close(): void;
}

const numbers = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };

/** v4 and v5 of channel.k8s.io: the first byte of a message is its channel. */
export function webSocketChannels(socket: WebSocket): Channels {
  const inputs = new Set<(chunk: Buffer | undefined) => void>();
  const sizes = new Set<(size: TerminalSize) => void>();
  socket.on('message', (message: Buffer) => {
    const [channel] = message;
    const body = message.subarray(1);
    if (channel === numbers.stdin) for (const tell of inputs) tell(body);
    else if (channel === numbers.close && body[0] === numbers.stdin) for (const tell of inputs) tell(undefined);
    else if (channel === numbers.resize) tellSize(body, sizes);
  });
  return {
    send: (to, chunk) => {
      if (socket.readyState === socket.OPEN)
        socket.send(Buffer.concat([Buffer.from([numbers[to]]), Buffer.from(chunk)]));
    },
    onInput: (listener) => void inputs.add(listener),
    onResize: (listener) => void sizes.add(listener),
    onLeave: (listener) => void socket.on('close', listener).on('error', listener),
    close: () => socket.close(1000),
  };
}

/**
 * Each channel is a stream that the client opens and names in its `streamtype`.
 * @param wanted those that are waited for before the command starts
 */
export function spdyChannels(transport: Duplex, wanted: string[]): Promise<Channels> {
  const streams = new Map<string, SpdyStream>();
  const all = Promise.withResolvers<Channels>();
  const leave = new Set<() => void>();
  const served = serveSpdy(transport, (stream) => {
    streams.set(stream.headers['streamtype'] ?? '', stream);
    if (wanted.every((one) => streams.has(one))) all.resolve(channels);
  });
  const channels: Channels = {
    send: (to, chunk) => void streams.get(to)?.write(chunk),
    onInput: (listener) =>
      void streams
        .get('stdin')
        ?.on('data', listener)
        .on('end', () => listener(undefined)),
    onResize: (listener) => void streams.get('resize')?.on('data', (chunk) => tellSize(chunk, new Set([listener]))),
    onLeave: (listener) => void leave.add(listener),
    close: () => {
      for (const stream of streams.values()) stream.end();
      // The client closes when it has read all; one that does not is left.
      setTimeout(() => transport.destroy(), 5_000).unref();
    },
  };
  const ended = (): void => {
    all.reject(new Error('the client left before it had opened its streams'));
    for (const tell of leave) tell();
  };
  served.then(ended, ended);
  return all.promise;
}

function tellSize(body: Buffer, listeners: Set<(size: TerminalSize) => void>): void {
  for (const line of body.toString().split('\n').filter(Boolean)) {
    try {
      for (const tell of listeners) tell(JSON.parse(line));
    } catch {} // half a message of a client that leaves
  }
}
